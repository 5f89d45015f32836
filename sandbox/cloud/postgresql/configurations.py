"""Server parameters: which exist, what they may be, and which change needs a restart."""

import functools
from pathlib import Path
from typing import Any

import yaml

from sandbox.arm import ArmError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

SETTINGS = Path(__file__).with_name("settings.yaml")
KIND = "Microsoft.DBforPostgreSQL/flexibleServers/configurations"
EXTENSIONS = "azure.extensions"
NUMBERS = {"Integer": int, "Numeric": float}
IN_FORCE = "value in force"


@functools.cache
def known() -> dict[str, dict[str, Any]]:
    """The simulated parameters by name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(SETTINGS.read_text(encoding="utf-8"))
    return found


def create(server: Resource, store: Store) -> None:
    """A server has every parameter from its first moment, at its default."""
    for name, setting in known().items():
        resource = server.id.child("configurations", name)
        if store.find(resource) is None:
            properties = described(setting) | {
                "value": setting["default"],
                "source": "system-default",
                "isConfigPendingRestart": False,
            }
            store.put(resource, {"properties": properties}, secrets={IN_FORCE: setting["default"]})


def described(setting: dict[str, Any]) -> dict[str, Any]:
    allowed = setting.get("allowed") or []
    if "range" in setting:
        low, high = setting["range"]
        allowed = [f"{low}-{high}"]
    return {
        "defaultValue": setting["default"],
        "dataType": setting["type"],
        "allowedValues": ",".join(allowed),
        "isDynamicConfig": not setting.get("restart", False),
        "isReadOnly": setting.get("fixed", False),
    }


def check(change: Change) -> None:
    """Refuse a value that the parameter cannot take; `azure.extensions` is the famous one."""
    if change.id.name.lower() not in known():
        raise ArmError(
            404,
            "ResourceNotFound",
            f"The server parameter '{change.id.name}' is unknown to the sandbox. "
            "Add it to settings.yaml if Azure has it.",
        )
    setting, value = known()[change.id.name.lower()], change.properties.get("value")
    if setting.get("fixed"):
        raise ArmError(
            400, "InvalidParameterValue", f"The parameter {change.id.name} is read-only."
        )
    wrong = not isinstance(value, str) or not fits(setting, value)
    if wrong:
        raise ArmError(
            400,
            "InvalidParameterValue",
            f"Invalid value given for parameter {change.id.name}. Specify a valid parameter value.",
        )


def fits(setting: dict[str, Any], value: str) -> bool:
    allowed = {str(one).lower() for one in setting.get("allowed") or []}
    if setting["type"] == "Set":
        return {one.strip().lower() for one in value.split(",") if one.strip()} <= allowed
    if setting["type"] in NUMBERS:
        low, high = setting["range"]
        try:
            return bool(low <= NUMBERS[setting["type"]](value) <= high)
        except ValueError:
            return False
    return not allowed or value.lower() in allowed


def fill(change: Change) -> None:
    """A static parameter is in force from the next restart on."""
    setting, value = known()[change.id.name.lower()], str(change.properties["value"])
    default = value == setting["default"]
    if setting.get("restart"):
        before = change.before.secrets if change.before else {}
        change.secrets[IN_FORCE] = before.get(IN_FORCE, setting["default"])
    else:
        change.secrets[IN_FORCE] = value
    change.properties.update(
        described(setting),
        source="system-default" if default else "user-override",
        isConfigPendingRestart=value != change.secrets[IN_FORCE],
    )


def restarted(server: Resource, store: Store) -> None:
    """After a restart every parameter is in force."""
    for setting in store.below(server.id, KIND):
        setting.secrets[IN_FORCE] = setting.properties["value"]
        setting.properties["isConfigPendingRestart"] = False
    store.touch()


def values(server: Resource, store: Store) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters of a server as they are set, and as they are in force."""
    found = [
        (one.name.lower(), one)
        for one in store.below(server.id, KIND)
        if not known()[one.name.lower()].get("fixed")
    ]
    wanted = {name: str(one.properties["value"]) for name, one in found}
    return wanted, {name: str(one.secrets.get(IN_FORCE, wanted[name])) for name, one in found}


def catalogue() -> list[str]:
    """The extensions that Azure has, as PostgreSQL calls them."""
    return [str(name).lower() for name in known()[EXTENSIONS]["allowed"]]
