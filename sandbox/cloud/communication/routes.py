"""The resource types of Microsoft.Communication, as data; no mail is ever sent."""

import base64
import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import resource_type
from sandbox.resource_type import Change, ResourceType
from sandbox.rules import computed, defaults, one_of, refers, required, stable_guid, together
from sandbox.store import Resource, Store

SERVICES = "Microsoft.Communication/communicationServices"
MAIL = "Microsoft.Communication/emailServices"
DOMAINS = f"{MAIL}/domains"
KEYS = ("primary", "secondary")


def host(name: str) -> str:
    return f"{name.lower()}.unitedstates.communication.azure.com"


def fill_service(change: Change) -> None:
    change.properties["hostName"] = host(change.id.name)
    change.properties["immutableResourceId"] = stable_guid(change.id.key)
    if change.before is None:
        change.secrets["keys"] = {
            name: base64.b64encode(secrets.token_bytes(48)).decode() for name in KEYS
        }


async def list_keys(_request: Request, service: Resource) -> Response:
    found: dict[str, str] = {}
    for name, key in service.secrets["keys"].items():
        found[f"{name}Key"] = key
        found[f"{name}ConnectionString"] = f"endpoint=https://{host(service.name)}/;accesskey={key}"
    return JSONResponse(found)


def domain(change: Change) -> dict[str, Any]:
    """A domain of Azure's own is verified from the start; another one needs records."""
    azures = change.properties["domainManagement"] == "AzureManaged"
    sender = f"{stable_guid(change.id.key)}.azurecomm.net" if azures else change.id.name
    state = {"status": "Verified" if azures else "NotStarted", "errorCode": ""}
    parts = ("Domain", "SPF", "DKIM", "DKIM2", "DMARC")
    return {
        "fromSenderDomain": sender,
        "mailFromSenderDomain": sender,
        "verificationStates": {part: dict(state) for part in parts},
        "verificationRecords": {},
    }


TYPES = (
    ResourceType(
        SERVICES,
        timed="monitoring",
        check=together(
            required("properties.dataLocation"),
            refers("properties.linkedDomains[]", kind=DOMAINS),
        ),
        fill=fill_service,
        actions={"listKeys": list_keys},
    ),
    ResourceType(MAIL, timed="monitoring", check=required("properties.dataLocation")),
    ResourceType(
        DOMAINS,
        timed="monitoring",
        check=one_of(
            "properties.domainManagement",
            "AzureManaged",
            "CustomerManaged",
            "CustomerManagedInExchangeOnline",
        ),
        fill=together(
            defaults(domainManagement="AzureManaged", userEngagementTracking="Disabled"),
            computed(domain),
        ),
    ),
)


def routes(store: Store) -> list[Route]:
    return resource_type.routes(store, TYPES)
