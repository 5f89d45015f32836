"""What the cloud remembers: resources by id, operations under way, and what is due when."""

import heapq
import itertools
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.arm import GROUPS, SUBSCRIPTION, TENANT, ArmError, ResourceId
from sandbox.latency import Latency

LOG = logging.getLogger(__name__)
Listener = Callable[["Resource"], None]
Renderer = Callable[["Resource", "Store"], dict[str, Any]]
EVENTS = ("created", "ready", "deleted")


@dataclass
class Resource:
    """One resource as ARM shows it, with what it never shows beside it."""

    id: ResourceId
    body: dict[str, Any]
    state: str = "Succeeded"
    operation: str = ""
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def kind(self) -> str:
        return self.id.kind

    @property
    def location(self) -> str:
        return str(self.body.get("location", ""))

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.setdefault("properties", {})
        return found

    @property
    def busy(self) -> bool:
        """Azure is still creating, changing or deleting it."""
        return self.state not in ("Succeeded", "Failed", "Canceled")


@dataclass(frozen=True)
class Principal:
    """Somebody in the directory who can hold roles: a service principal or managed identity."""

    object_id: str
    application_id: str
    name: str
    kind: str = "ServicePrincipal"
    replicated: float = 0.0  # From this moment every part of Entra knows it.


@dataclass(frozen=True)
class Failure:
    """How an operation ends that Azure accepted and could not finish."""

    code: str
    message: str


@dataclass
class Operation:
    """Something that Azure does in its own time."""

    id: str
    resource: ResourceId
    started: float
    due: float
    deletes: bool = False
    failure: Failure | None = None

    def remaining(self, now: float) -> float:
        return max(0.0, self.due - now)


