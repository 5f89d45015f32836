"""The environment that points tools to the sandbox."""

import sys
from typing import Annotated
from urllib.parse import quote

from cyclopts import Parameter

from sandbox.commands.control import found, told, way_into
from sandbox.commands.terminal import StateDirectory
from sandbox.state import DEFAULT, State, exports, way

SECRETS = {"ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"}
NOWHERE = "http://127.0.0.1:9"
CLOSED = exports(way(NOWHERE)).replace("\n", "; ") + "false\n"
"""What a shell evaluates where there is no sandbox: a dead end, and a failure."""
DEPLOYER = ("TENANT_ID", "SUBSCRIPTION_ID", "CLIENT_ID", "CLIENT_SECRET")
NAMES = (
    *way(NOWHERE),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    *(f"{family}_{name}" for family in ("ARM", "AZURE") for name in DEPLOYER),
    *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"),
    *("ARM_MSI_ENDPOINT", "ARM_USE_MSI"),
    *("TF_CLI_CONFIG_FILE", "AZURE_CORE_COLLECT_TELEMETRY", "CHECKPOINT_DISABLE"),
)
"""All that `env` ever sets, with and without an identity."""


def env(
    *,
    inside: Annotated[
        str, Parameter(help="Name of a cluster: stand inside its network, not on the internet.")
    ] = "",
    identity: Annotated[
        str, Parameter(help="Name of a user-assigned identity: be it, instead of the deployer.")
    ] = "",
    unset: Annotated[
        bool, Parameter(negative="", help="Print what takes a shell back out of the sandbox.")
    ] = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Print the environment that points tools to the running sandbox.

    Where it fails, it prints what makes `eval` fail and leads every tool nowhere.

    For example:

        eval "$(python -m sandbox env)"
        eval "$(python -m sandbox env --inside supabase-sandbox-aks)"
        eval "$(python -m sandbox env --unset)"
    """
    if unset:
        sys.stdout.write(f"unset {' '.join(NAMES)}\n")
        return
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
