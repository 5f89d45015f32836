"""A request, understood: who sends it, which object it names, how body and answer look."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from sandbox.cluster.api import documents, errors, protobuf
from sandbox.cluster.api.authentication import User
from sandbox.cluster.api.kinds import Kinds
from sandbox.cluster.api.objects import Target
from sandbox.cluster.api.reading import Options

OWN_SUBRESOURCES = ("status", "finalize")  # Of a namespace, whose path also leads into it.
UNSIMULATED = ("exec", "attach", "portforward", "proxy", "ephemeralcontainers")
LARGEST = 3 * 1024 * 1024  # Bytes of a body; a real API server takes as much.


@dataclass(frozen=True)
class Place:
    """What a path names."""

    target: Target
    subresource: str = ""


def locate(kinds: Kinds, path: str) -> Place:
    """The object or collection behind `/api/v1/...` or `/apis/<group>/<version>/...`."""
    root, *parts = [part for part in path.split("/") if part]
    group = parts.pop(0) if root == "apis" else ""
    version, *rest = parts
    namespace = ""
    inside = rest[:1] == ["namespaces"] and len(rest) > 2  # noqa: PLR2004 (a name, and more)
    if inside and not (len(rest) == 3 and rest[2] in OWN_SUBRESOURCES):  # noqa: PLR2004
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource, *more = [*rest, "", ""][: max(3, len(rest))]
    if subresource in UNSIMULATED:
        raise errors.not_simulated(f"{plural}/{subresource}")
    kind = kinds.find(group, version, plural)
    if kind is None or more or (namespace and not kind.namespaced):
        raise errors.no_such_path()
    if subresource and subresource not in (*kind.subresources, "binding"):
        raise errors.no_such_path()
    return Place(Target(kind, namespace, name), subresource)


class Call:
    """One request of a known user."""

    def __init__(self, request: Request, body: bytes, user: User) -> None:
        self.request = request
        self.raw = body
        self.user = user
        self.method = request.method
        self.path: str = request.scope["path"]
        self.query = dict(parse_qsl(request.url.query, keep_blank_values=True))
        self.accept = request.headers.get("accept", "")
        self.media_type = request.headers.get("content-type", "").partition(";")[0].strip()
        self.warnings: list[str] = []

    @cached_property
    def body(self) -> Any:
        """The content, whatever the header says of it."""
        if self.raw.startswith(protobuf.MAGIC):
            return protobuf.decode(self.raw)
        if not self.raw.strip():
            return {}
        try:
            return documents.read(self.raw)
        except ValueError as error:
            raise errors.bad_request(f"the body cannot be read: {error}") from error

    @property
    def watches(self) -> bool:
        return self.method == "GET" and self.flag("watch")

    def flag(self, name: str) -> bool:
        return self.query.get(name) in ("true", "1")

    @property
    def as_table(self) -> bool:
        return "as=Table" in self.accept

    @property
    def as_metadata(self) -> bool:
        return "as=PartialObjectMetadata" in self.accept

    def options(self, subresource: str = "") -> Options:
        agent = self.request.headers.get("user-agent", "unknown").partition("/")[0]
        return Options(
            manager=self.query.get("fieldManager") or agent,
            field_validation=self.query.get("fieldValidation") or "Warn",
            subresource=subresource,
            dry_run=self.query.get("dryRun") == "All",
            force=self.flag("force"),
            warnings=self.warnings,
        )

    def answer(self, content: Any, code: int = 200) -> Response:
        """A JSON answer, with a warning header for each thing that was ignored."""
        response = json_response(content, code)
        for text in self.warnings:
            plain = text.encode("ascii", "backslashreplace").decode()
            quoted = plain.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.append("warning", f'299 - "{quoted}"')
        return response


def encode(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()


def json_response(content: Any, code: int = 200) -> Response:
    return Response(encode(content), code, media_type="application/json")
