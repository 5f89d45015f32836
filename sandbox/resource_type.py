"""Declare an ARM resource type as data, and get the routes that behave like Azure's."""

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import SUBSCRIPTIONS, ArmError, Caller, ResourceId
from sandbox.store import Failure, Operation, Resource, Store, duplicate

LOG = logging.getLogger(__name__)
# What a hook ends in when a part of the request is missing or of another type than documented.
UNREADABLE = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
SKIP_DELAY = {"X-Go-Azure-Sdk-Skip-Polling-Delay": "true"}
POLL = 10.0  # Seconds that Azure asks a client to wait between two polls.
OWN = ("id", "name", "type")  # What the address of a request says already.
VERBS = frozenset({"GET", "LIST", "PUT", "PATCH", "DELETE"})


@dataclass
class Change:
    """A PUT or PATCH on its way into the store; `body` is what will be kept."""

    id: ResourceId
    body: dict[str, Any]
    before: Resource | None
    store: Store
    caller: Caller
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)
    failure: Failure | None = None

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.setdefault("properties", {})
        return found

    @property
    def location(self) -> str:
        return str(self.body.get("location", ""))


Hook = Callable[[Change], None]
Render = Callable[[Resource, Store], dict[str, Any]]
Action = Callable[[Request, Resource], Awaitable[Response]]


def plain(resource: Resource, _store: Store) -> dict[str, Any]:
    """Show a resource with the state of its provisioning."""
    properties = resource.properties | {"provisioningState": resource.state}
    return {
        "id": str(resource.id),
        "name": resource.name,
        "type": resource.kind,
        **resource.body,
        "properties": properties,
    }


def stateless(resource: Resource, _store: Store) -> dict[str, Any]:
    """Show a resource of a kind that is made at once: it has no state of provisioning."""
    return {"id": str(resource.id), "name": resource.name, "type": resource.kind, **resource.body}


NAME = re.compile(r"[^<>%&:\\?/#]{0,259}[^<>%&:\\?/#. ]\Z")
"""What no provider takes otherwise; most take less."""


