"""From a checked environment file to an answering platform."""

from flows.bootstrap import bootstrap
from flows.configure import configure
from flows.plan import plan as foretell
from flows.preflight import preflight
from flows.provision import provision
from flows.release import release
from flows.verify import verify
from tasks import environment as environments
from tasks import report, turn
from tasks.announce import outcome
from tasks.outlook import Outlook
from tasks.stage import nested, stage


@stage
def deploy(environment: str, plan: bool = False, secrets_file: str = "") -> str | Outlook:
    """
    Deploy Supabase into one environment; safe to run again at any time.

    Args:
        environment: Name of a file in deployments/.
        plan: Only show what would happen, in all stages; change nothing.
        secrets_file: Path of values that you bring, on the machine that runs this flow.
    """
    if plan:
        with nested():
            return foretell(environment)
    wanted = environments.load(environment)
    address = f"https://{wanted.hostname}"
    announced = outcome("supabase.deploy", wanted.name, {"address": address})
    with announced, turn.hold(wanted), report.told(wanted), nested():
        preflight(environment, secrets_file)
        if wanted.state.kind == "azurerm":
            bootstrap(environment)
        provision(environment, secrets_file)
        synced = configure(environment)
        release(environment, dict(synced.revisions))
        verify(environment)
    return address
