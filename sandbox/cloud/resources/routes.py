"""Microsoft.Resources on the wire, and the operations that every provider answers for."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import GROUPS, ArmError, Caller, ResourceId
from sandbox.cloud.resources import filters, groups
from sandbox.cloud.resources import metadata as facts
from sandbox.regions import REGIONS
from sandbox.store import CANCELED, Operation, Store

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
SPACE = SUBSCRIPTION + "/providers/{space}"
POLL = 10.0


async def metadata(_request: Request) -> Response:
    """Where everything is; the one thing that ARM tells without a token."""
    return JSONResponse(facts.endpoints())


class Groups:
    """Resource groups, and what they contain."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.renderers[GROUPS.lower()] = groups.render
        store.kinds.add(GROUPS)

    def show(self, resource: ResourceId) -> dict[str, Any]:
        return groups.render(self.store.get(resource), self.store)

    async def put(self, request: Request) -> Response:
        arm.check_version(request)
        resource = ResourceId.of(request)
        before = self.store.find(resource)
        body = groups.check(resource, await arm.read_resource(request), before)
        self.store.put(resource, body)
        return JSONResponse(self.show(resource), 200 if before else 201)

    async def patch(self, request: Request) -> Response:
        arm.check_version(request)
        before = self.store.get(ResourceId.of(request))
        wanted = await arm.read_resource(request)
        before.body["tags"] = wanted.get("tags", before.body.get("tags"))
        return JSONResponse(self.show(before.id))

    async def get(self, request: Request) -> Response:
        arm.check_version(request)
        found = self.show(ResourceId.of(request))
        return Response(status_code=204) if request.method == "HEAD" else JSONResponse(found)

    async def delete(self, request: Request) -> Response:
        version = arm.check_version(request)
        group = self.store.get(ResourceId.of(request))
        seconds = (
            self.store.latency.seconds("resource_group.delete") if self.filled(group.id) else 0
        )
        operation = self.store.delete(group.id, seconds)
        wait = min(self.store.latency.scaled(POLL), operation.remaining(self.store.now()))
        headers = arm.polling_headers(operation.id, group.id, group.location, version, wait)
        headers.pop("Azure-AsyncOperation")  # For a group Azure names the Location only.
        return Response(status_code=202, headers=headers)

    def filled(self, group: ResourceId) -> bool:
        return bool(self.store.below(group))

    async def listed(self, request: Request) -> Response:
        arm.check_version(request)
        subscription = f"/subscriptions/{request.path_params['subscription']}"
        wanted = filters.parse(request)
        found = [
            groups.render(group, self.store)
            for group in self.store.below(subscription, GROUPS)
            if filters.matches(group, wanted)
        ]
        return JSONResponse({"value": found})

    async def contents(self, request: Request) -> Response:
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rpartition("/")[0]
        scope = ResourceId.parse(path)
        if scope.group:
            self.store.get(scope)
        found = groups.contents(self.store, scope, filters.parse(request))
        return JSONResponse({"value": found})

    async def refuse(self, request: Request) -> Response:
        raise arm.UnsupportedError(f"The sandbox cannot do {request.url.path.rpartition('/')[2]}.")