@dataclass(frozen=True)
class ResourceType:
    """One kind of resource. The defaults fit most; status codes are those that clients accept."""

    kind: str
    timed: str = ""
    """Prefix of the durations in `latency.yaml`, as in `network` for `network.create`."""
    at_once: frozenset[str] = frozenset()
    """What is over with the answer all the same, such as `delete`: clients do not wait for it."""
    check: Hook | None = None
    """Refuse a bad request by raising `ArmError`; runs before `fill`."""
    fill: Hook | None = None
    """Add what the server computes; may set `change.secrets` and `change.failure`."""
    stored: Callable[[Resource, Store], None] | None = None
    """Runs after the resource is in the store, e.g. to create embedded children."""
    render: Render = plain
    busy: Callable[[Resource], ArmError] | None = None
    """The refusal of a change while another is under way; None allows it."""
    preempted: Failure | None = None
    """How a change ends that a deletion overtakes; None lets the deletion wait for it."""
    removed: Callable[[Resource, Store], None] | None = None
    """Refuse or prepare a deletion."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    """POST actions by name, such as `listKeys`."""
    verbs: frozenset[str] = VERBS
    extends: bool = False
    """Belongs to another resource, group or subscription, below whose id it lives."""
    created: int = 201
    updated: int = 200
    patched: int = 200
    deleted: int = 200
    slow: int | None = None
    """Status of a PUT that takes time, where it differs, e.g. 202."""
    slow_delete: int = 202
    polls_resource: bool = False
    """No polling address is given: the client watches `provisioningState`."""
    name: re.Pattern[str] = NAME
    name_error: tuple[str, str] = ("InvalidResourceName", "Resource name '{name}' is invalid.")

    @property
    def tracked(self) -> bool:
        """A top-level resource has a location of its own; a child lives with its parent."""
        return self.kind.count("/") == 1 and not self.extends

    @property
    def collection(self) -> str:
        """Route of all resources of this kind in one group, parent or scope."""
        space, first, *rest = self.kind.split("/")
        group = "/subscriptions/{subscription}/resourceGroups/{group}"
        base = f"{'/{scope:path}' if self.extends else group}/providers/{space}/{first}"
        return base + "".join(f"/{{parent{at}}}/{word}" for at, word in enumerate(rest))

    @property
    def path(self) -> str:
        return self.collection + "/{name}"


def routes(store: Store, types: Iterable[ResourceType]) -> list[Route]:
    """The routes of some resource types; deeper kinds first."""
    ordered = sorted(types, key=lambda one: -one.kind.count("/"))
    return [route for one in ordered for route in Endpoints(store, one).routes()]


class Endpoints:
    """The wire form of one resource type."""

    def __init__(self, store: Store, declared: ResourceType) -> None:
        self.store = store
        self.type = declared
        store.renderers[declared.kind.lower()] = declared.render
        store.kinds.add(declared.kind)

    def routes(self) -> list[Route]:
        one, handlers = self.type, {"PUT": self.put, "PATCH": self.patch, "DELETE": self.delete}
        found = [
            Route(f"{one.path}/{name}", self.act(name), methods=["POST"]) for name in one.actions
        ]
        found += [
            Route(one.path, handler, methods=[verb])
            for verb, handler in handlers.items()
            if verb in one.verbs
        ]
        if "GET" in one.verbs:
            found.append(Route(one.path, self.get, methods=["GET"]))
        if "LIST" in one.verbs:
            found.append(Route(one.collection, self.list, methods=["GET"]))
        if "LIST" in one.verbs and one.tracked:
            everywhere = f"/subscriptions/{{subscription}}/providers/{one.kind}"
            found.append(Route(everywhere, self.list, methods=["GET"]))
        return found

    async def get(self, request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse(self.show(self.store.get(self.id(request))))

    async def list(self, request: Request) -> Response:
        arm.check_version(request)
        inner = not self.type.tracked and not self.type.extends
        surplus = 1 if inner else 3  # `<type>`, or `providers/<space>/<type>`.
        path = request.scope["path"].rstrip("/").split("/")[:-surplus]
        scope = ResourceId.parse("/".join(path))
        if scope.kind != SUBSCRIPTIONS:
            self.store.get(scope)
        found = self.store.below(scope, self.type.kind)
        return JSONResponse({"value": [self.show(resource) for resource in found]})

    async def put(self, request: Request) -> Response:
        resource = self.id(request)
        self.check_place(resource)
        body = await arm.read_resource(request)
        before = self.store.find(resource)
        change = Change(resource, body, before, self.store, Caller.of(request))
        kept, operation = self.accept(change, request)
        status = self.type.updated if before else self.type.created
        if self.type.slow and operation.remaining(self.store.now()):
            status = self.type.slow
        return self.changed(request, kept, operation, status)

    async def patch(self, request: Request) -> Response:
        wanted = await arm.read_resource(request)
        before = self.store.get(self.id(request))
        body = merged(before.body, wanted)
        change = Change(before.id, body, before, self.store, Caller.of(request))
        kept, operation = self.accept(change, request)
        return self.changed(request, kept, operation, self.type.patched)

    def accept(self, change: Change, request: Request) -> tuple[Resource, Operation]:
        """A change that is refused leaves no trace, also one that cannot be shown."""
        arm.check_version(request)
        try:
            with self.store.attempt():
                before = self.store.find(change.id)
                kept, operation = self.apply(replace(change, before=before))
                JSONResponse(self.show(kept))
        except UNREADABLE as error:
            LOG.warning("%s cannot be read as a %s", change.id, self.type.kind, exc_info=True)
            raise arm.invalid_content(unreadable(error)) from error
        return kept, operation

    def apply(self, change: Change) -> tuple[Resource, Operation]:
        """Check the wanted resource, complete it, and store it."""
        self.check_free(change.before)
        change.body = {key: value for key, value in change.body.items() if key not in OWN}
        properties = dict(change.body.get("properties") or {})
        properties.pop("provisioningState", None)
        change.body["properties"] = properties
        if self.type.tracked:
            check_location(change)
        for hook in (self.type.check, self.type.fill):
            if hook:
                hook(change)
        kept, operation = change.store.put(
            change.id,
            change.body,
            seconds=self.seconds("update" if change.before else "create"),
            failure=change.failure,
            secrets=change.secrets,
        )
        if self.type.stored:
            self.type.stored(kept, change.store)
        return kept, operation

    def changed(
        self, request: Request, kept: Resource, operation: Operation, status: int
    ) -> Response:
        headers = self.headers(request, kept, operation, slow=status == HTTPStatus.ACCEPTED)
        return JSONResponse(self.show(kept), status, headers)

    async def delete(self, request: Request) -> Response:
        arm.check_version(request)
        known = self.store.find(self.id(request))
        if known is None:
            return Response(status_code=204)
        if known.state == "Deleting":
            under_way = self.store.operations[known.operation]
            headers = self.headers(request, known, under_way, slow=True)
            return Response(status_code=self.type.slow_delete, headers=headers)
        if known.busy and self.type.preempted:
            self.store.cancel(known, self.type.preempted)
        self.check_free(known)
        if self.type.removed:
            self.type.removed(known, self.store)
        operation = self.store.delete(known.id, self.seconds("delete"))
        slow = operation.remaining(self.store.now())
        status = self.type.slow_delete if slow else self.type.deleted
        headers = self.headers(request, known, operation, slow=status == HTTPStatus.ACCEPTED)
        return Response(status_code=status, headers=headers)

    def act(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        action = self.type.actions[name]

        async def handle(request: Request) -> Response:
            arm.check_version(request)
            path = request.scope["path"].rstrip("/").rpartition("/")[0]
            return await action(request, self.store.get(ResourceId.parse(path, self.type.kind)))

        return handle

    # --- What the verbs share ------------------------------------------------------------------

    def id(self, request: Request) -> ResourceId:
        return ResourceId.of(request, self.type.kind)

    def show(self, resource: Resource) -> dict[str, Any]:
        return self.type.render(resource, self.store)

    def seconds(self, verb: str) -> float:
        if not self.type.timed or verb in self.type.at_once:
            return 0.0
        return self.store.latency.seconds(f"{self.type.timed}.{verb}")

    def headers(
        self, request: Request, resource: Resource, operation: Operation, *, slow: bool
    ) -> dict[str, str]:
        """Polling addresses when there is something to poll, or when 202 promises them."""
        remaining = operation.remaining(self.store.now())
        if self.type.polls_resource or not (remaining or slow):
            return SKIP_DELAY
        version = arm.check_version(request)
        wait = min(self.store.latency.scaled(POLL), remaining)
        return arm.polling_headers(operation.id, resource.id, resource.location, version, wait)

    def check_place(self, resource: ResourceId) -> None:
        """The group, and the parent of a child, must exist before what is put into it."""
        group = self.store.group(resource) if resource.group else None
        if group and group.state == "Deleting":
            raise ArmError(
                409,
                "ResourceGroupBeingDeleted",
                f"The resource group '{group.name}' is in deprovisioning state and cannot perform "
                "this operation.",
            )
        if self.type.extends:
            if resource.parent.kind != SUBSCRIPTIONS:  # Which is there from the beginning.
                self.store.get(resource.parent)
        elif not self.type.tracked and self.store.find(resource.parent) is None:
            raise ArmError(
                404,
                "ParentResourceNotFound",
                "Can not perform requested operation on nested resource. "
                f"Parent resource '{resource.parent.name}' not found.",
            )
        if not self.type.name.match(resource.name):
            code, message = self.type.name_error
            raise ArmError(400, code, message.format(name=resource.name))

    def check_free(self, resource: Resource | None) -> None:
        if resource and resource.busy and self.type.busy:
            raise self.type.busy(resource)
        if resource and resource.state == "Deleting":
            raise ArmError(
                409, "Conflict", f"The resource '{resource.id}' is being deleted: wait for its end."
            )


def check_location(change: Change) -> None:
    """A tracked resource is somewhere, and stays there."""
    location = change.location.replace(" ", "").lower()
    if not location:
        raise ArmError(
            400, "LocationRequired", "The location property is required for this definition."
        )
    before = change.before
    if before and before.location != location:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{change.id.name}' already exists in location '{before.location}' in "
            f"resource group '{change.id.group}'. A resource with the same name cannot be created "
            f"in location '{location}'. Please select a new resource name.",
        )
    change.body["location"] = location


def unreadable(error: Exception) -> str:
    """What Azure's deserializer would find wrong; hooks take the documented shape for granted."""
    if isinstance(error, KeyError):
        return f"Required property {error} not found in JSON"
    return f"Error converting a value, which has another type than documented: {error}"


def merged(before: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """PATCH: objects are merged, lists and tags are replaced."""
    result: dict[str, Any] = duplicate(before)
    for key, value in wanted.items():
        if key != "tags" and isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result
