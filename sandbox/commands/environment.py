"""The environment that points tools to the sandbox."""

import sys
from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from sandbox.commands.control import found, told, way_into
from sandbox.commands.terminal import StateDirectory
from sandbox.state import DEFAULT, State, exports

SECRETS = {"ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"}


def env(
    *,
    inside: Annotated[
        str, Parameter(help="Name of a cluster: stand inside its network, not on the internet.")
    ] = "",
    identity: Annotated[
        str, Parameter(help="Name of a user-assigned identity: be it, instead of the deployer.")
    ] = "",
    state: StateDirectory = DEFAULT,
) -> None:
    """Print the environment that points tools to the running sandbox.

    For example:

        eval "$(python -m sandbox env)"
        eval "$(python -m sandbox env --inside supabase-aks)"
    """
    kept = State(state)
    running = found(kept)
    proxy = way_into(running, inside) if inside else ""
    environment = kept.environment(running, proxy)
    if identity:
        sys.stdout.write(f"unset {' '.join(sorted(SECRETS))}\n")
        environment = {name: environment[name] for name in environment if name not in SECRETS}
        environment |= as_identity(told(running, f"/identities/{quote(identity, safe='')}"))
    sys.stdout.write(exports(environment))


def as_identity(told: dict[str, str]) -> dict[str, str]:
    """What App Service sets for its programs, what older clients read, and Terraform's names."""
    return {
        "IDENTITY_ENDPOINT": told["endpoint"],
        "IDENTITY_HEADER": told["proof"],
        "MSI_ENDPOINT": told["own_endpoint"],
        "MSI_SECRET": told["proof"],
        "AZURE_CLIENT_ID": told["client"],
        "ARM_CLIENT_ID": told["client"],
        "ARM_MSI_ENDPOINT": told["own_endpoint"],
        "ARM_USE_MSI": "true",
    }
