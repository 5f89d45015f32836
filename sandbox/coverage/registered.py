"""Which routes the application has: asked of a cloud that nobody uses."""

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from sandbox import arm
from sandbox.app import Cloud
from sandbox.cloud.entra import Identity, new_key
from sandbox.cluster.api.kinds import BUILTIN
from sandbox.coverage.tables import Key
from sandbox.front import Authority

CLUSTER = "*.azmk8s.io"
OPAQUE = "ANY /"
"""The one route of an application that dispatches by itself."""


@dataclass(frozen=True)
class Registered:
    """A route, with the names that its host has and the module that answers."""

    hosts: tuple[str, ...]
    route: str
    module: str = ""

    @property
    def of_type(self) -> str:
        """The same in words: `LIST Microsoft.X/y`, `POST listKeys Microsoft.X/y`."""
        verb, _, path = self.route.partition(" ")
        _, found, rest = path.rpartition("/providers/")
        words = [word for word in rest.split("/") if not word.startswith("{")]
        if arm.HOST not in self.hosts or not found or len(words) < 2:  # noqa: PLR2004  # Space, type.
            return ""
        if verb == "POST":
            verb = f"POST {words.pop()}"
        elif verb == "GET" and not rest.endswith("}"):
            verb = "LIST"
        return f"{verb} {'/'.join(words)}"

    @property
    def keys(self) -> set[Key]:
        found = {(host, self.route) for host in self.hosts}
        return found | ({(arm.HOST, self.of_type)} if self.of_type else set())

    @property
    def catches_all(self) -> bool:
        """Several operations may share such a route: what differs is not in its path."""
        return self.route == OPAQUE or self.route.endswith(":path}")


def registered() -> list[Registered]:
    """The routes of every host that is not a cluster's, and the kinds of the Kubernetes API."""
    with tempfile.TemporaryDirectory() as folder:
        identity = Identity(str(uuid.uuid4()), str(uuid.uuid4()), "", new_key())
        cloud = Cloud(identity, Authority(Path(folder)), Path(folder))
    names: dict[int, list[str]] = {}
    applications: dict[int, ASGIApp] = {}
    for host, application in (cloud.hosts.public | cloud.hosts.everywhere).items():
        inner = unwrapped(application)
        names.setdefault(id(inner), []).append(host)
        applications[id(inner)] = inner
    found = []
    for key, application in applications.items():
        hosts = tuple(names[key])
        found += [Registered(hosts, route, module) for route, module in routes(application)]
    cluster = (CLUSTER,)
    found.append(Registered(cluster, OPAQUE, "sandbox.cluster.api.server"))
    found += [
        Registered(cluster, f"{kind.api_version}/{kind.plural}", "sandbox.cluster.api.kinds")
        for kind in BUILTIN
    ]
    return found


def unwrapped(application: Any) -> Any:
    """The application that has the routes, inside of gates and middleware."""
    while not hasattr(application, "routes"):
        inner = getattr(application, "inner", None) or getattr(application, "app", None)
        if inner is None:
            break
        application = inner
    return application


def routes(application: Any) -> Iterator[tuple[str, str]]:
    """`VERB /path` and the module of the function that answers."""
    if not hasattr(application, "routes"):
        yield OPAQUE, type(application).__module__
        return
    for route in application.routes:
        verbs = set(getattr(route, "methods", None) or {"ANY"})
        if "GET" in verbs:
            verbs.discard("HEAD")  # Starlette adds it.
        for verb in sorted(verbs):
            yield f"{verb} {route.path}", getattr(route.endpoint, "__module__", "")
