"""Does the platform answer? Asked from inside the cluster, as a client would."""

from tasks import access, smoke, terraform
from tasks import environment as environments
from tasks.smoke import Check
from tasks.stage import stage
from tasks.terraform import Foundation, Platform
from tasks.wait import patient


@stage
def verify(environment: str) -> tuple[Check, ...]:
    """
    Run the smoke test of the release; change nothing.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    built = terraform.outputs(terraform.foundation(wanted), Foundation)
    grown = terraform.outputs(terraform.platform(wanted, built), Platform)
    cluster = access.reach(wanted, built.resource_group_name, grown.cluster_name)
    test = patient(smoke.verify, wanted.waits.health)
    return test(cluster, "supabase", wanted.namespace, wanted.name)
