"""Vaults as ARM knows them: names, rules, defaults, and the life after deletion."""

import ipaddress
import re
import uuid
from typing import Any

from sandbox.arm import ArmError, ResourceId
from sandbox.cloud.key_vault.secrets import Safe
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

VAULTS = "Microsoft.KeyVault/vaults"
DELETED = "Microsoft.KeyVault/locations/deletedVaults"
DAY = 86400
RETENTION = range(7, 91)  # Days.
NAME = re.compile(r"^[a-zA-Z](?!.*--)[a-zA-Z0-9-]{1,22}[a-zA-Z0-9]$")
NAME_ERROR = (
    "VaultNameNotValid",
    (
        "The vault name '{name}' is invalid. A vault's name must be between 3-24 alphanumeric "
        "characters. The name must begin with a letter, end with a letter or digit, and not "
        "contain consecutive hyphens. "
        "Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742"
    ),
)
DEFAULTS: dict[str, Any] = {
    "enabledForDeployment": False,
    "enabledForDiskEncryption": False,
    "enabledForTemplateDeployment": False,
    "enableSoftDelete": True,
    "softDeleteRetentionInDays": 90,
    "enableRbacAuthorization": True,
    "accessPolicies": [],
    "publicNetworkAccess": "Enabled",
    # New vaults are closed since January 2025, unless the request says otherwise.
    "networkAcls": {
        "bypass": "AzureServices",
        "defaultAction": "Deny",
        "ipRules": [],
        "virtualNetworkRules": [],
    },
}


def check(change: Change) -> None:
    """Refuse what Azure refuses about a vault."""
    wanted = change.properties
    if not wanted.get("tenantId") or not wanted.get("sku"):
        missing = "tenantId" if not wanted.get("tenantId") else "sku"
        raise ArmError(
            400,
            "BadRequest",
            f"The parameter properties.{missing} of the vault '{change.id.name}' is required.",
        )
    if wanted["tenantId"].lower() != change.store.tenant:
        raise ArmError(
            400,
            "BadRequest",
            "The specified tenantId does not match the tenant of the subscription: "
            f"'{change.store.tenant}'.",
        )
    kept = change.before.properties if change.before else {}
    if kept.get("enablePurgeProtection") and wanted.get("enablePurgeProtection") is False:
        raise ArmError(
            400,
            "BadRequest",
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge '
            "protection for a vault is an irreversible action.",
        )
    check_rules(wanted)
    if change.before is None:
        check_name_is_free(change)


def check_rules(wanted: dict[str, Any]) -> None:
    """What each request for a secret reads: a rule that is not one ends in a refusal here."""
    days = wanted.get("softDeleteRetentionInDays")
    if days is not None and (type(days) is not int or days not in RETENTION):
        raise ArmError(
            400,
            "BadRequest",
            'The property "softDeleteRetentionInDays" is a number of days between '
            f"{RETENTION[0]} and {RETENTION[-1]}, not {days!r}.",
        )
    rules = wanted.get("networkAcls") or {}
    for rule in rules.get("ipRules") or []:
        address = str(rule["value"])
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError as error:
            raise ArmError(
                400,
                "BadRequest",
                f"The value {address!r} of networkAcls.ipRules is neither an IP address nor a "
                "range of them.",
            ) from error
    for rule in rules.get("virtualNetworkRules") or []:
        ResourceId.parse(str(rule["id"]))
    for policy in wanted.get("accessPolicies") or []:
        for named in (policy["tenantId"], policy["objectId"]):
            uuid.UUID(named)
        for granted in policy["permissions"].values():
            set(granted or [])  # Names, so that they can be compared with one.


def check_name_is_free(change: Change) -> None:
    """Vault names are global, and a deleted vault keeps its name until it is purged."""
    name, wanted = change.id.name, change.properties
    if any(one.name.lower() == name.lower() for one in change.store.all(VAULTS)):
        raise ArmError(
            409,
            "VaultAlreadyExists",
            f"The vault name '{name}' is already in use. Vault names are globally unique so it is "
            "possible that the name is already taken. If you are sure that the vault name was not "
            "taken then it is possible that a vault with the same name was recently deleted but "
            "not purged after being placed in a recoverable state. "
            "Follow this link for more information "
            "https://go.microsoft.com/fwlink/?linkid=2147740",
        )
    deleted = find_deleted(change.store, name)
    recovers = wanted.get("createMode") == "recover"
    if deleted and not recovers:
        raise ArmError(
            409,
            "ConflictError",
            "A vault with the same name already exists in deleted state. You need to either "
            "recover or purge existing key vault. Follow this link "
            "https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.",
        )
    if recovers and not deleted:
        raise ArmError(
            404,
            "SoftDeletedVaultDoesNotExist",
            f"A soft deleted vault with the given name '{name}' does not exist. Ensure that the "
            "name for the vault that is being attempted to recover is in a recoverable state.",
        )


def fill(change: Change) -> None:
    """Complete a vault; a recovered one comes back with everything that was in it."""
    wanted = change.properties
    recovers = wanted.pop("createMode", "") == "recover"
    deleted = find_deleted(change.store, change.id.name) if recovers else None
    if change.before is None:
        change.secrets["safe"] = deleted.secrets["safe"] if deleted else Safe()
    if deleted:
        wanted |= deleted.secrets["properties"]
        change.store.delete(deleted.id)
    given = {key: value for key, value in wanted.items() if value is not None}
    change.body["properties"] = (
        DEFAULTS | given | {"vaultUri": f"https://{change.id.name.lower()}.vault.azure.net/"}
    )


def find_deleted(store: Store, name: str) -> Resource | None:
    """The soft-deleted vault of this name."""
    found = (one for one in store.all(DELETED) if one.name.lower() == name.lower())
    return next(found, None)


def keep_deleted(store: Store, vault: Resource) -> None:
    """A deleted vault lies in the subscription until it is purged or its time is over."""
    properties = vault.properties
    now = store.now()
    purge = now + DAY * int(properties["softDeleteRetentionInDays"])
    place = ResourceId(
        f"/subscriptions/{vault.id.subscription}/providers/Microsoft.KeyVault"
        f"/locations/{vault.location}/deletedVaults/{vault.name}"
    )
    body = {
        "properties": {
            "vaultId": str(vault.id),
            "location": vault.location,
            "tags": vault.body.get("tags") or {},
            "deletionDate": store.timestamp(now),
            "scheduledPurgeDate": store.timestamp(purge),
            "purgeProtectionEnabled": properties.get("enablePurgeProtection"),
        }
    }
    secrets = {"safe": vault.secrets["safe"], "properties": dict(properties)}
    store.put(place, body, secrets=secrets)
