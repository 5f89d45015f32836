"""User-assigned identities: a principal that holds roles, and a client id to sign in with."""

import re

from sandbox.arm import ArmError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"
NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}$")
CREDENTIAL_LIMIT = 20


def fill_identity(change: Change) -> None:
    """A new identity gets its ids from the directory; a known one keeps them."""
    if change.before:
        change.body["properties"] = dict(change.before.properties)
        return
    principal = change.store.introduce(change.id.name)
    change.body["properties"] = {
        "tenantId": change.store.tenant,
        "principalId": principal.object_id,
        "clientId": principal.application_id,
    }


def forget_principal(store: Store, identity: Resource) -> None:
    """A deleted identity leaves the directory; its role assignments stay behind."""
    store.principals.pop(identity.properties["principalId"], None)


def check_credential(change: Change) -> None:
    """Check a federated credential the way Azure does."""
    wanted = change.properties
    for name in ("issuer", "subject", "audiences"):
        if not wanted.get(name):
            raise ArmError(
                400,
                "InvalidFederatedIdentityCredential",
                f"The request body has no '{name}': it is required.",
            )
    if not str(wanted["issuer"]).startswith("https://"):
        raise ArmError(
            400,
            "InvalidFederatedIdentityCredential",
            f"The issuer '{wanted['issuer']}' is not valid: it must be an HTTPS address.",
        )
    others = [
        one for one in change.store.below(change.id.parent, CREDENTIALS) if one.id != change.id
    ]
    same = [
        one
        for one in others
        if (one.properties["issuer"], one.properties["subject"])
        == (wanted["issuer"], wanted["subject"])
    ]
    if same:
        raise ArmError(
            409,
            "Conflict",
            "Issuer and subject combination already exists for this Managed Identity.",
        )
    if len(others) >= CREDENTIAL_LIMIT:
        raise ArmError(
            409,
            "Conflict",
            f"Too many Federated Identity Credentials: the limit is {CREDENTIAL_LIMIT}.",
        )
