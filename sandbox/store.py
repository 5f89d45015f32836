"""What the cloud remembers: resources by id, operations under way, and what is due when."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sandbox.agenda import Agenda
from sandbox.arm import SUBSCRIPTION, TENANT, ResourceId
from sandbox.attempt import Attempt
from sandbox.changes import SHOWN, Changes
from sandbox.latency import Latency
from sandbox.records import Failure, Operation, Principal, Resource, duplicate, not_found
from sandbox.shelf import Shelf
from sandbox.snapshot import Part
from sandbox.weather import Active, Weather

__all__ = ["Failure", "Operation", "Principal", "Resource", "Store", "duplicate"]

Listener = Callable[["Resource"], None]
Renderer = Callable[["Resource", "Store"], dict[str, Any]]
CANCELED = "OperationCanceled"  # The code of an operation that somebody has stopped.
EVENTS = ("created", "ready", "deleted")
LONG = 1e9  # Seconds: what is stuck is due in some thirty years.
MOMENT = 0.1  # Seconds that an operation takes at least to fail.
KEPT = 500  # Operations; of more, those that ended first are forgotten.


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
        self.kinds: set[str] = set()  # Every declared kind, in Azure's letter case.
        self.revive: dict[str, Callable[[Any], Any]] = {}
        """By name of a secret that is more than JSON: what its `dump` is read with."""
        self._noted = Changes()
        self.weather = Weather(self.latency, clock)
        self.weather.names = self.names_of
        self.weather.removed.append(self._release)
        self._shelf = Shelf()
        self._listeners: dict[tuple[str, str], list[Listener]] = {}
        self._agenda = Agenda(clock)
        self._attempt: Attempt | None = None
        self._awake = True

    # --- Time ----------------------------------------------------------------------------------

    def after(
        self, seconds: float, then: Callable[[], None], operation: Operation | None = None
    ) -> None:
        """Call `then` when so much time is over; a restart forgets it, and keeps operations."""
        if seconds <= 0:
            then()
        else:
            self._agenda.add(self.now() + seconds, then, operation)

    def settle(self) -> float | None:
        """Do everything that is due; return the seconds until the next thing is."""
        left = self._agenda.left
        if left == 0 and self._attempt is None and self._awake:
            with self._noted.watching():
                self._agenda.run(self._fail)
            left = self._agenda.left
        return left

    def _fail(self, operation: Operation, error: Exception) -> None:
        operation.failure = Failure("InternalServerError", f"The sandbox failed: {error!r}.")
        kept = self._shelf.get(operation.resource.key)
        if kept and kept.operation == operation.id:
            kept.state = "Failed"
            self._noted.note(kept.id.key)

    def timestamp(self, at: float | None = None) -> str:
        """A moment, now by default, as Azure writes it."""
        moment = datetime.fromtimestamp(self.now() if at is None else at, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"

    # --- Resources -----------------------------------------------------------------------------

    def find(self, resource: ResourceId | str) -> Resource | None:
        """The resource, or None; any letter case."""
        self.settle()
        key = resource.key if isinstance(resource, ResourceId) else resource.lower()
        found = self._shelf.get(key)
        if found:
            self._show(found)
        return found

    def get(self, resource: ResourceId | str) -> Resource:
        """The resource, or Azure's refusal."""
        found = self.find(resource)
        if found is None:
            wanted = ResourceId.parse(str(resource))
            raise not_found(wanted, in_group=self.find(wanted.group_id) is not None)
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
        kept = known or Resource(resource, body, secrets=secrets or {})
        if known is None:
            self._shelf.add(kept)
            self._undoing(partial(self._shelf.remove, kept))
        else:
            kept.body = body
            kept.secrets |= secrets or {}
            self._shelf.read(kept)
            self._undoing(partial(self._shelf.read, kept))
        self._noted.note(kept.id.key)
        change = "update" if known else "create"
        operation = self.begin(kept.id, seconds, change, failure=failure)
        kept.operation = operation.id
        kept.state = state or ("Updating" if known else "Creating")
        if known is None:
            self._tell("created", kept)
            self._show(kept)
        self._schedule(kept, operation)
        return kept, operation

    def delete(self, resource: ResourceId | str, seconds: float = 0.0) -> Operation:
        """Remove it and everything below it, after so many simulated seconds."""
        kept = self.get(resource)
        operation = self.begin(kept.id, seconds, "delete")
        kept.operation = operation.id
        kept.state = "Deleting"
        self._noted.note(kept.id.key)
        self._schedule(kept, operation)
        return operation

    def cancel(self, resource: Resource, failure: Failure) -> Operation:
        """End what is under way here and now; the resource stays as far as it has come."""
        operation = self.operations[resource.operation]
        operation.failure, operation.due, operation.stuck = failure, self.now(), ""
        resource.operation, resource.state = "", "Canceled"
        self.touch()
        return operation

    def below(self, resource: ResourceId | str, kind: str = "") -> list[Resource]:
        """What lives under an id, by creation; of one kind if asked."""
        self.settle()
        found = self._shelf.below(str(resource).lower().rstrip("/"), kind.lower())
        if self._attempt or SHOWN.get() is not None:
            for one in found:
                self._show(one)
        return found

    def all(self, kind: str) -> list[Resource]:
        """Every resource of one kind."""
        return self.below("", kind)

    def pointing_at(self, resource: ResourceId) -> list[Resource]:
        """The resources with this id somewhere in their bodies."""
        return self._shelf.pointing_at(resource.key)

    def group(self, resource: ResourceId) -> Resource:
        """The resource group that a resource lives in, or Azure's refusal."""
        return self.get(resource.group_id)

    def listen(self, event: str, kind: str, listener: Listener) -> None:
        """Be told when a resource of a kind is `created`, `ready` (or failed) or `deleted`."""
        if event not in EVENTS:
            raise ValueError(f"{event!r} is none of {', '.join(EVENTS)}.")
        self._listeners.setdefault((event, kind.lower()), []).append(listener)

    # --- All or nothing ------------------------------------------------------------------------

    @contextlib.contextmanager
    def attempt(self) -> Iterator[None]:
        """All in here happens, or nothing if it raises; time stands still, listeners hear last."""
        self.settle()
        attempt = self._attempt = Attempt()
        mark, drawn = self._agenda.mark(), dict(self.latency.uses)
        try:
            yield
        except BaseException:
            attempt.put_back()
            self.latency.uses.clear()
            self.latency.uses.update(drawn)
            self._agenda.back_to(mark)
            raise
        finally:
            self._attempt = None
            self._noted.note(*attempt.shown)
            for resource in attempt.changed():
                self._shelf.read(resource)
        for event, resource in attempt.untold:
            self._tell(event, resource)

    def _show(self, resource: Resource) -> None:
        shown = SHOWN.get()
        if shown is not None:
            shown.add(resource.id.key)
        if self._attempt:
            self._attempt.show(resource)

    def _undoing(self, step: Callable[[], object]) -> None:
        self._noted.note()
        if self._attempt:
            self._attempt.undo.append(step)

    # --- Operations ----------------------------------------------------------------------------

    def introduce(self, name: str, *, settled: bool = False) -> Principal:
        """Give an identity to something; the directory takes its time to tell all its parts."""
        wait = 0.0 if settled else self.latency.seconds("identity.replication")
        new = Principal(str(uuid.uuid4()), str(uuid.uuid4()), name, replicated=self.now() + wait)
        self.principals[new.object_id] = new
        self._undoing(lambda: self.principals.pop(new.object_id, None))
        return new

    def names_of(self, principal: str) -> tuple[str, ...]:
        """What else somebody is known by, given an object id."""
        found = self.principals.get(principal)
        return (found.application_id, found.name) if found else ()

    def begin(
        self, resource: ResourceId, seconds: float, change: str, *, failure: Failure | None = None
    ) -> Operation:
        """Note an operation that ends after so many simulated seconds, if the weather lets it."""
        if len(self.operations) >= KEPT:
            self._prune()
        trouble = self.weather.operation(resource, change)
        stuck = trouble.fault if trouble and trouble.stuck else ""
        if stuck:
            seconds = LONG
        elif trouble and trouble.failure:
            given = trouble.failure
            failure = Failure(given.code, given.message)
            pause = seconds if given.after is None else self.latency.scaled(given.after)
            seconds = max(MOMENT, pause)
        now, deletes = self.now(), change == "delete"
        operation = Operation(
            str(uuid.uuid4()), resource, now, now + seconds, deletes, failure, stuck
        )
        self.operations[operation.id] = operation
        self._undoing(lambda: self.operations.pop(operation.id, None))
        return operation

    def _prune(self) -> None:
        """Forget the older half of what has ended; nobody polls it any more."""
        now = self.now()
        needed = {one.operation for one in self._shelf.below("") if one.busy}
        ended = [
            key for key, one in self.operations.items() if one.due <= now and key not in needed
        ]
        for key in ended[: len(ended) // 2]:
            del self.operations[key]

    def _finish(self, kept: Resource, operation: Operation) -> None:
        if kept.operation == operation.id and kept.state != "Deleting":
            kept.state = "Failed" if operation.failure else "Succeeded"
            self._noted.note(kept.id.key)
            self._tell("ready", kept)

    def _schedule(self, kept: Resource, operation: Operation) -> None:
        if operation.stuck:
            return
        act = self._remove if operation.deletes else self._finish
        self.after(operation.remaining(self.now()), partial(act, kept, operation), operation)

    def _release(self, gone: Active) -> None:
        """What was stuck because of a fault ends when the fault goes."""
        for operation in [one for one in self.operations.values() if one.stuck == gone.id]:
            self._unstick(operation)

    def _unstick(self, operation: Operation) -> None:
        operation.stuck, operation.due = "", self.now()
        kept = self._shelf.get(operation.resource.key)
        if kept and kept.operation == operation.id:
            self._schedule(kept, operation)
        self._noted.note()

    def _remove(self, kept: Resource, operation: Operation) -> None:
        if self._shelf.get(kept.id.key) is not kept:
            return
        self._noted.note(kept.id.key)
        if operation.failure:
            kept.state = "Failed"
            return
        for found in [*reversed(self.below(kept.id)), kept]:
            if self._shelf.get(found.id.key) is found:
                self._shelf.remove(found)
                self._undoing(partial(self._shelf.add, found))
                self._noted.note(found.id.key)
                self._tell("deleted", found)

    def _tell(self, event: str, resource: Resource) -> None:
        if self._attempt:
            self._attempt.untold.append((event, resource))
            return
        for listener in self._listeners.get((event, resource.kind.lower()), ()):
            listener(resource)

    # --- Restarts ------------------------------------------------------------------------------

    def watching(self) -> contextlib.AbstractContextManager[None]:
        """What is shown to somebody in here may be changed in place, and is looked at again."""
        return self._noted.watching()

    @property
    def changes(self) -> int:
        """It grows with each."""
        return self._noted.count

    def touch(self) -> None:
        """Something was changed in place, by whoever: look at everything again."""
        self._noted.note_all()

    def parts(self) -> tuple[Part, Part, Part]:
        """What survives a restart; operations first, for resources go on with them."""

        def version() -> object:
            self.settle()
            return self.changes

        def principals() -> dict[str, Any]:
            return {key: vars(one) for key, one in self.principals.items()}

        def operations() -> dict[str, Any]:
            return {key: one.dump() for key, one in self.operations.items()}

        return (
            Part("principals", principals, self._load_principals, version, frozen=True),
            Part("operations", operations, self._load_operations, version),
            Part("resources", self._dump_resources, self._load_resources, version, self._recent),
        )

    def _load_principals(self, data: dict[str, Any]) -> None:
        self._awake = False
        self.principals = {key: Principal(**one) for key, one in data.items()}

    def _load_operations(self, data: dict[str, Any]) -> None:
        self.operations = {key: Operation.load(one) for key, one in data.items()}

    def _dump_resources(self) -> dict[str, Any]:
        self._noted.begin()
        return {one.id.key: one.dump() for one in self._shelf.below("")}

    def _recent(self) -> dict[str, Any] | None:
        """What may have changed since this was asked last; None is anything."""
        keys = self._noted.recent()
        found = None if keys is None else {key: self._shelf.get(key) for key in keys}
        return found and {key: one.dump() if one else None for key, one in found.items()}

    def _load_resources(self, data: dict[str, Any]) -> None:
        """
        Nobody is told anew, and due times stay the moments that they were.

        The clock went on meanwhile, so what became due in between happens with `wake`.
        """
        self._shelf = Shelf()
        self._agenda.clear()
        for one in data.values():
            self._resume(Resource.load(one))

    def _resume(self, kept: Resource) -> None:
        for name, revive in self.revive.items():
            if name in kept.secrets:
                kept.secrets[name] = revive(kept.secrets[name])
        self._shelf.add(kept)
        operation = self.operations.get(kept.operation)
        if operation and kept.busy and operation.stuck:  # Its fault did not survive the restart.
            self._unstick(operation)
        elif operation and kept.busy:
            act = self._remove if operation.deletes else self._finish
            self._agenda.add(operation.due, partial(act, kept, operation), operation)

    def wake(self) -> None:
        """All other parts have been loaded, too: time passes again."""
        self._awake = True
        self.settle()
