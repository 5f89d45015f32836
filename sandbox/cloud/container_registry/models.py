"""Registries in ARM: checks, defaults, the administrator's passwords."""

import re
import secrets
from typing import Any

from sandbox.arm import ArmError, UnsupportedError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

REGISTRIES = "Microsoft.ContainerRegistry/registries"
SUFFIX = ".azurecr.io"
NAME = re.compile(r"^[a-zA-Z0-9]{5,50}$")
SKUS = ("Basic", "Standard", "Premium")
PASSWORDS = ("password", "password2")


def check(change: Change) -> None:
    if not NAME.match(change.id.name):
        raise ArmError(400, "RegistryNameInvalid", invalid_name(change.id.name))
    other = find(change.store, change.id.name)
    if other is not None and other.id != change.id:
        raise ArmError(409, "AlreadyInUse", taken_name(change.id.name))
    if (change.body.get("sku") or {}).get("name") not in SKUS:
        raise ArmError(400, "InvalidSku", f"The sku of a registry is one of {', '.join(SKUS)}.")
    if (change.body.get("identity") or {"type": "None"}).get("type") != "None":
        raise UnsupportedError("A registry with an identity of its own is not simulated.")


def fill(change: Change) -> None:
    properties, before = change.properties, change.before
    change.body["sku"]["tier"] = change.body["sku"]["name"]
    if before is None:
        change.secrets["passwords"] = {name: secrets.token_urlsafe(32) for name in PASSWORDS}
    created = before.properties["creationDate"] if before else change.store.timestamp()
    defaults: dict[str, Any] = {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "dataEndpointEnabled": False,
        "dataEndpointHostNames": [],
        "encryption": {"status": "disabled"},
        "networkRuleBypassOptions": "AzureServices",
        "policies": {},
        "privateEndpointConnections": [],
        "publicNetworkAccess": "Enabled",
        "zoneRedundancy": "Disabled",
    }
    for key, value in defaults.items():
        if properties.get(key) is None:
            properties[key] = value
    properties["networkRuleSet"] = network_rules(change)
    properties["creationDate"] = created
    properties["loginServer"] = login_server(change.id.name)


def network_rules(change: Change) -> dict[str, Any] | None:
    """Each Premium registry has a firewall, open at first; Azure writes one address without /32."""
    if change.body["sku"]["name"] != "Premium":
        return None
    wanted = change.properties.get("networkRuleSet") or {}
    if not wanted.get("defaultAction"):
        kept = change.before.properties.get("networkRuleSet") if change.before else None
        return kept or {"defaultAction": "Allow", "ipRules": []}
    rules = [
        {"action": "Allow", "value": str(rule["value"]).removesuffix("/32")}
        for rule in wanted.get("ipRules") or []
    ]
    return {"defaultAction": wanted["defaultAction"], "ipRules": rules}


def invalid_name(name: str) -> str:
    return f"The registry name '{name}' is invalid: use 5 to 50 letters and numbers."


def taken_name(name: str) -> str:
    return f"The registry DNS name {login_server(name)} is already in use."


def availability(store: Store, name: str) -> dict[str, Any]:
    """May a new registry have this name."""
    if not NAME.match(name):
        return {"nameAvailable": False, "reason": "Invalid", "message": invalid_name(name)}
    if find(store, name):
        return {"nameAvailable": False, "reason": "AlreadyExists", "message": taken_name(name)}
    return {"nameAvailable": True}


def login_server(name: str) -> str:
    return f"{name.lower()}{SUFFIX}"


def find(store: Store, name: str) -> Resource | None:
    """Registry names are unique in all of Azure; here, in the sandbox."""
    same = (one for one in store.all(REGISTRIES) if one.name.lower() == name.lower())
    return next(same, None)


def credentials(registry: Resource) -> dict[str, Any]:
    if not registry.properties["adminUserEnabled"]:
        raise ArmError(
            400,
            "UnAuthorizedForCredentialOperations",
            f"Cannot perform credential operations for {registry.id} as admin user is disabled. "
            "Kindly enable admin user as per docs: "
            "https://docs.microsoft.com/en-us/azure/container-registry/"
            "container-registry-authentication#admin-account",
        )
    held = registry.secrets["passwords"]
    return {
        "username": registry.name,
        "passwords": [{"name": name, "value": held[name]} for name in PASSWORDS],
    }
