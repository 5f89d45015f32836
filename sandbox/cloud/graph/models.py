"""Service principals and applications as Graph shows them, and the filters that find them."""

import re
import uuid
from collections.abc import Collection
from typing import Any

from sandbox.arm import ArmError, UnsupportedError
from sandbox.store import Principal, Store

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
Entry = dict[str, Any]
CLAUSES = (
    re.compile(r"^(?P<field>\w+) eq '(?P<value>(?:[^']|'')*)'$"),
    re.compile(r"^(?P<start>startswith)\((?P<field>\w+), ?'(?P<value>(?:[^']|'')*)'\)$"),
    re.compile(r"^(?P<field>\w+)/any\((\w+): ?\2 eq '(?P<value>(?:[^']|'')*)'\)$"),
)


class Registry:
    """Everybody in the directory; applications are those that somebody registered."""

    def __init__(self, store: Store, applications: Collection[str]) -> None:
        """`applications` holds application ids; every other principal is a managed identity."""
        self.store = store
        self.applications = applications

    def service_principals(self) -> list[Entry]:
        """Those that the directory has heard of: a new one is missing for a while."""
        now = self.store.now()
        everybody = self.store.principals.values()
        return [self.show(one) for one in everybody if one.replicated <= now]

    def registered(self) -> list[Entry]:
        everybody = self.store.principals.values()
        return [application(one) for one in everybody if one.application_id in self.applications]

    def show(self, principal: Principal) -> Entry:
        registered = principal.application_id in self.applications
        resource = "" if registered else self.resource_of(principal)
        return {
            "id": principal.object_id,
            "accountEnabled": True,
            "alternativeNames": [] if registered else ["isExplicit=True", resource],
            "appDisplayName": principal.name if registered else None,
            "appId": principal.application_id,
            "appOwnerOrganizationId": self.store.tenant if registered else None,
            "displayName": principal.name,
            "servicePrincipalNames": [principal.application_id],
            "servicePrincipalType": "Application" if registered else "ManagedIdentity",
            "tags": [],
        }

    def resource_of(self, principal: Principal) -> str:
        """The id of the managed identity behind a principal."""
        for identity in self.store.all(IDENTITIES):
            if identity.properties.get("principalId") == principal.object_id:
                return str(identity.id)
        return ""


def application(principal: Principal) -> Entry:
    """The registration; its object id is another than that of its service principal."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_OID, principal.application_id)),
        "appId": principal.application_id,
        "displayName": principal.name,
        "identifierUris": [],
        "signInAudience": "AzureADMyOrg",
        "tags": [],
    }


def select(entries: list[Entry], condition: str) -> list[Entry]:
    """Those for which `$filter` holds: comparisons joined by `and`."""
    for clause in condition.split(" and ") if condition else []:
        match = next((found for one in CLAUSES if (found := one.match(clause.strip()))), None)
        if match is None:
            raise UnsupportedError(f'The sandbox\'s Graph cannot filter by "{clause}".')
        named, value = match.groupdict(), match["value"].replace("''", "'").lower()
        entries = [
            entry
            for entry in entries
            if holds(entry.get(named["field"]), value, start="start" in named)
        ]
    return entries


def holds(actual: Any, wanted: str, *, start: bool) -> bool:
    """Texts are compared in any letter case, and a list by any of its texts."""
    texts = [str(one).lower() for one in (actual if isinstance(actual, list) else [actual])]
    return any(one.startswith(wanted) if start else one == wanted for one in texts)


def missing(identifier: str) -> ArmError:
    return ArmError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{identifier}' does not exist or one of its queried reference-property "
        "objects are not present.",
    )
