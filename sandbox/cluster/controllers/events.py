"""Events: what the controllers tell people who run `kubectl describe`."""

import asyncio
import logging
from collections import OrderedDict

import httpx

from sandbox.cluster.controllers.client import ApiError, Client
from sandbox.cluster.controllers.kinds import EVENTS, Kind, Manifest
from sandbox.cluster.controllers.objects import digest, now

log = logging.getLogger(__name__)

REMEMBERED = 1000  # Events that can still be counted up instead of written anew.


class Recorder:
    """Writes events behind the work; the same words about the same object only count up."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._queue: asyncio.Queue[Manifest] = asyncio.Queue()
        self._known: OrderedDict[str, Manifest] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._write(), name="events")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def normal(self, source: str, kind: Kind, about: Manifest, reason: str, message: str) -> None:
        self._put("Normal", source, kind, about, reason, message)

    def warning(self, source: str, kind: Kind, about: Manifest, reason: str, message: str) -> None:
        self._put("Warning", source, kind, about, reason, message)

    def _put(  # noqa: PLR0913, PLR0917 - An event has these parts.
        self, level: str, source: str, kind: Kind, about: Manifest, reason: str, message: str
    ) -> None:
        metadata, time = about["metadata"], now()
        involved = {"apiVersion": kind.api_version, "kind": kind.kind, "name": metadata["name"]}
        involved |= {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        if kind.namespaced:
            involved["namespace"] = metadata["namespace"]
        mark = digest([metadata["uid"], reason, message])
        event = {
            "metadata": {
                "name": f"{metadata['name']}.{mark}",
                "namespace": metadata.get("namespace") or "default",
            },
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "type": level,
            "source": {"component": source},
            "reportingComponent": source,
            "firstTimestamp": time,
            "lastTimestamp": time,
            "count": 1,
        }
        self._queue.put_nowait(event)

    async def _write(self) -> None:
        while True:
            event = await self._queue.get()
            try:
                await self._store(event)
            except (ApiError, httpx.HTTPError) as error:
                log.debug("event %s: %r", event["metadata"]["name"], error)

    async def _store(self, event: Manifest) -> None:
        name = event["metadata"]["name"]
        known = self._known.get(name)
        if known is None:
            try:
                await self.client.create(EVENTS, event)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise  # Its namespace is going away, most likely.
        else:
            change = {"count": known["count"] + 1, "lastTimestamp": event["lastTimestamp"]}
            await self.client.patch(EVENTS, event, change)
            event |= {"count": change["count"]}
        self._known[name] = event
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
