"""Watches and lists: the objects that a selector chooses, now and as they change."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

from starlette.responses import StreamingResponse

from sandbox.cluster.api import selectors
from sandbox.cluster.api.calls import Call, encode
from sandbox.cluster.api.errors import ApiError, bad_request
from sandbox.cluster.api.objects import Target, in_version
from sandbox.cluster.api.storage import Change, Object, Storage
from sandbox.cluster.api.tables import partial, table

LONGEST = 3600  # Seconds that a watch lives when the client names no limit.
BOOKMARK = 60.0  # Seconds between two bookmarks.
INITIAL_END = "k8s.io/initial-events-end"


class View:
    """What one client wants to see of a collection, and in which form."""

    def __init__(self, call: Call, target: Target) -> None:
        self.kind = target.kind
        self.namespace = target.namespace
        self.name = target.name
        self.table = call.as_table
        self.metadata = call.as_metadata
        self.include = call.query.get("includeObject", "Metadata")
        self._labels = selectors.labels(call.query.get("labelSelector", ""))
        self._fields = selectors.fields(call.query.get("fieldSelector", ""))

    def chooses(self, body: Object | None) -> bool:
        if body is None:
            return False
        metadata = body["metadata"]
        return (
            (not self.namespace or metadata.get("namespace") == self.namespace)
            and (not self.name or metadata["name"] == self.name)
            and self._labels(body)
            and self._fields(body)
        )

    def one(self, body: Object) -> Object:
        """One object in the wanted form."""
        body = in_version(self.kind, body)
        if self.table:
            return table(self.kind, [body], body["metadata"]["resourceVersion"], self.include)
        return partial(body) if self.metadata else body

    def many(self, bodies: list[Object], version: str) -> Object:
        """A whole list in the wanted form."""
        bodies = [in_version(self.kind, body) for body in bodies]
        if self.table:
            return table(self.kind, bodies, version, self.include)
        kind, api_version = f"{self.kind.name}List", self.kind.api_version
        if self.metadata:
            kind, api_version = "PartialObjectMetadataList", "meta.k8s.io/v1"
            bodies = [partial(body) for body in bodies]
        return {
            "kind": kind,
            "apiVersion": api_version,
            "metadata": {"resourceVersion": version},
            "items": bodies,
        }

    def bookmark(self, version: int, *, initial_end: bool = False) -> Object:
        """Says how far the stream has come, in the client's own form."""
        kind, api_version = self.kind.name, self.kind.api_version
        if self.table or self.metadata:
            kind = "Table" if self.table else "PartialObjectMetadata"
            api_version = "meta.k8s.io/v1"
        metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
        if initial_end:
            metadata["annotations"] = {INITIAL_END: "true"}
        return {"kind": kind, "apiVersion": api_version, "metadata": metadata}


def listing(storage: Storage, call: Call, target: Target) -> Object:
    """Every object that a list request chooses."""
    view = View(call, target)
    found = chosen(storage, view)
    limit = _number(call.query.get("limit") or "0")
    token = call.query.get("continue", "")
    if not limit and not token:
        return view.many(found, str(storage.version))
    version, start = _resumed(token, storage.version)
    rest = [body for body in found if place(body) > start]
    page = rest[:limit] if limit else rest
    listed = view.many(page, str(version))
    if len(page) < len(rest):
        listed["metadata"]["continue"] = _continued(version, place(page[-1]))
        if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
            listed["metadata"]["remainingItemCount"] = len(rest) - len(page)
    return listed


def place(body: Object) -> tuple[str, str]:
    """Where an object stands in a list."""
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


def _continued(version: int, last: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(last)})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _resumed(token: str, version: int) -> tuple[int, tuple[str, str]]:
    """The version of a list's first page, and the last object that its reader has seen."""
    if not token:
        return version, ("", "")
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        namespace, _, name = found["start"].partition("/")
        return int(found["rv"]), (namespace, name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise bad_request("continue key is not valid") from error


def chosen(storage: Storage, view: View) -> list[Object]:
    found = storage.collection(view.kind.resource, view.namespace)
    return [body for body in found if view.chooses(body)]


def stream(storage: Storage, call: Call, target: Target) -> StreamingResponse:
    """Follow a collection; the headers leave before the first event."""
    events = _events(storage, View(call, target), Wish.of(call))
    return StreamingResponse(events, media_type="application/json")


@dataclass(frozen=True)
class Wish:
    """From where to where somebody watches."""

    since: int
    initial: bool
    initial_end: bool
    bookmarks: bool
    seconds: float

    @classmethod
    def of(cls, call: Call) -> Self:
        since = _number(call.query.get("resourceVersion") or "0")
        return cls(
            since=since,
            initial=since == 0 or call.flag("sendInitialEvents"),
            initial_end=call.flag("sendInitialEvents"),
            bookmarks=call.flag("allowWatchBookmarks"),
            seconds=_number(call.query.get("timeoutSeconds") or "0") or LONGEST,
        )


async def _events(storage: Storage, view: View, wish: Wish) -> AsyncIterator[bytes]:
    line = _writer(view)
    # Mark and subscription are one step: nothing falls between the list and the stream.
    with storage.watch(view.kind.resource) as changes:
        mark = storage.version
        try:
            for past in _past(storage, view, wish):
                yield line(*past)
        except ApiError as error:
            yield _line("ERROR", error.status)
            return
        if wish.initial_end:
            yield _line("BOOKMARK", view.bookmark(mark, initial_end=True))
        end = time.monotonic() + wish.seconds
        while (left := end - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(min(left, BOOKMARK)):
                    change = await changes.get()
            except TimeoutError:
                if wish.bookmarks:
                    yield _line("BOOKMARK", view.bookmark(storage.version))
                continue
            if change is None:
                return
            # What happened while the past was being sent is in the queue; what was sent is not.
            if change.version > mark and (event := seen(view, change)):
                yield line(*event)


def _past(storage: Storage, view: View, wish: Wish) -> list[tuple[str, Object]]:
    """What a client must hear first: everything there is, or everything that it missed."""
    if wish.initial:
        return [("ADDED", body) for body in chosen(storage, view)]
    missed = storage.since(view.kind.resource, wish.since)
    return [event for change in missed if (event := seen(view, change))]


def _number(text: str) -> int:
    if not text.isdigit():
        raise bad_request(f'"{text}" is not a number')
    return int(text)


def seen(view: View, change: Change) -> tuple[str, Object] | None:
    """A change as this view sees it: entering is ADDED, leaving is DELETED."""
    before, after = view.chooses(change.old), view.chooses(change.new)
    if change.type == "DELETED":
        return ("DELETED", change.new) if before else None
    if after:
        return ("MODIFIED" if before else "ADDED"), change.new
    if before and change.old is not None:
        version = change.new["metadata"]["resourceVersion"]
        metadata = {**change.old["metadata"], "resourceVersion": version}
        return "DELETED", {**change.old, "metadata": metadata}
    return None


def _writer(view: View) -> Callable[[str, Object], bytes]:
    """Events as lines; only the first Table of a stream names its columns."""
    named = False

    def line(event: str, body: Object) -> bytes:
        nonlocal named
        shown = view.one(body)
        if view.table:
            shown = {**shown, "columnDefinitions": None} if named else shown
            named = True
        return _line(event, shown)

    return line


def _line(event: str, body: Object) -> bytes:
    return encode({"type": event, "object": body}) + b"\n"
