"""Diagnostic settings: which logs and metrics of a resource go where."""

import functools
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import arm
from sandbox.arm import ArmError, ResourceId
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import defaults, refers, together
from sandbox.store import Resource, Store

SETTINGS = "Microsoft.Insights/diagnosticSettings"
CATEGORIES = "Microsoft.Insights/diagnosticSettingsCategories"
DATA = Path(__file__).with_name("categories.yaml")
TARGETS = (
    "workspaceId",
    "storageAccountId",
    "eventHubAuthorizationRuleId",
    "marketplacePartnerId",
)
GROUPS = ("allLogs", "audit")
LIMIT = 5  # Settings of one resource.


@functools.cache
def known() -> dict[str, dict[str, list[str]]]:
    """Categories by kind of resource, in lower case."""
    found = yaml.safe_load(DATA.read_text())
    return {kind.lower(): value for kind, value in found.items()}


def categories(kind: str) -> dict[str, list[str]]:
    return {"logs": [], "metrics": ["AllMetrics"]} | known().get(kind.lower(), {})


def check(change: Change) -> None:
    properties, target = change.properties, change.id.parent
    if not any(properties.get(name) for name in TARGETS):
        raise ArmError(
            400,
            "BadRequest",
            f"The diagnostic setting '{change.id.name}' has no destination: set one of "
            f"{', '.join(TARGETS)}.",
        )
    others = [
        one
        for one in change.store.below(target, SETTINGS)
        if one.id.parent == target and one.id != change.id
    ]
    if change.before is None and len(others) >= LIMIT:
        raise ArmError(
            409, "Conflict", f"The resource '{target}' has {LIMIT} diagnostic settings already."
        )
    for other in others:
        check_overlap(properties, other, target)
    for part in ("logs", "metrics"):
        for entry in properties.get(part) or []:
            check_category(entry, target, part)


def check_overlap(properties: dict[str, Any], other: Resource, target: ResourceId) -> None:
    """One destination takes each category of a resource from one setting only."""
    for name in TARGETS:
        sink = properties.get(name)
        if not sink or str(sink).lower() != str(other.properties.get(name)).lower():
            continue
        for category in sent(properties) & sent(other.properties):
            raise ArmError(
                409,
                "Conflict",
                f"Data sink '{sink}' is already used in diagnostic setting '{other.id.name}' for "
                f"category '{category}'. Data sinks can't be reused in different settings on the "
                f"same category for the same resource. Resource ID: '{target}'.",
            )


def sent(properties: dict[str, Any]) -> set[str]:
    """Names of the categories, or of their groups, that a setting sends."""
    entries = [entry for part in ("logs", "metrics") for entry in properties.get(part) or []]
    return {
        str(entry.get("category") or entry.get("categoryGroup"))
        for entry in entries
        if entry.get("enabled")
    }


def check_category(entry: dict[str, Any], target: ResourceId, part: str) -> None:
    category, group = entry.get("category"), entry.get("categoryGroup")
    supported = categories(target.kind)[part]
    if target.kind.lower() not in known() or group in GROUPS or category in supported:
        return
    raise ArmError(
        400,
        "BadRequest",
        f"Category '{category or group}' is not supported: {target.kind} has "
        f"{', '.join(supported) or 'none'}.",
    )


def keep_no_days(change: Change) -> None:
    """Each entry shows a retention, which Azure itself no longer applies."""
    for part in ("logs", "metrics"):
        for entry in change.properties[part]:
            entry.setdefault("retentionPolicy", {"enabled": False, "days": 0})


def listing(store: Store) -> Any:
    """The categories that a resource may send."""

    async def handle(request: Request) -> Response:
        arm.check_version(request)
        scope = ResourceId.parse(request.path_params["scope"])
        store.get(scope)
        names = categories(scope.kind)
        entries = [
            {
                "id": f"{scope}/providers/{CATEGORIES}/{name}",
                "name": name,
                "type": CATEGORIES,
                "properties": {
                    "categoryType": kind,
                    "categoryGroups": ["allLogs"] if kind == "Logs" else None,
                },
            }
            for part, kind in (("logs", "Logs"), ("metrics", "Metrics"))
            for name in names[part]
        ]
        return JSONResponse({"value": entries})

    return handle


TYPES = (
    ResourceType(
        SETTINGS,
        extends=True,
        check=together(
            check,
            refers("properties.workspaceId", kind="Microsoft.OperationalInsights/workspaces"),
            refers("properties.storageAccountId", kind="Microsoft.Storage/storageAccounts"),
        ),
        fill=together(defaults(logs=[], metrics=[]), keep_no_days),
        render=stateless,
        created=200,
    ),
)
