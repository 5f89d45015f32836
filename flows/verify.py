"""Does the platform answer? Asked from inside the cluster, as a client would."""

from tasks import access, smoke
from tasks import environment as environments
from tasks.smoke import Check
from tasks.stage import stage
from tasks.wait import patient


@stage
def verify(environment: str) -> tuple[Check, ...]:
    """
    Run the smoke test of the release; change nothing.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    site = access.enter(wanted)
    test = patient(smoke.verify, wanted.waits.health)
    return test(site.cluster, "supabase", wanted.namespace, wanted.name)