class Store:
    """Everything that one simulated cloud knows; times are those of `clock`."""

    def __init__(
        self,
        latency: Latency | None = None,
        *,
        tenant: str = TENANT,
        subscription: str = SUBSCRIPTION,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.latency = latency or Latency()
        self.tenant = tenant
        self.subscription = subscription
        self.now = clock
        self.operations: dict[str, Operation] = {}
        self.principals: dict[str, Principal] = {}
        self.renderers: dict[str, Renderer] = {}  # By kind, in lower case.
        self._resources: dict[str, Resource] = {}
        self._listeners: list[tuple[str, str, Listener]] = []
        self._due: list[tuple[float, int, Callable[[], None], Operation | None]] = []
        self._order = itertools.count()

    def copy(self) -> "Store":
        """A second cloud to try things in: nobody listens there, and nothing is seen here."""
        self.settle()
        trial = Store(
            self.latency, tenant=self.tenant, subscription=self.subscription, clock=self.now
        )
        trial.operations = dict(self.operations)
        trial.principals = dict(self.principals)
        trial.renderers = self.renderers
        trial._resources = {
            key: replace(found, body=duplicate(found.body), secrets=dict(found.secrets))
            for key, found in self._resources.items()
        }
        return trial

    # --- Time ----------------------------------------------------------------------------------

    def after(
        self, seconds: float, then: Callable[[], None], operation: Operation | None = None
    ) -> None:
        """Call `then` once so much simulated time is over; at once when it is none."""
        if seconds <= 0:
            then()
        else:
            due = (self.now() + seconds, next(self._order), then, operation)
            heapq.heappush(self._due, due)

    def settle(self) -> float | None:
        """Do everything that is due; return the seconds until the next thing is."""
        while self._due and self._due[0][0] <= self.now():
            _, _, then, operation = heapq.heappop(self._due)
            try:
                then()
            except Exception as error:  # What else is due, and whoever asks, has no part in it.
                LOG.exception("the sandbox failed at something that was due")
                if operation:
                    self._fail(operation, error)
        return max(0.0, self._due[0][0] - self.now()) if self._due else None

    def _fail(self, operation: Operation, error: Exception) -> None:
        operation.failure = Failure("InternalServerError", f"The sandbox failed: {error!r}.")
        kept = self._resources.get(operation.resource.key)
        if kept and kept.operation == operation.id:
            kept.state = "Failed"

    def timestamp(self, at: float | None = None) -> str:
        """A moment, now by default, as Azure writes it."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"

    # --- Resources -----------------------------------------------------------------------------

    def find(self, resource: ResourceId | str) -> Resource | None:
        """The resource, or None; any letter case."""
        self.settle()
        return self._resources.get(str(resource).lower())

    def get(self, resource: ResourceId | str) -> Resource:
        """The resource, or Azure's refusal."""
        found = self.find(resource)
        if found is None:
            raise not_found(self, ResourceId.parse(str(resource)))
        return found

    def put(  # noqa: PLR0913  # The keywords are independent of each other.
        self,
        resource: ResourceId,
        body: dict[str, Any],
        *,
        seconds: float = 0.0,
        state: str = "",
        failure: Failure | None = None,
        secrets: dict[str, Any] | None = None,
    ) -> tuple[Resource, Operation]:
        """Create or replace; the resource is ready, or failed, after so many simulated seconds."""
        known = self.find(resource)
        if known is None:
            kept = self._resources[resource.key] = Resource(resource, body, secrets=secrets or {})
        else:
            kept = known
            kept.body = body
            kept.secrets |= secrets or {}
        operation = self.begin(kept.id, seconds, failure=failure)
        kept.operation = operation.id
        kept.state = state or ("Updating" if known else "Creating")
        if known is None:
            self._tell("created", kept)

        def finish() -> None:
            if kept.operation == operation.id and kept.state != "Deleting":
                kept.state = "Failed" if failure else "Succeeded"
                self._tell("ready", kept)

        self.after(seconds, finish, operation)
        return kept, operation

    def delete(self, resource: ResourceId | str, seconds: float = 0.0) -> Operation:
        """Remove it and everything below it, after so many simulated seconds."""
        kept = self.get(resource)
        operation = self.begin(kept.id, seconds, deletes=True)
        kept.operation = operation.id
        kept.state = "Deleting"
        self.after(seconds, lambda: self._remove(kept), operation)
        return operation

    def below(self, resource: ResourceId | str, kind: str = "") -> list[Resource]:
        """What lives under an id, by creation; of one kind if asked."""
        self.settle()
        prefix = str(resource).lower().rstrip("/") + "/"
        return [
            found
            for key, found in self._resources.items()
            if key.startswith(prefix) and (not kind or found.kind.lower() == kind.lower())
        ]

    def all(self, kind: str) -> list[Resource]:
        """Every resource of one kind."""
        return self.below("", kind)

    def group(self, resource: ResourceId) -> Resource:
        """The resource group that a resource lives in, or Azure's refusal."""
        return self.get(resource.group_id)

    def listen(self, event: str, kind: str, listener: Listener) -> None:
        """Be told when a resource of a kind is `created`, `ready` (or failed) or `deleted`."""
        if event not in EVENTS:
            raise ValueError(f"{event!r} is none of {', '.join(EVENTS)}.")
        self._listeners.append((event, kind.lower(), listener))

    # --- Operations ----------------------------------------------------------------------------

    def introduce(self, name: str, *, settled: bool = False) -> Principal:
        """Give an identity to something; the directory takes its time to tell all its parts."""
        wait = 0.0 if settled else self.latency.seconds("identity.replication")
        new = Principal(str(uuid.uuid4()), str(uuid.uuid4()), name, replicated=self.now() + wait)
        self.principals[new.object_id] = new
        return new

    def begin(
        self,
        resource: ResourceId,
        seconds: float,
        *,
        deletes: bool = False,
        failure: Failure | None = None,
    ) -> Operation:
        """Note an operation that ends after so many simulated seconds."""
        now = self.now()
        operation = Operation(str(uuid.uuid4()), resource, now, now + seconds, deletes, failure)
        self.operations[operation.id] = operation
        return operation

    def _remove(self, kept: Resource) -> None:
        if self._resources.get(kept.id.key) is not kept:
            return
        for found in [*reversed(self.below(kept.id)), kept]:
            if self._resources.pop(found.id.key, None) is not None:
                self._tell("deleted", found)

    def _tell(self, event: str, resource: Resource) -> None:
        for wanted, kind, listener in self._listeners:
            if wanted == event and kind == resource.kind.lower():
                listener(resource)


def duplicate(value: Any) -> Any:
    """A JSON document of its own; several times as quick as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: duplicate(part) for key, part in value.items()}
    if isinstance(value, list):
        return [duplicate(part) for part in value]
    return value


def not_found(store: Store, resource: ResourceId) -> ArmError:
    """Azure's refusal names what is missing first: the group, or the resource in it."""
    missing_group = resource.group and store.find(resource.group_id) is None
    if resource.kind == GROUPS or missing_group:
        name = resource.group
        return ArmError(
            404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found."
        )
    kind, path = resource.kind, "/".join(resource.segments[-2 * resource.kind.count("/") :][1::2])
    space, *kinds = kind.split("/")
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{space}/{'/'.join(kinds)}/{path}' under resource group "
        f"'{resource.group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )
