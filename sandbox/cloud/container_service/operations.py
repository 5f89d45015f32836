"""What a cluster is busy with, or was last; and the way to stop it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ResourceId
from sandbox.cloud.container_service import refusals
from sandbox.resource_type import POLL, ResourceType
from sandbox.store import CANCELED, Failure, Operation, Resource, Store

PREEMPTED = Failure(
    "AKSOperationPreemptedByDelete",
    "The operation was preempted: the resource is being deleted.",
)
ABORTED = Failure(CANCELED, "The operation was aborted by its caller.")


class Operations:
    """The operations of clusters, or those of node pools."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self, *kinds: str) -> list[Route]:
        """`operations/latest` of each kind."""
        return [
            Route(f"{ResourceType(kind).path}/operations/latest", self.latest, methods=["GET"])
            for kind in kinds
        ]

    async def latest(self, request: Request) -> Response:
        """The operation that began last, whatever became of it."""
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rsplit("/", 2)[0]
        resource = self.store.get(ResourceId.parse(path))
        known = self.store.operations.values()
        found = [one for one in known if one.resource == resource.id]
        if not found:
            raise refusals.refusal(
                404, "NotFound", f"No operation of {resource.name} is remembered."
            )
        return JSONResponse(self.show(found[-1], resource))

    def show(self, operation: Operation, resource: Resource) -> dict[str, Any]:
        now = self.store.now()
        took = max(now - operation.started, 0.0)
        told: dict[str, Any] = {
            "id": f"{resource.id}/operations/{operation.id}",
            "name": operation.id,
            "resourceId": str(resource.id),
            "startTime": self.store.timestamp(operation.started),
        }
        if operation.remaining(now):
            share = took / max(operation.due - operation.started, took, 1e-9)
            return told | {"status": "InProgress", "percentComplete": round(100 * share, 1)}
        told |= {"endTime": self.store.timestamp(operation.due), "percentComplete": 100.0}
        failure = operation.failure
        if failure is None:
            return told | {"status": "Succeeded"}
        told["error"] = {"code": failure.code, "message": failure.message}
        return told | {"status": "Canceled" if failure.code == CANCELED else "Failed"}

    async def abort(self, request: Request, resource: Resource) -> Response:
        """Stop what is under way; only a deletion cannot be stopped."""
        if not resource.busy or resource.state == "Deleting":
            raise refusals.not_allowed(
                f"There is no operation in progress on {resource.name} that can be aborted."
            )
        operation = self.store.cancel(resource, ABORTED)
        version = arm.check_version(request)
        wait = self.store.latency.scaled(POLL)
        where = resource.location or self.store.get(resource.id.parent).location
        headers = arm.polling_headers(operation.id, resource.id, where, version, wait)
        return Response(status_code=202, headers=headers)
