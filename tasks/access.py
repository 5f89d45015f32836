"""An environment that is built: what Terraform made, and the way into its cluster."""

from dataclasses import dataclass

from tasks import terraform
from tasks.cluster import Cluster
from tasks.direct import Direct
from tasks.environment import Environment
from tasks.run_command import RunCommand
from tasks.terraform import Foundation, Platform


@dataclass(frozen=True)
class Site:
    """Where stages after `provision` do their work."""

    foundation: Foundation
    platform: Platform
    cluster: Cluster


def enter(environment: Environment) -> Site:
    """Read what was built and choose the way in; an error when it is not built yet."""
    foundation = terraform.outputs(terraform.foundation(environment), Foundation)
    platform = terraform.outputs(terraform.platform(environment, foundation), Platform)
    way_in = way(environment, foundation.resource_group_name, platform.cluster_name)
    return Site(foundation, platform, way_in)


def way(environment: Environment, resource_group: str, cluster: str) -> Cluster:
    """Through Azure, or straight ahead from inside the network, as the environment says."""
    subscription = str(environment.subscription)
    if environment.access == "direct":
        return Direct(subscription, resource_group, cluster)
    return RunCommand(subscription, resource_group, cluster, environment.polling.run_command)
