"""Choose the way into the cluster that the environment asks for."""

from tasks.cluster import Cluster
from tasks.direct import Direct
from tasks.environment import Environment
from tasks.run_command import RunCommand


def reach(environment: Environment, resource_group: str, cluster: str) -> Cluster:
    subscription = str(environment.subscription)
    if environment.access == "direct":
        return Direct(subscription, resource_group, cluster)
    return RunCommand(subscription, resource_group, cluster, environment.polling.run_command)
