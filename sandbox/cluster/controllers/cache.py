"""What the API server holds, kept current by one list and one watch per kind."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator

import httpx

from sandbox.cluster.controllers.client import ApiError, Client
from sandbox.cluster.controllers.kinds import CUSTOM_RESOURCES, Key, Kind, Manifest, Resource

log = logging.getLogger(__name__)

Handler = Callable[[Kind, Manifest | None, Manifest | None], None]

IGNORED = {"events"}  # Written by everybody, read by people.
REMEMBERED = 5000  # Deleted uids: a late event must not bring an object back.


def version(manifest: Manifest) -> int:
    return int(manifest["metadata"].get("resourceVersion") or 0)


class Cache:
    """
    A shared informer for all kinds, custom ones included.

    Answers to our own writes enter at once (`observe`, `forget`), so that a controller never
    acts on a state older than its own last word.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.handlers: list[Handler] = []
        self._objects: dict[Resource, dict[Key, Manifest]] = {}
        self._kinds: dict[Resource, Kind] = {}
        self._by_uid: dict[str, tuple[Kind, Key]] = {}
        self._dependents: dict[str, dict[str, None]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._watches: dict[Resource, asyncio.Task[None]] = {}
        self._discovery: asyncio.Task[None] | None = None
        self._new_kinds = False

    # --- Questions -----------------------------------------------------------------------------

    def kinds(self) -> list[Kind]:
        return list(self._kinds.values())

    def get(self, kind: Kind, key: Key) -> Manifest | None:
        return self._objects.get(kind.resource, {}).get(key)

    def find(self, kind: Kind, namespace: str = "") -> list[Manifest]:
        found = self._objects.get(kind.resource, {})
        return [item for key, item in found.items() if not namespace or key.namespace == namespace]

    def by_uid(self, uid: str) -> Manifest | None:
        place = self._by_uid.get(uid)
        return self.get(*place) if place else None

    def dependents(self, uid: str) -> Iterator[tuple[Kind, Manifest]]:
        """The objects whose ownerReferences name `uid`."""
        for item in list(self._dependents.get(uid, ())):
            place = self._by_uid.get(item)
            found = self.get(*place) if place else None
            if place and found is not None:
                yield place[0], found

    def owned(self, kind: Kind, manifest: Manifest) -> list[Manifest]:
        """The objects of one kind that belong to `manifest`, by name."""
        uid = manifest["metadata"]["uid"]
        found = [item for other, item in self.dependents(uid) if other.resource == kind.resource]
        return sorted(found, key=lambda item: str(item["metadata"]["name"]))

    # --- Changes -------------------------------------------------------------------------------

    def observe(self, kind: Kind, manifest: Manifest) -> None:
        """Take in a state of an object, unless a later one is known."""
        uid = manifest["metadata"]["uid"]
        key = Key.of(manifest)
        old = self.get(kind, key)
        if uid in self._gone or (old is not None and version(manifest) <= version(old)):
            return
        if old is not None and old["metadata"]["uid"] != uid:
            self.forget(kind, old)  # Deleted and made again while we looked away.
            old = None
        self._objects.setdefault(kind.resource, {})[key] = manifest
        self._by_uid[uid] = (kind, key)
        if old is not None:
            self._unlink(old)
        for item in manifest["metadata"].get("ownerReferences") or []:
            self._dependents.setdefault(item["uid"], {})[uid] = None
        self._tell(kind, old, manifest)

    def forget(self, kind: Kind, manifest: Manifest) -> None:
        """Take in that an object is gone."""
        uid = manifest["metadata"]["uid"]
        key = Key.of(manifest)
        self._gone[uid] = None
        if len(self._gone) > REMEMBERED:
            self._gone.popitem(last=False)
        old = self.get(kind, key)
        if old is None or old["metadata"]["uid"] != uid:
            return
        del self._objects[kind.resource][key]
        self._by_uid.pop(uid, None)
        self._unlink(old)
        self._tell(kind, old, None)

    def _unlink(self, manifest: Manifest) -> None:
        uid = manifest["metadata"]["uid"]
        for item in manifest["metadata"].get("ownerReferences") or []:
            others = self._dependents.get(item["uid"], {})
            others.pop(uid, None)
            if not others:
                self._dependents.pop(item["uid"], None)

    def _tell(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        if kind.resource == CUSTOM_RESOURCES.resource:
            self._rediscover()
        for handler in self.handlers:
            handler(kind, old, new)

    # --- Watching ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Return when every kind has been listed once."""
        first = [self._follow(kind) for kind in await self.client.kinds()]
        await asyncio.gather(*(event.wait() for event in first))

    async def stop(self) -> None:
        tasks = [*self._watches.values(), *([self._discovery] if self._discovery else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, kind: Kind) -> asyncio.Event:
        listed = asyncio.Event()
        if kind.plural in IGNORED or kind.resource in self._watches:
            listed.set()
            return listed
        self._kinds[kind.resource] = kind
        task = asyncio.create_task(self._watch(kind, listed), name=f"watch {kind.plural}")
        self._watches[kind.resource] = task
        task.add_done_callback(lambda _: listed.set())
        return listed

    def _rediscover(self) -> None:
        """A custom kind came or went."""
        self._new_kinds = True
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.create_task(self._discover())

    async def _discover(self) -> None:
        while self._new_kinds:
            await asyncio.sleep(0.05)  # Charts bring dozens of definitions at once.
            self._new_kinds = False
            try:
                for kind in await self.client.kinds():
                    self._follow(kind)
            except (ApiError, httpx.HTTPError) as error:
                log.warning("discovery failed: %s", error)

    async def _watch(self, kind: Kind, listed: asyncio.Event) -> None:
        """List, then follow; begin again when the server forgot, go on when it only paused."""
        mark, pause = "", 0.1
        while True:
            try:
                if not mark:
                    mark = await self._relist(kind)
                    listed.set()
                async for event, manifest in self.client.watch(kind, mark):
                    if event == "ERROR":
                        mark = ""
                        break
                    mark = manifest["metadata"]["resourceVersion"]
                    self._take(kind, event, manifest)
                    pause = 0.1
            except ApiError as error:
                if error.status == httpx.codes.NOT_FOUND:
                    self._drop(kind)
                    return
                mark = ""
            except (httpx.HTTPError, ValueError) as error:
                log.debug("watch of %s broke: %r", kind.plural, error)
                mark = ""
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5)

    def _take(self, kind: Kind, event: str, manifest: Manifest) -> None:
        if event == "DELETED":
            self.forget(kind, manifest)
        elif event != "BOOKMARK":
            self.observe(kind, manifest)

    async def _relist(self, kind: Kind) -> str:
        found, mark = await self.client.list(kind)
        present = {item["metadata"]["uid"] for item in found}
        for item in self.find(kind):
            if item["metadata"]["uid"] not in present and version(item) <= int(mark):
                self.forget(kind, item)
        for item in found:
            self.observe(kind, item)
        return mark

    def _drop(self, kind: Kind) -> None:
        """The kind is no longer served: its objects went with it."""
        for item in self.find(kind):
            self.forget(kind, item)
        self._watches.pop(kind.resource, None)
        self._kinds.pop(kind.resource, None)
