"""Management locks, api-version 2020-05-01: they extend any scope, and the gate keeps them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ArmError, ResourceId, as_object
from sandbox.store import Resource, Store

LOCKS = "Microsoft.Authorization/locks"
LEVELS = ("CanNotDelete", "ReadOnly")


def render(lock: Resource) -> dict[str, Any]:
    return {
        "id": str(lock.id),
        "name": lock.name,
        "type": LOCKS,
        "properties": lock.properties,
    }


class Locks:
    """What nobody may delete, or change, until the lock is gone."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def scope_of(self, request: Request) -> ResourceId:
        found = ResourceId.parse(request.path_params["scope"])
        if found.group:
            self.store.get(found)
        return found

    async def put(self, request: Request) -> Response:
        arm.check_version(request)
        self.scope_of(request)
        wanted = as_object((await arm.read_object(request)).get("properties") or {}, "properties")
        if wanted.get("level") not in LEVELS:
            raise ArmError(
                400,
                "InvalidLockLevel",
                f"The lock level '{wanted.get('level')}' is none of {', '.join(LEVELS)}.",
            )
        resource = ResourceId.of(request, LOCKS)
        known = self.store.find(resource)
        kept, _ = self.store.put(resource, {"properties": wanted})
        return JSONResponse(render(kept), 200 if known else 201)

    async def get(self, request: Request) -> Response:
        arm.check_version(request)
        found = self.store.find(ResourceId.of(request, LOCKS))
        if found is None:
            name = request.path_params["name"]
            raise ArmError(404, "LockNotFound", f"The lock '{name}' could not be found.")
        return JSONResponse(render(found))

    async def delete(self, request: Request) -> Response:
        arm.check_version(request)
        found = self.store.find(ResourceId.of(request, LOCKS))
        if found is None:
            return Response(status_code=204)
        self.store.delete(found.id)
        return Response(status_code=200)

    async def listed(self, request: Request) -> Response:
        """The locks on a scope, above it and inside it."""
        arm.check_version(request)
        scope = self.scope_of(request)
        found = [
            lock
            for lock in self.store.all(LOCKS)
            if lock.id.parent.covers(scope) or scope.covers(lock.id.parent)
        ]
        return JSONResponse({"value": [render(lock) for lock in found]})


def routes(store: Store) -> list[Route]:
    """The routes, below a subscription, a group or a resource."""
    at, base = Locks(store), "/{scope:path}/providers/Microsoft.Authorization/locks"
    return [
        Route(f"{base}/{{name}}", at.put, methods=["PUT"]),
        Route(f"{base}/{{name}}", at.get, methods=["GET"]),
        Route(f"{base}/{{name}}", at.delete, methods=["DELETE"]),
        Route(base, at.listed, methods=["GET"]),
    ]
