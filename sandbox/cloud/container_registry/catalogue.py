"""What a registry tells about its contents: the catalogue, and Azure's own `/acr/v1`."""

import re
from datetime import UTC, datetime
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cloud.container_registry.contents import Repository
from sandbox.cloud.container_registry.distribution import VERSION, RegistryError, Right, host_of

PAGE = 100
MOST = 1000
CHANGEABLE = {
    f"{word}Enabled": True for word in ("delete", "write", "read", "list")
}  # Locks on contents are not simulated.
# A name has slashes, so that the end of the path tells what is asked.
PATHS = {
    "tag": re.compile(r"^/(?P<name>.+)/_tags/(?P<reference>[^/]+)$"),
    "tags": re.compile(r"^/(?P<name>.+)/_tags$"),
    "manifest": re.compile(r"^/(?P<name>.+)/_manifests/(?P<reference>[^/]+)$"),
    "manifests": re.compile(r"^/(?P<name>.+)/_manifests$"),
    "repository": re.compile(r"^/(?P<name>[^_].*)$"),
}
Shown = dict[str, Any]


class Holder(Protocol):
    """Who keeps repositories and knows who may do what to them."""

    def authorize(self, request: Request, name: str, right: Right) -> None: ...
    def catalog(self, host: str) -> list[str]: ...
    def repository(self, host: str, name: str, right: Right) -> Repository: ...
    def drop(self, host: str, name: str) -> None: ...


class Catalogue:
    """Reads contents, and deletes them, in the words of Azure rather than of the OCI."""

    def __init__(self, holder: Holder) -> None:
        self.holder = holder

    def routes(self) -> list[Route]:
        return [
            Route("/v2/_catalog", self.repositories, methods=["GET"]),
            Route("/acr/v1/_catalog", self.repositories, methods=["GET"]),
            Route("/acr/v1{rest:path}", self.answer, methods=["GET", "DELETE"]),
        ]

    async def repositories(self, request: Request) -> Response:
        self.holder.authorize(request, "", "pull")
        names = self.holder.catalog(host_of(request))
        chosen, headers = page(request, names)
        return JSONResponse({"repositories": chosen}, headers=headers)

    async def answer(self, request: Request) -> Response:
        path, verb = request.path_params["rest"], request.method
        for kind, pattern in PATHS.items():
            match = pattern.match(path)
            if match is None:
                continue
            name, right = match["name"].lower(), "pull" if verb == "GET" else "delete"
            self.holder.authorize(request, name, right)  # type: ignore[arg-type]  # One of two.
            if name not in self.holder.catalog(host_of(request)):
                raise missing("NAME_UNKNOWN", "repository name not known to registry")
            kept = self.holder.repository(host_of(request), name, "pull")
            reference = match.groupdict().get("reference", "")
            return (
                self.show(request, kind, name, kept, reference)
                if verb == "GET"
                else (self.delete(request, kind, name, kept, reference))
            )
        raise missing("NAME_UNKNOWN", f"The sandbox's registry does not know {request.url.path}.")

    def show(
        self, request: Request, kind: str, name: str, kept: Repository, reference: str
    ) -> Response:
        where = {"registry": host_of(request), "imageName": name}
        if kind == "repository":
            return JSONResponse(where | attributes(kept))
        if kind == "tag":
            if reference not in kept.tags:
                raise missing("TAG_UNKNOWN", "the specified tag does not exist")
            return JSONResponse(where | {"tag": tag(kept, reference)})
        if kind == "manifest":
            if reference not in kept.manifests:
                raise missing("MANIFEST_UNKNOWN", "manifest unknown")
            return JSONResponse(where | {"manifest": manifest(kept, reference)})
        newest = request.query_params.get("orderby", "") == "timedesc"
        names = sorted(kept.tags if kind == "tags" else kept.manifests)
        if "orderby" in request.query_params:
            names.sort(key=lambda one: kept.times[one][1], reverse=newest)
        chosen, headers = page(request, names)
        tell = tag if kind == "tags" else manifest
        return JSONResponse(where | {kind: [tell(kept, one) for one in chosen]}, headers=headers)

    def delete(
        self, request: Request, kind: str, name: str, kept: Repository, reference: str
    ) -> Response:
        if kind == "repository":
            self.holder.drop(host_of(request), name)
            gone = {"manifestsDeleted": sorted(kept.manifests), "tagsDeleted": sorted(kept.tags)}
            return JSONResponse(gone, 202)
        if kind != "tag":
            raise RegistryError(405, "UNSUPPORTED", "Delete a manifest below /v2, by its digest.")
        if reference not in kept.tags:
            raise missing("TAG_UNKNOWN", "the specified tag does not exist")
        kept.untag(reference)
        return Response(status_code=202)


def missing(code: str, message: str) -> RegistryError:
    return RegistryError(404, code, message)


def page(request: Request, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """At most `n` names after `last`, and a link to the next ones."""
    asked = request.query_params
    try:
        size = min(int(asked.get("n", PAGE)), MOST)
    except ValueError as error:
        raise RegistryError(
            400, "PAGINATION_NUMBER_INVALID", "invalid number of results"
        ) from error
    start = names.index(asked["last"]) + 1 if asked.get("last") in names else 0
    chosen = names[start : start + size]
    if not chosen or start + size >= len(names):
        return chosen, VERSION
    address = f"{request.url.path}?last={chosen[-1]}&n={size}"
    order = f"&orderby={asked['orderby']}" if "orderby" in asked else ""
    return chosen, VERSION | {"Link": f'<{address}{order}>; rel="next"'}


def attributes(kept: Repository) -> Shown:
    times = list(kept.times.values())
    return {
        "createdTime": stamp(min(created for created, _ in times)),
        "lastUpdateTime": stamp(max(changed for _, changed in times)),
        "manifestCount": len(kept.manifests),
        "tagCount": len(kept.tags),
        "changeableAttributes": CHANGEABLE,
    }


def tag(kept: Repository, name: str) -> Shown:
    return {"name": name, "digest": kept.tags[name], "signed": False} | common(kept, name)


def manifest(kept: Repository, digest: str) -> Shown:
    found = kept.manifests[digest]
    parts = found.parts()
    return {
        "digest": digest,
        "imageSize": len(found.content) + sum(int(part.get("size", 0)) for part in parts),
        "mediaType": found.media_type,
        "configMediaType": parts[0].get("mediaType") if parts else None,
        "tags": kept.tags_of(digest),
    } | common(kept, digest)


def common(kept: Repository, name: str) -> Shown:
    created, changed = kept.times[name]
    return {
        "createdTime": stamp(created),
        "lastUpdateTime": stamp(changed),
        "changeableAttributes": CHANGEABLE,
    }


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
