"""The OCI distribution protocol: what helm, oras and docker speak to a registry."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cloud.container_registry.contents import MANIFEST, Manifest, Repository, digest

Right = Literal["pull", "push", "delete"]
VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}
METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]
# A name has slashes, so that the end of the path tells what is asked.
PATHS = {
    "upload": re.compile(r"^/v2/(?P<name>.+)/blobs/uploads/(?P<reference>[^/]*)$"),
    "blob": re.compile(r"^/v2/(?P<name>.+)/blobs/(?P<reference>[^/]+)$"),
    "manifest": re.compile(r"^/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)$"),
    "tags": re.compile(r"^/v2/(?P<name>.+)/tags/list$"),
}


class RegistryError(Exception):
    """An answer in the shape that registry clients parse."""

    def __init__(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = VERSION | (headers or {})
        self.body = {"errors": [{"code": code, "message": message, "detail": None}]}


NAME = re.compile(
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
)
"""As the distribution specification has it; what is one may stand in a header."""
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


@dataclass(frozen=True)
class Asked:
    """What a request is about."""

    request: Request
    host: str
    name: str
    reference: str


class Distribution:
    """Answers the protocol; the two functions decide who may, and where things are kept."""

    def __init__(
        self,
        authorize: Callable[[Request, str, Right], None],
        repository: Callable[[str, str, Right], Repository],
    ) -> None:
        """`authorize(request, name, right)` may raise; the name is empty for `/v2/` itself."""
        self._authorize = authorize
        self._repository = repository

    async def answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if path in ("/v2", "/v2/"):
            self._authorize(request, "", "pull")
            return JSONResponse({}, headers=VERSION)
        for kind, pattern in PATHS.items():
            if match := pattern.match(path):
                if not NAME.fullmatch(match["name"]):
                    raise RegistryError(400, "NAME_INVALID", "invalid repository name")
                reference = match.groupdict().get("reference", "")
                asked = Asked(request, host_of(request), match["name"], reference)
                return await self._answer(kind, asked)
        raise RegistryError(404, "NAME_UNKNOWN", f"repository name not known to registry: {path}")

    async def _answer(self, kind: str, asked: Asked) -> Response:
        method = asked.request.method
        right: Right = "pull" if method in ("GET", "HEAD") and kind != "upload" else "push"
        if method == "DELETE":
            right = "delete"
        self._authorize(asked.request, asked.name, right)
        kept = self._repository(asked.host, asked.name, right)
        answers: dict[tuple[str, str], Callable[[Asked, Repository], Awaitable[Response]]] = {
            ("upload", "POST"): self.start_upload,
            ("upload", "PATCH"): self.continue_upload,
            ("upload", "PUT"): self.end_upload,
            ("blob", "GET"): self.blob,
            ("blob", "HEAD"): self.blob,
            ("manifest", "GET"): self.manifest,
            ("manifest", "HEAD"): self.manifest,
            ("manifest", "PUT"): self.publish,
            ("manifest", "DELETE"): self.remove,
            ("tags", "GET"): self.tags,
        }
        action = answers.get((kind, method))
        if action is None:
            raise RegistryError(
                405, "UNSUPPORTED", f"The sandbox's registry does not take {method} for a {kind}."
            )
        return await action(asked, kept)

    # --- Blobs ---------------------------------------------------------------------------------

    async def start_upload(self, asked: Asked, kept: Repository) -> Response:
        wanted = asked.request.query_params.get("digest")
        identifier = kept.begin_upload()
        if wanted:  # The whole blob comes with this one request.
            return await self.end_upload(
                Asked(asked.request, asked.host, asked.name, identifier), kept
            )
        address = f"/v2/{asked.name}/blobs/uploads/{identifier}"
        headers = VERSION | {
            "Location": address,
            "Docker-Upload-UUID": identifier,
            "Range": "0-0",
        }
        return Response(status_code=202, headers=headers)

    async def continue_upload(self, asked: Asked, kept: Repository) -> Response:
        content = await asked.request.body()
        upload = self._upload(asked, kept)
        upload += content
        headers = VERSION | {
            "Location": asked.request.scope["path"],
            "Docker-Upload-UUID": asked.reference,
            "Range": f"0-{max(0, len(upload) - 1)}",
        }
        return Response(status_code=202, headers=headers)

    async def end_upload(self, asked: Asked, kept: Repository) -> Response:
        content = await asked.request.body()
        upload = self._upload(asked, kept)
        upload += content
        wanted = asked.request.query_params.get("digest", "")
        del kept.uploads[asked.reference]
        if digest(bytes(upload)) != wanted:
            raise RegistryError(
                400, "DIGEST_INVALID", "provided digest did not match uploaded content"
            )
        kept.keep(bytes(upload))
        headers = VERSION | {
            "Location": f"/v2/{asked.name}/blobs/{wanted}",
            "Docker-Content-Digest": wanted,
        }
        return Response(status_code=201, headers=headers)

    def _upload(self, asked: Asked, kept: Repository) -> bytearray:
        try:
            return kept.go_on(asked.reference)
        except KeyError as error:
            raise RegistryError(
                404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"
            ) from error

    async def blob(self, asked: Asked, kept: Repository) -> Response:
        content = kept.blobs.get(asked.reference)
        if content is None:
            raise RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return found(asked, content, "application/octet-stream", asked.reference)

    # --- Manifests and tags --------------------------------------------------------------------

    async def manifest(self, asked: Asked, kept: Repository) -> Response:
        held = kept.find(asked.reference)
        if held is None:
            raise RegistryError(
                404, "MANIFEST_UNKNOWN", f"manifest unknown: {asked.name}:{asked.reference}"
            )
        return found(asked, held.content, held.media_type, held.digest)

    async def publish(self, asked: Asked, kept: Repository) -> Response:
        if not (TAG.fullmatch(asked.reference) or asked.reference.startswith("sha256:")):
            raise RegistryError(400, "TAG_INVALID", "manifest tag did not match the grammar")
        media_type = asked.request.headers.get("content-type", MANIFEST)
        wanted = Manifest(await asked.request.body(), media_type)
        missing = kept.missing(wanted)
        if missing:
            raise RegistryError(
                400, "MANIFEST_BLOB_UNKNOWN", f"blob unknown to registry: {missing[0]}"
            )
        if asked.reference.startswith("sha256:") and asked.reference != wanted.digest:
            raise RegistryError(400, "DIGEST_INVALID", "provided digest did not match the content")
        kept.publish(asked.reference, wanted)
        headers = VERSION | {
            "Location": f"/v2/{asked.name}/manifests/{wanted.digest}",
            "Docker-Content-Digest": wanted.digest,
        }
        return Response(status_code=201, headers=headers)

    async def remove(self, asked: Asked, kept: Repository) -> Response:
        if asked.reference not in kept.manifests:
            raise RegistryError(404, "MANIFEST_UNKNOWN", "manifest unknown: name it by its digest")
        kept.remove(asked.reference)
        return Response(status_code=202, headers=VERSION)

    async def tags(self, asked: Asked, kept: Repository) -> Response:
        if not kept.manifests:
            raise RegistryError(404, "NAME_UNKNOWN", "repository name not known to registry")
        return JSONResponse({"name": asked.name, "tags": sorted(kept.tags)}, headers=VERSION)


def host_of(request: Request) -> str:
    """The registry that was asked: the front door knows, and the Host header says."""
    return str(request.scope.get("host") or request.url.hostname or "").lower()


def found(asked: Asked, content: bytes, media_type: str, name: str) -> Response:
    headers = VERSION | {"Docker-Content-Digest": name, "Content-Length": str(len(content))}
    body = b"" if asked.request.method == "HEAD" else content
    return Response(body, media_type=media_type, headers=headers)


async def refuse(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RegistryError):
        raise error
    return JSONResponse(error.body, error.status, error.headers)


def application(distribution: Distribution, routes: list[Route]) -> Starlette:
    """A registry with some further addresses, such as those that give out tokens."""
    made = Starlette(
        routes=[*routes, Route("/v2{rest:path}", distribution.answer, methods=METHODS)],
        exception_handlers={RegistryError: refuse},
    )
    made.router.redirect_slashes = False
    return made