class Operations:
    """What became of something that Azure does in its own time."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def asked(self, request: Request) -> Operation:
        arm.check_version(request)
        self.store.settle()
        found = self.store.operations.get(request.path_params["operation"].lower())
        if found is None:
            name = request.path_params["operation"]
            raise ArmError(404, "OperationNotFound", f"The operation '{name}' was not found.")
        return found

    def pace(self, operation: Operation) -> dict[str, str]:
        remaining = operation.remaining(self.store.now())
        wait = min(self.store.latency.scaled(POLL), remaining)
        return arm.retry_after(wait) if remaining else {}

    async def status(self, request: Request) -> Response:
        operation = self.asked(request)
        body: dict[str, Any] = {
            "id": request.url.path,
            "name": operation.id,
            "status": "InProgress",
            "startTime": self.store.timestamp(operation.started),
        }
        if not operation.remaining(self.store.now()):
            body["status"] = "Failed" if operation.failure else "Succeeded"
            body["endTime"] = self.store.timestamp(operation.due)
        if body["status"] == "Failed" and operation.failure:
            failure = operation.failure
            if failure.code == CANCELED:
                body["status"] = "Canceled"
            body["error"] = {"code": failure.code, "message": failure.message}
        return JSONResponse(body, headers=self.pace(operation))

    async def result(self, request: Request) -> Response:
        operation = self.asked(request)
        if operation.remaining(self.store.now()):
            headers = {"Location": str(request.url), **self.pace(operation)}
            return Response(status_code=202, headers=headers)
        if operation.failure:
            raise ArmError(409, operation.failure.code, operation.failure.message)
        found = self.store.find(operation.resource)
        render = found and self.store.renderers.get(found.kind.lower())
        if operation.deletes or not found or not render:
            return Response(status_code=200 if operation.resource.kind == GROUPS else 204)
        return JSONResponse(render(found, self.store))


def answering(
    make: Callable[[Request], dict[str, Any]],
) -> Callable[[Request], Awaitable[Response]]:
    """A route that only tells something."""

    async def handle(request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse(make(request))

    return handle


def routes(store: Store, is_member: Callable[[str], bool]) -> list[Route]:
    """Every address of Microsoft.Resources; members are those with a role in the subscription."""
    group, operations = Groups(store), Operations(store)

    def namespace(request: Request) -> str:
        wanted = request.path_params["space"]
        name = next((one for one in facts.NAMESPACES if one.lower() == wanted.lower()), "")
        if not name:
            raise ArmError(
                404, "InvalidResourceNamespace", f"The resource namespace '{wanted}' is invalid."
            )
        return name

    def known_provider(request: Request) -> dict[str, Any]:
        return facts.provider(store, namespace(request))

    def register(request: Request) -> dict[str, Any]:
        facts.register(store, namespace(request))
        return known_provider(request)

    def unregister(request: Request) -> dict[str, Any]:
        facts.unregister(store, namespace(request))
        return known_provider(request)

    def subscriptions(request: Request) -> dict[str, Any]:
        mine = is_member(Caller.of(request).object_id)
        return {"value": [facts.subscription(store)] if mine else []}

    tell = {
        "/subscriptions": subscriptions,
        SUBSCRIPTION: lambda _: facts.subscription(store),
        "/tenants": lambda _: {"value": [facts.tenant(store)]},
        SUBSCRIPTION + "/locations": lambda _: {
            "value": [facts.location(store, *region) for region in REGIONS.items()]
        },
        SUBSCRIPTION + "/providers": lambda _: {
            "value": [facts.provider(store, name) for name in facts.NAMESPACES]
        },
        SPACE: known_provider,
    }
    return [
        *(Route(path, answering(make), methods=["GET"]) for path, make in tell.items()),
        Route(f"{SPACE}/register", answering(register), methods=["POST"]),
        Route(f"{SPACE}/unregister", answering(unregister), methods=["POST"]),
        Route(GROUP, group.put, methods=["PUT"]),
        Route(GROUP, group.patch, methods=["PATCH"]),
        Route(GROUP, group.delete, methods=["DELETE"]),
        Route(GROUP, group.get, methods=["GET"]),
        Route(SUBSCRIPTION + "/resourceGroups", group.listed, methods=["GET"]),
        Route(SUBSCRIPTION + "/resources", group.contents, methods=["GET"]),
        Route(GROUP + "/resources", group.contents, methods=["GET"]),
        Route(GROUP + "/exportTemplate", group.refuse, methods=["POST"]),
        Route(
            SPACE + "/locations/{location}/operationStatuses/{operation}",
            operations.status,
            methods=["GET"],
        ),
        Route(
            SPACE + "/locations/{location}/operationResults/{operation}",
            operations.result,
            methods=["GET"],
        ),
    ]
