"""What the files say about Prefect itself: pools, deployments, channels and automations."""

from tasks import environment as environments
from tasks import register as registered
from tasks import wait
from tasks.register import Change
from tasks.stage import stage


@stage
def register(prune: bool = True) -> list[Change]:
    """
    Bring Prefect's server to what prefect.yaml and the environment files say.

    Args:
        prune: Remove what an earlier run has made and no file asks for any more.
    """
    wanted = [environments.load(name) for name in environments.known()]
    channels, changes = registered.bring_channels(wanted, prune=prune)
    entries = registered.deployments(environments.known())
    changes += registered.bring_pools(registered.places(wanted, entries), prune=prune)
    deployments, changed = registered.bring_deployments(entries, prune=prune)
    changes += changed
    changes += registered.bring_automations(wanted, deployments, channels, prune=prune)
    for change in changes:
        wait.logger().info("%s", change)
    return changes
