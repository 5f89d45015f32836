"""What all controllers share: their surroundings, a work queue, and retries."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import httpx

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.client import ApiError, Client
from sandbox.cluster.controllers.events import Recorder
from sandbox.cluster.controllers.kinds import Key, Kind, Manifest
from sandbox.cluster.controllers.objects import owner, settle_conditions, status
from sandbox.cluster.controllers.work import WorkQueue
from sandbox.cluster.settings import Settings

log = logging.getLogger(__name__)

FIRST_RETRY = 0.02  # Seconds; doubled with each failure.
LAST_RETRY = 10.0
TELLING = 5  # Refusals before the log mentions them: conflicts are daily business.

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Surroundings:
    """The cluster as a controller sees it: writes go to the API and enter the cache at once."""

    settings: Settings
    client: Client
    cache: Cache
    recorder: Recorder

    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        made = await self.client.create(kind, manifest)
        self.cache.observe(kind, made)
        return made

    async def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        replaced = await self.client.replace(kind, manifest)
        self.cache.observe(kind, replaced)
        return replaced

    async def patch(self, kind: Kind, manifest: Manifest, change: Manifest) -> Manifest:
        patched = await self.client.patch(kind, manifest, change)
        if patched["metadata"].get("deletionTimestamp"):
            return patched  # It may have vanished with its last finalizer: let the watch tell.
        self.cache.observe(kind, patched)
        return patched

    async def set_status(self, kind: Kind, manifest: Manifest, wanted: Manifest) -> None:
        """Bring the status to `wanted`; a None removes a field, no difference means no write."""
        before = status(manifest)
        if "conditions" in wanted:
            conditions = settle_conditions(before.get("conditions") or [], wanted["conditions"])
            wanted = wanted | {"conditions": conditions}
        change = {name: value for name, value in wanted.items() if before.get(name) != value}
        if change:
            body = {"status": change}
            patched = await self.client.patch(kind, manifest, body, subresource="status")
            self.cache.observe(kind, patched)

    async def delete(self, kind: Kind, manifest: Manifest, policy: str = "Background") -> None:
        """Delete an object; one that is gone already is as good."""
        try:
            answer = await self.client.delete(kind, manifest, propagationPolicy=policy)
        except ApiError as error:
            if error.status == httpx.codes.NOT_FOUND:
                self.cache.forget(kind, manifest)
                return
            raise
        if answer.get("kind") == "Status":
            self.cache.forget(kind, manifest)
        else:
            self.cache.observe(kind, answer)


class Worker(ABC, Generic[K]):
    """Works through a queue of dirty keys; what fails comes back, later each time."""

    workers: ClassVar[int] = 1

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self.cache = around.cache
        self.latency = around.settings.latency
        self.queue: WorkQueue[K] = WorkQueue()
        self._tasks: list[asyncio.Task[None]] = []

    @abstractmethod
    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        """Mark what a change makes dirty."""

    @abstractmethod
    async def reconcile(self, key: K) -> float | None:
        """Bring one object to its wanted state; the seconds until another look, or None."""

    def start(self) -> None:
        name = type(self).__name__
        self._tasks = [asyncio.create_task(self._work(), name=name) for _ in range(self.workers)]

    async def stop(self) -> None:
        self.queue.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            key = await self.queue.get()
            try:
                again = await self.reconcile(key)
            except Exception as error:  # noqa: BLE001 - One bad object must not stop the others.
                self._retry(key, error)
            else:
                self.queue.succeeded(key)
                if again is not None:
                    self.queue.add_after(key, again)
            finally:
                self.queue.done(key)

    def _retry(self, key: K, error: Exception) -> None:
        failures = self.queue.failed(key)
        self.queue.add_after(key, min(FIRST_RETRY * 2**failures, LAST_RETRY))
        expected = isinstance(error, ApiError | httpx.HTTPError)
        level = logging.DEBUG if expected and failures < TELLING else logging.WARNING
        log.log(level, "%s %s: %r", type(self).__name__, key, error, exc_info=not expected)


class Controller(Worker[Key]):
    """Brings the objects of one kind to their wanted state."""

    kind: ClassVar[Kind]
    owns: ClassVar[tuple[Kind, ...]] = ()  # Kinds whose changes concern their owner.

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        changed = new or old
        if changed is None:
            return
        if kind.resource == self.kind.resource:
            self.queue.add(Key.of(changed))
        elif any(kind.resource == owned.resource for owned in self.owns):
            parent = owner(changed)
            if parent and parent["kind"] == self.kind.kind:
                self.queue.add(Key(changed["metadata"].get("namespace", ""), parent["name"]))
