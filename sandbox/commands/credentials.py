"""Credentials in the caller's environment: a sandbox does not start beside real ones."""

import os
from collections.abc import Iterator, Mapping

from sandbox.arm import SUBSCRIPTION, TENANT
from sandbox.state import SandboxError, State

FAMILIES = ("ARM_", "AZURE_")
FOR_PROGRAMS = (*FAMILIES, "ACTIONS_ID_TOKEN_", "IDENTITY_", "MSI_")
"""What the sandbox and the programs that it starts never see."""
PLACE = {"TENANT_ID": TENANT, "SUBSCRIPTION_ID": SUBSCRIPTION}
SIGN_IN = ("CLIENT_ID", "CLIENT_SECRET")
"""What `env` sets together with the place; in another tenant it is somebody's account."""
NEVER_OURS = (
    *("ACCESS_KEY", "SAS_TOKEN", "STORAGE_KEY", "STORAGE_ACCESS_KEY", "STORAGE_SAS_TOKEN"),
    *("STORAGE_CONNECTION_STRING", "CLIENT_CERTIFICATE", "CLIENT_CERTIFICATE_PATH"),
    *("CLIENT_CERTIFICATE_PASSWORD", "CLIENT_ID_FILE_PATH", "CLIENT_SECRET_FILE_PATH"),
    *("FEDERATED_TOKEN", "FEDERATED_TOKEN_FILE", "OIDC_TOKEN", "OIDC_TOKEN_FILE_PATH"),
    *("OIDC_REQUEST_TOKEN", "USERNAME", "PASSWORD"),
)
"""Credentials that no sandbox puts into an environment."""


def foreign(environment: Mapping[str, str], state: State) -> list[str]:
    """Names of the variables that lead into an Azure which is no sandbox."""
    return sorted(name for family in FAMILIES for name in _foreign(family, environment, state))


def _foreign(family: str, environment: Mapping[str, str], state: State) -> Iterator[str]:
    told = {
        name.removeprefix(family): value
        for name, value in environment.items()
        if name.startswith(family) and value
    }
    yield from (family + name for name in NEVER_OURS if name in told)
    elsewhere = [name for name, ours in PLACE.items() if told.get(name, ours).lower() != ours]
    yield from (family + name for name in elsewhere)
    if elsewhere or "TENANT_ID" not in told:  # Of no sandbox's tenant, but perhaps our own.
        known = state.credentials()
        yield from (family + one for one in SIGN_IN if one in told and told[one] not in known)


def demand_none(environment: Mapping[str, str], state: State) -> None:
    """Refuse to start beside credentials of a real Azure; names are told, values never."""
    found = foreign(environment, state)
    if found:
        raise SandboxError(
            "This shell holds credentials that no sandbox has issued: " + ", ".join(found) + ".",
            "What you run here later could reach the real Azure with them. Start in another shell, "
            f"or: unset {' '.join(found)}. --ignore-credentials starts in spite of them; the "
            "sandbox and its programs do not see them.",
        )


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a sandbox runs: its own variables go, too."""
    return {name: environment[name] for name in environment if not name.startswith(FOR_PROGRAMS)}


def forget() -> None:
    """Take all credentials out of this process, before it starts anything."""
    for name in set(os.environ) - set(without(os.environ)):
        del os.environ[name]
