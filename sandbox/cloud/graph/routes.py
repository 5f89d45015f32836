"""Microsoft Graph v1.0 on the wire."""

from collections.abc import Callable, Collection
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import Access, ArmError, TokenError, UnsupportedError
from sandbox.cloud.graph import models
from sandbox.cloud.graph.models import Entry, Registry
from sandbox.store import Store

HOST = "graph.microsoft.com"
AUDIENCES = (f"https://{HOST}", "00000003-0000-0000-c000-000000000000")
CONTEXT = f"https://{HOST}/v1.0/$metadata#"
QUERY = frozenset({"$filter", "$select"})
MOST = 1000  # Ids in one question.


class Graph:
    """Answers those who may read the directory: applications that its administrator registered."""

    def __init__(self, store: Store, access: Access, applications: Collection[str]) -> None:
        self.registry = Registry(store, applications)
        self.access = access
        self.applications = applications

    def admit(self, request: Request) -> None:
        """A token for Graph, of somebody who was granted to read the directory."""
        for audience in AUDIENCES:
            try:
                caller = self.access.identify(request, audience)
                break
            except TokenError as error:
                refusal = error
        else:
            message = "Access token is empty." if refusal.reason == "missing" else str(refusal)
            raise ArmError(401, "InvalidAuthenticationToken", message)
        if caller.application_id not in self.applications:
            raise ArmError(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )

    def listing(self, name: str, entries: Callable[[], list[Entry]]) -> Route:
        """A collection: all of it on one page, filtered and cut to the wanted fields."""

        async def handle(request: Request) -> Response:
            self.admit(request)
            unknown = [
                key for key in request.query_params if key.startswith("$") and key not in QUERY
            ]
            if unknown:
                raise UnsupportedError(f"The sandbox's Graph knows no {', '.join(unknown)}.")
            found = models.select(entries(), request.query_params.get("$filter", "").strip())
            chosen = [cut(entry, request) for entry in found]
            return JSONResponse({"@odata.context": f"{CONTEXT}{name}", "value": chosen})

        return Route(f"/v1.0/{name}", handle, methods=["GET"])

    def reading(self, name: str, entries: Callable[[], list[Entry]]) -> Route:
        """One entry, by its object id."""

        async def handle(request: Request) -> Response:
            self.admit(request)
            wanted = request.path_params["id"]
            for entry in entries():
                if entry["id"] == wanted.lower():
                    context = f"{CONTEXT}{name}/$entity"
                    return JSONResponse({"@odata.context": context, **cut(entry, request)})
            raise models.missing(wanted)

        return Route(f"/v1.0/{name}/{{id}}", handle, methods=["GET"])

    async def by_ids(self, request: Request) -> Response:
        """Whatever has one of these object ids; others are left out silently."""
        self.admit(request)
        body = await arm.read_object(request)
        ids = body.get("ids")
        if not isinstance(ids, list) or not 0 < len(ids) <= MOST:
            raise ArmError(400, "Request_BadRequest", f"Give 1 to {MOST} 'ids'.")
        wanted = {str(one).lower() for one in ids}
        kinds = {str(one).lower() for one in body.get("types") or ["directoryObject"]}
        if not kinds & {"serviceprincipal", "directoryobject"}:
            wanted = set()
        found = [
            {"@odata.type": "#microsoft.graph.servicePrincipal", **entry}
            for entry in self.registry.service_principals()
            if entry["id"] in wanted
        ]
        return JSONResponse({"@odata.context": f"{CONTEXT}directoryObjects", "value": found})

    async def me(self, request: Request) -> Response:
        self.admit(request)
        raise ArmError(
            400,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        )


def cut(entry: Entry, request: Request) -> dict[str, Any]:
    """The fields that `$select` names; all without it."""
    wanted = [name for name in request.query_params.get("$select", "").split(",") if name]
    return {name: entry.get(name) for name in wanted} if wanted else entry


async def unrouted(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    refusal = UnsupportedError(
        f"The sandbox's Graph reads service principals; it cannot do {request.method} "
        f"{request.url.path}."
    )
    return await arm.answer(request, refusal)


def create(store: Store, access: Access, applications: Collection[str]) -> Starlette:
    """The application behind graph.microsoft.com; `applications` may read the directory."""
    graph = Graph(store, access, applications)
    registry = graph.registry
    nobody: list[Entry] = []
    return Starlette(
        routes=[
            graph.listing("servicePrincipals", registry.service_principals),
            graph.reading("servicePrincipals", registry.service_principals),
            graph.listing("applications", registry.registered),
            graph.reading("applications", registry.registered),
            graph.listing("users", lambda: nobody),
            graph.listing("groups", lambda: nobody),
            Route("/v1.0/directoryObjects/getByIds", graph.by_ids, methods=["POST"]),
            Route("/v1.0/me", graph.me, methods=["GET"]),
            Route("/v1.0/me/ownedObjects", graph.me, methods=["GET"]),
        ],
        exception_handlers={
            ArmError: arm.answer,
            HTTPException: unrouted,
            Exception: arm.broken,
        },
    )
