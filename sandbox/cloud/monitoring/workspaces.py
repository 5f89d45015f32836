"""Workspaces for logs, with what is installed in them, and Application Insights on top of them."""

import base64
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import arm
from sandbox.arm import ResourceId
from sandbox.resource_type import Action, Change, ResourceType, stateless
from sandbox.rules import (
    computed,
    defaults,
    identified,
    kept,
    one_of,
    refers,
    required,
    stable_guid,
    together,
)
from sandbox.store import Resource, Store

WORKSPACES = "Microsoft.OperationalInsights/workspaces"
COMPONENTS = "Microsoft.Insights/components"
SKUS = (
    "CapacityReservation",
    "Free",
    "LACluster",
    "PerGB2018",
    "PerNode",
    "Premium",
    "Standalone",
    "Standard",
)
NO_CAP = {"dailyQuotaGb": -1, "dataIngestionStatus": "RespectQuota"}


def fill_workspace(change: Change) -> None:
    properties = change.properties
    properties["customerId"] = stable_guid("workspace", change.id.key)
    properties["modifiedDate"] = change.store.timestamp()
    properties["workspaceCapping"] = {
        **NO_CAP,
        "quotaNextResetTime": change.store.timestamp(),
        **(properties.get("workspaceCapping") or {}),
    }
    properties.setdefault("features", {}).setdefault(
        "enableLogAccessUsingOnlyResourcePermissions", True
    )
    if change.before is None:
        keys = {name: new_key() for name in ("primarySharedKey", "secondarySharedKey")}
        change.secrets["keys"] = keys


def new_key() -> str:
    return base64.b64encode(secrets.token_bytes(64)).decode()


async def shared_keys(_request: Request, workspace: Resource) -> Response:
    return JSONResponse(workspace.secrets["keys"])


async def deleted_workspaces(request: Request) -> Response:
    """What could be recovered: the sandbox deletes at once and for good."""
    arm.check_version(request)
    return JSONResponse({"value": []})


def show_solution(solution: Resource, _store: Store) -> dict[str, Any]:
    shown = stateless(solution, _store)
    shown["properties"] = solution.properties | {"provisioningState": solution.state}
    return shown


# --- Application Insights -------------------------------------------------------------------------


def component(change: Change) -> dict[str, Any]:
    key, application = (stable_guid(word, change.id.key) for word in ("key", "application"))
    region = change.location
    return {
        "AppId": application,
        "ApplicationId": change.id.name,
        "InstrumentationKey": key,
        "ConnectionString": (
            f"InstrumentationKey={key};"
            f"IngestionEndpoint=https://{region}-0.in.applicationinsights.azure.com/;"
            f"LiveEndpoint=https://{region}.livediagnostics.monitor.azure.com/;"
            f"ApplicationId={application}"
        ),
        "Name": change.id.name,
        "TenantId": change.store.subscription,
    }


class Billing:
    """`currentbillingfeatures`: a part of a component that has no name of its own."""

    path = (
        f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{COMPONENTS}"
        "/{component}/currentbillingfeatures"
    )

    def __init__(self, store: Store) -> None:
        self.store = store

    def component(self, request: Request) -> Resource:
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rpartition("/")[0]
        return self.store.get(ResourceId.parse(path, COMPONENTS))

    async def get(self, request: Request) -> Response:
        return JSONResponse(self.show(self.component(request)))

    async def put(self, request: Request) -> Response:
        found = self.component(request)
        wanted = await arm.read_object(request)
        arm.as_object(wanted.get("DataVolumeCap") or {}, "DataVolumeCap")
        found.secrets["billing"] = wanted
        return JSONResponse(self.show(found))

    def show(self, found: Resource) -> dict[str, Any]:
        wanted = found.secrets.get("billing", {})
        cap = {
            "Cap": 100.0,
            "ResetTime": 0,
            "StopSendNotificationWhenHitCap": False,
            "StopSendNotificationWhenHitThreshold": False,
            "WarningThreshold": 90,
            "MaxHistoryCap": 1000.0,
        }
        return {
            "CurrentBillingFeatures": wanted.get("CurrentBillingFeatures", ["Basic"]),
            "DataVolumeCap": cap | (wanted.get("DataVolumeCap") or {}),
        }


ACTIONS: dict[str, Action] = {"sharedKeys": shared_keys}
TYPES = (
    ResourceType(
        WORKSPACES,
        timed="workspace",
        check=one_of("properties.sku.name", *SKUS),
        fill=together(
            defaults(
                sku={"name": "PerGB2018"},
                retentionInDays=30,
                publicNetworkAccessForIngestion="Enabled",
                publicNetworkAccessForQuery="Enabled",
            ),
            kept(lambda change: {"createdDate": change.store.timestamp()}),
            fill_workspace,
            identified,
        ),
        actions=ACTIONS,
    ),
    ResourceType(
        "Microsoft.OperationsManagement/solutions",
        timed="monitoring",
        check=together(
            required("properties.workspaceResourceId"),
            refers("properties.workspaceResourceId", kind=WORKSPACES),
        ),
        fill=defaults(containedResources=[], referencedResources=[]),
        render=show_solution,
        updated=201,
        slow_delete=200,
    ),
    ResourceType(
        COMPONENTS,
        check=together(
            required("kind", "properties.Application_Type"),
            refers("properties.WorkspaceResourceId", kind=WORKSPACES),
        ),
        fill=together(
            defaults(
                publicNetworkAccessForIngestion="Enabled",
                publicNetworkAccessForQuery="Enabled",
                RetentionInDays=90,
                IngestionMode="LogAnalytics",
                Ver="v2",
            ),
            kept(lambda change: {"CreationDate": change.store.timestamp()}),
            computed(component),
        ),
        created=200,
    ),
)
