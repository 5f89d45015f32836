"""Questions that take seconds, before anything that takes minutes."""

import os

from tasks import charts, key_vault, role_assignments, run_command, terraform, wait
from tasks import environment as environments
from tasks import preflight as questions
from tasks.environment import Environment
from tasks.errors import PreflightError
from tasks.stage import stage
from tasks.terraform import Foundation
from tasks.wait import patient


@stage
def preflight(environment: str) -> None:
    """
    Check files, tools, credentials, permissions and required secrets; change nothing.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    questions.files(wanted)
    run_command.pack({p.file: p.content for p in charts.package(*questions.CHARTS).values()})
    questions.tools(wanted)
    questions.sign_in(wanted)
    patient(role_assignments.check, wanted.waits.azure)(str(wanted.subscription))
    provided(wanted)
    wait.logger().info("Ready: nothing speaks against deploying %s.", wanted.name)


def provided(wanted: Environment) -> None:
    """Secrets that only a person knows must be at hand before the first resource is built."""
    names = tuple(
        name for name in wanted.provided_secrets if not os.environ.get(key_vault.variable(name))
    )
    if not names:
        return
    try:
        vault = terraform.outputs(terraform.foundation(wanted), Foundation).vault_uri
    except PreflightError as error:  # Not built yet, so the vault cannot hold them.
        raise PreflightError(*key_vault.lacking(list(names))) from error
    if missing := patient(key_vault.absent, wanted.waits.vault_access)(vault, names):
        raise PreflightError(*key_vault.lacking(list(missing)))
