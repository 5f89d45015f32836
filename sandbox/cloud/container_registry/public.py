"""
Public registries, as far as the project needs them.

Anybody pulls a chart, from ghcr.io with an anonymous token. Others give images to importers.
"""

import functools
import gzip
import io
import json
import re
import secrets
import tarfile
from pathlib import Path

import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cloud.container_registry.contents import MANIFEST, Manifest, Repository
from sandbox.cloud.container_registry.distribution import (
    Distribution,
    RegistryError,
    Right,
    application,
)

HOST = "ghcr.io"
IMAGES = ("docker.io", "mcr.microsoft.com", "quay.io")  # Where images are imported from.
IMAGE_TYPE = "application/vnd.oci.image.config.v1+json"
MISSING = "does-not-exist"  # No image of such a name is there.
CHARTS = Path(__file__).with_name("charts")
PUBLISHED = {
    HOST: {"external-secrets/charts/external-secrets": "external-secrets"},
    "mcr.microsoft.com": {"application-lb/charts/alb-controller": "alb-controller"},
}
CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
LAYER_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
SCOPE = re.compile(r"^repository:(?P<name>[^:]+):(?P<rights>[a-z,]+)$")


class Public:
    """Everybody may pull what is there; nobody may push."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._tokens: dict[str, str] = {}  # Token to repository name.

    async def token(self, request: Request) -> Response:
        match = SCOPE.match(request.query_params.get("scope", ""))
        name = match["name"] if match else ""
        if name and name not in PUBLISHED[self.host]:
            raise RegistryError(
                403, "DENIED", f"requested access to {name} is denied: the sandbox has {known()}."
            )
        token = secrets.token_urlsafe(32)
        self._tokens[token] = name
        return JSONResponse({"token": token})

    def authorize(self, request: Request, name: str, right: Right) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if right == "push":
            raise RegistryError(403, "DENIED", "requested access to the resource is denied")
        if self.host != HOST:
            return  # Microsoft's asks nobody for a token.
        if scheme.lower() != "bearer" or self._tokens.get(token) not in ("", name):
            scope = f"repository:{name or 'user/image'}:pull"
            challenge = f'Bearer realm="https://{HOST}/token",service="{HOST}",scope="{scope}"'
            raise RegistryError(
                401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge}
            )

    def repository(self, _host: str, name: str, _right: Right) -> Repository:
        kept = find(name, self.host)
        if kept is None:
            raise RegistryError(
                404, "NAME_UNKNOWN", f"{name} is not published: the sandbox has {known()}."
            )
        return kept


def find(name: str, host: str = HOST) -> Repository | None:
    chart = PUBLISHED[host].get(name)
    return published(chart) if chart else None


def known() -> str:
    return ", ".join(f"{host}/{name}" for host, names in PUBLISHED.items() for name in names)


@functools.cache
def published(chart: str) -> Repository:
    """A chart folder as Helm would have pushed it."""
    kept = Repository()
    described = yaml.safe_load((CHARTS / chart / "Chart.yaml").read_text(encoding="utf-8"))
    content, config = archive(CHARTS / chart), json.dumps(described).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG_TYPE, "digest": kept.keep(config), "size": len(config)},
        "layers": [{"mediaType": LAYER_TYPE, "digest": kept.keep(content), "size": len(content)}],
        "annotations": {
            "org.opencontainers.image.title": described["name"],
            "org.opencontainers.image.version": described["version"],
            "org.opencontainers.image.description": described["description"],
        },
    }
    kept.publish(described["version"], Manifest(json.dumps(manifest).encode(), MANIFEST))
    return kept


def image(host: str, name: str, reference: str) -> Repository | None:
    """An image that says where it is from, and has no layers: containers do not run here."""
    if MISSING in name or MISSING in reference:
        return None
    kept = Repository()
    config = json.dumps({"os": "linux", "architecture": "amd64", "from": f"{host}/{name}"}).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": IMAGE_TYPE, "digest": kept.keep(config), "size": len(config)},
        "layers": [],
        "annotations": {"org.opencontainers.image.ref.name": reference},
    }
    made = Manifest(json.dumps(manifest).encode(), MANIFEST)
    kept.publish(made.digest, made)
    kept.tags[reference] = made.digest  # A digest, too, leads to it, although it is another one's.
    return kept


def archive(folder: Path) -> bytes:
    """The chart as a .tgz, byte for byte the same each time."""
    target = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as made,
    ):
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(f"{folder.name}/{file.relative_to(folder).as_posix()}")
            entry.size = file.stat().st_size
            entry.mode = 0o644
            with file.open("rb") as content:
                made.addfile(entry, content)
    return target.getvalue()


def create_public(host: str) -> Starlette:
    """The application behind a public registry."""
    public = Public(host)
    routes = [Route("/token", public.token, methods=["GET"])]
    return application(Distribution(public.authorize, public.repository), routes)
