"""Storage accounts and what belongs to them: checks, defaults, keys."""

import base64
import ipaddress
import re
import secrets
from typing import Any

from sandbox.arm import ArmError, ResourceId, UnsupportedError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

ACCOUNTS = "Microsoft.Storage/storageAccounts"
CONTAINERS = f"{ACCOUNTS}/blobServices/containers"
ACCOUNT_NAME = re.compile(r"^[a-z0-9]{3,24}$")
CONTAINER_NAME = re.compile(r"^(\$root|\$web|\$logs|(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9])$")
ENDPOINTS = ("blob", "dfs", "file", "queue", "table", "web")
KEYS = ("key1", "key2")


def taken(store: Store, name: str) -> Resource | None:
    """Account names are unique in all of Azure; here, in the sandbox."""
    same = (account for account in store.all(ACCOUNTS) if account.name.lower() == name.lower())
    return next(same, None)


def invalid_name(name: str) -> str:
    return (
        f"{name} is not a valid storage account name. Storage account name must be between 3 and "
        "24 characters in length and use numbers and lower-case letters only."
    )


def check(change: Change) -> None:
    if not ACCOUNT_NAME.match(change.id.name):
        raise ArmError(400, "AccountNameInvalid", invalid_name(change.id.name))
    other = taken(change.store, change.id.name)
    if other is not None and other.id != change.id:
        raise ArmError(
            409,
            "StorageAccountAlreadyTaken",
            f"The storage account named {change.id.name} is already taken.",
        )
    if not (change.body.get("sku") or {}).get("name"):
        raise ArmError(
            400, "InvalidRequestContent", "The sku.name of a storage account is required."
        )
    check_firewall(change.properties.get("networkAcls") or {})
    if (change.body.get("identity") or {"type": "None"}).get("type") != "None":
        raise UnsupportedError("A storage account with an identity of its own is not simulated.")


def check_firewall(rules: dict[str, Any]) -> None:
    """Addresses and subnets that can be compared with a caller's."""
    for rule in rules.get("ipRules") or []:
        try:
            ipaddress.ip_network(str(rule["value"]), strict=False)
        except ValueError as error:
            raise ArmError(
                400,
                "InvalidValuesForRequestParameters",
                "Values for request parameters are invalid: networkAcls.ipRule[*].value.",
            ) from error
    for rule in rules.get("virtualNetworkRules") or []:
        ResourceId.parse(str(rule["id"]))


def fill(change: Change) -> None:
    body, properties = change.body, change.properties
    body.setdefault("kind", "StorageV2")
    body["sku"]["tier"] = body["sku"]["name"].partition("_")[0]
    created = change.store.timestamp()
    if change.before is None:
        change.secrets["keys"] = {name: new_key() for name in KEYS}
        change.secrets["keyTimes"] = dict.fromkeys(KEYS, created)
    else:
        created = change.before.properties["creationTime"]
    enabled = {"enabled": True, "keyType": "Account", "lastEnabledTime": created}
    defaults: dict[str, Any] = {
        "accessTier": "Hot",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": True,
        "encryption": {
            "keySource": "Microsoft.Storage",
            "services": {"blob": enabled, "file": dict(enabled)},
        },
        "isHnsEnabled": False,
        "minimumTlsVersion": "TLS1_2",
        "networkAcls": {
            "bypass": "AzureServices",
            "defaultAction": "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        },
        "publicNetworkAccess": "Enabled",
        "supportsHttpsTrafficOnly": True,
        "privateEndpointConnections": [],
    }
    for key, value in defaults.items():
        properties.setdefault(key, value)
    properties["creationTime"] = created
    properties["primaryLocation"] = change.location
    properties["statusOfPrimary"] = "available"
    properties["primaryEndpoints"] = {
        part: f"https://{change.id.name}.{part}.core.windows.net/" for part in ENDPOINTS
    }


def create_services(account: Resource, store: Store) -> None:
    """An account has its blob and file services from its first moment."""
    cors: dict[str, Any] = {"cors": {"corsRules": []}}
    blob = cors | {"deleteRetentionPolicy": {"enabled": False, "allowPermanentDelete": False}}
    file = cors | {"shareDeleteRetentionPolicy": {"enabled": True, "days": 7}}
    file |= {"protocolSettings": {"smb": {}}}
    for word, properties in (("blobServices", blob), ("fileServices", file)):
        resource = account.id.child(word, "default")
        if store.find(resource) is None:
            store.put(resource, {"sku": account.body["sku"], "properties": properties})


def check_provisioned(store: Store, resource: ResourceId) -> Resource:
    """Nothing inside an account answers before the account is there."""
    path = "/".join(resource.segments[:8])
    account = store.get(f"/{path}")
    if account.busy:
        raise ArmError(
            409,
            "StorageAccountIsNotProvisioned",
            "The storage account provisioning state must be 'Succeeded' before executing the "
            "operation.",
        )
    return account


def check_inside(change: Change) -> None:
    check_provisioned(change.store, change.id)


def check_container(change: Change) -> None:
    check_inside(change)
    if not CONTAINER_NAME.match(change.id.name):
        raise ArmError(
            400,
            "ContainerOperationFailure",
            f"The specified resource name contains invalid characters: {change.id.name}. Use 3 to "
            "63 lower-case letters, numbers and single dashes.",
        )


def fill_container(change: Change) -> None:
    stamp_container(change.properties, change.store)


def stamp_container(properties: dict[str, Any], store: Store) -> None:
    """What Azure adds to a container, whichever way it came."""
    properties.setdefault("publicAccess", "None")
    properties.setdefault("metadata", {})
    properties.update(
        leaseStatus="Unlocked",
        leaseState="Available",
        hasImmutabilityPolicy=False,
        hasLegalHold=False,
        deleted=False,
        lastModifiedTime=store.timestamp(),
    )


def fill_share(change: Change) -> None:
    standard = {"accessTier": "TransactionOptimized", "enabledProtocols": "SMB", "metadata": {}}
    for key, value in (standard | {"shareQuota": 5120}).items():
        change.properties.setdefault(key, value)
    change.properties["lastModifiedTime"] = change.store.timestamp()


def fill_policy(change: Change) -> None:
    change.properties["lastModifiedTime"] = change.store.timestamp()


# --- Keys ----------------------------------------------------------------------------------------


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


def keys(account: Resource) -> list[dict[str, str]]:
    return [
        {
            "creationTime": account.secrets["keyTimes"][name],
            "keyName": name,
            "value": account.secrets["keys"][name],
            "permissions": "FULL",
        }
        for name in KEYS
    ]


def regenerate(account: Resource, name: str, now: str) -> None:
    """The old key stops working at once; the other one stays, so that consumers can move over."""
    if name not in KEYS:
        raise ArmError(
            400,
            "InvalidValuesForRequestParameters",
            f"Values for request parameters are invalid: keyName '{name}' is none of "
            f"{', '.join(KEYS)}.",
        )
    account.secrets["keys"][name] = new_key()
    account.secrets["keyTimes"][name] = now
