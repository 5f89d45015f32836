"""A Kubernetes client in one file: list, watch, get, create, replace, patch, delete."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from sandbox.cluster.controllers.kinds import Kind, Manifest

MERGE = {"Content-Type": "application/merge-patch+json"}
JSON = {"Content-Type": "application/json"}
FOREVER = httpx.Timeout(30, read=None)


class ApiError(Exception):
    """The API server refused; `reason` is the machine-readable word of its Status."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @classmethod
    def of(cls, answer: httpx.Response) -> "ApiError":
        try:
            body = answer.json()
        except ValueError:
            body = {"message": answer.text}
        return cls(answer.status_code, body.get("reason", ""), body.get("message", ""))


def checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    raise ApiError.of(answer)


class Client:
    """What a controller asks of an API server; raises `ApiError` when it refuses."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def kinds(self) -> list[Kind]:
        """Every kind that can be listed and watched, each in the version its group prefers."""
        groups = checked(await self.http.get("/apis"))["groups"]
        versions = [("", "v1", "/api/v1")]
        for group in groups:
            name, preferred = group["name"], group["preferredVersion"]["version"]
            served = [item["version"] for item in group["versions"]]
            ordered = [preferred, *(item for item in served if item != preferred)]
            versions += [(name, version, f"/apis/{name}/{version}") for version in ordered]
        found: dict[tuple[str, str], Kind] = {}
        for group, version, path in versions:
            answer = await self.http.get(path)
            if answer.status_code == httpx.codes.NOT_FOUND:
                continue  # A custom group may vanish between two questions.
            for item in checked(answer)["resources"]:
                if "/" not in item["name"] and {"list", "watch"} <= set(item["verbs"]):
                    kind = Kind(group, version, item["name"], item["kind"], item["namespaced"])
                    found.setdefault((group, item["name"]), kind)
        return list(found.values())

    async def list(self, kind: Kind, namespace: str = "") -> tuple[list[Manifest], str]:
        """The objects, and the resource version from which a watch goes on."""
        body = checked(await self.http.get(kind.path(namespace)))
        types = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [types | item for item in body["items"]], body["metadata"]["resourceVersion"]

    async def watch(self, kind: Kind, version: str) -> AsyncIterator[tuple[str, Manifest]]:
        """Changes after `version`, until the server ends the stream."""
        query = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"}
        request = self.http.stream("GET", kind.path(), params=query, timeout=FOREVER)
        async with request as answer:
            if not answer.is_success:
                await answer.aread()
                raise ApiError.of(answer)
            async for line in answer.aiter_lines():
                if line.strip():
                    event = json.loads(line)
                    yield event["type"], event["object"]

    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        answer = await self.http.get(kind.path(namespace, name))
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        found: Manifest = checked(answer)
        return found

    async def create(self, kind: Kind, manifest: Manifest, subresource: str = "") -> Manifest:
        """Make an object; with a subresource, post to the object that the manifest names."""
        metadata = manifest["metadata"]
        name = metadata["name"] if subresource else ""
        path = kind.path(metadata.get("namespace", ""), name, subresource)
        body = {"apiVersion": kind.api_version, "kind": kind.kind} | manifest
        made: Manifest = checked(await self.http.post(path, json=body))
        return made

    async def replace(self, kind: Kind, manifest: Manifest, subresource: str = "") -> Manifest:
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"], subresource)
        replaced: Manifest = checked(await self.http.put(path, json=manifest))
        return replaced

    async def patch(
        self, kind: Kind, manifest: Manifest, change: Manifest, subresource: str = ""
    ) -> Manifest:
        """Merge `change` (RFC 7386) into the object that the manifest names."""
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"], subresource)
        answer = await self.http.patch(path, content=json.dumps(change), headers=MERGE)
        patched: Manifest = checked(answer)
        return patched

    async def delete(self, kind: Kind, manifest: Manifest, **options: Any) -> Manifest:
        """Delete this very object, not a later one of the same name."""
        metadata = manifest["metadata"]
        path = kind.path(metadata.get("namespace", ""), metadata["name"])
        body = {"kind": "DeleteOptions", "apiVersion": "v1"} | options
        body["preconditions"] = {"uid": metadata["uid"]}
        deleted: Manifest = checked(
            await self.http.request("DELETE", path, content=json.dumps(body), headers=JSON)
        )
        return deleted
