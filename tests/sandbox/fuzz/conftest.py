"""One cloud with a resource of each kind in it, that is asked without a network in between."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import hypothesis
import pytest
import yaml
from starlette.types import Message

from sandbox import arm
from sandbox.cloud.entra import Identity
from sandbox.front import Authority, RefusedError
from sandbox.front.entrances import Legible, TunnelEntrance
from sandbox.latency import Latency
from tests.sandbox.conftest import Azure, cloud_of
from tests.sandbox.wire.conftest import entries

HERE = Path(__file__).parent
GUID = "11111111-1111-1111-1111-111111111111"
VERSION = b"api-version=2024-11-30"
VAULT = "fuzz-kv.vault.azure.net"
AUDIENCES = {VAULT: "https://vault.azure.net", "graph.microsoft.com": "https://graph.microsoft.com"}
SUBSCRIPTION = f"/subscriptions/{arm.SUBSCRIPTION}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/lab"
MARKS = {
    "~": "providers/Microsoft.",
    "{sub}": SUBSCRIPTION,
    "{group}": GROUP,
    "{rg}": "resourceGroups/wire",
    "{guid}": GUID,
    "{principal:id-aks}": GUID,
    "{tenant}": arm.TENANT,
}
Body = dict[str, Any]

hypothesis.settings.register_profile(
    "quick", derandomize=True, database=None, deadline=None, max_examples=400
)
hypothesis.settings.register_profile("long", deadline=None, max_examples=200_000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


def filled(rows: list[Body]) -> dict[str, Body]:
    """Bodies by path, with ids in the place of their marks."""
    text = json.dumps([one for one in rows if one["path"][0] in "{~/"])
    for mark, value in MARKS.items():
        text = text.replace(mark, value)
    return {one["path"]: one["body"] for one in json.loads(text)}


OWN = filled(yaml.safe_load((HERE / "requests.yaml").read_text()))
GOOD = OWN | filled(entries())


def kind_of(path: str) -> str:
    return arm.ResourceId(path).kind.lower()


def chosen() -> list[str]:
    """One good request for each kind of resource."""
    first: dict[str, str] = {}
    for path in GOOD:
        first.setdefault(kind_of(path), path)
    return list(first.values())


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def fails(self) -> str:
        """What makes this no answer of a service: a failure, or what is no document."""
        if self.status >= 500 and self.status != 501:
            return f"{self.status}: {self.body[:500]!r}"
        if any(sign in value for value in self.headers.values() for sign in "\r\n\0"):
            return f"a header of several lines: {self.headers}"
        if b"Traceback" in self.body:
            return f"a traceback: {self.body[:500]!r}"
        if "json" in self.headers.get("content-type", "") and self.body:
            try:
                json.loads(self.body, parse_constant=unspeakable)
            except ValueError as error:
                return f"no JSON: {error}: {self.body[:200]!r}"
        return ""


def unspeakable(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


class World:
    """Asks, and remembers what went wrong."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.broken: list[str] = []
        self._tokens: dict[str, str] = {}

    def token(self, host: str) -> str:
        """A good one, for whatever answers there."""
        audience = AUDIENCES.get(host, f"https://{arm.HOST}")
        if audience not in self._tokens:
            bearer = self.azure.bearer(audience)["Authorization"]
            self._tokens[audience] = bearer
        return self._tokens[audience]

    def ask(  # noqa: PLR0913  # The parts of a request.
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        host: str = arm.HOST,
        query: bytes = VERSION,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        network: str = "",
    ) -> Answer:
        """One request, with a good token unless the headers have another; a path as it is sent."""
        sent = {"host": host, "content-type": "application/json", "authorization": self.token(host)}
        sent |= headers or {}
        if content is None:
            content = b"" if body is None and method == "GET" else json.dumps(body).encode()
        sent["content-length"] = str(len(content))
        raw = path.encode("utf-8", "surrogateescape")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "https",
            "server": ("127.0.0.1", 443),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "method": method,
            "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
            "raw_path": raw,
            "query_string": query,
            "headers": [
                (name.encode(), value.encode("utf-8", "surrogateescape"))
                for name, value in sent.items()
            ],
            "host": host,
            "network": network,
        }
        answer = self.azure.http.runner.run(self._answer(scope, content))
        if answer.fails:
            self.broken.append(f"{method} {host}{path}?{query!r}: {answer.fails}")
        return answer

    async def _answer(self, scope: dict[str, Any], content: bytes) -> Answer:
        unread = [{"type": "http.request", "body": content, "more_body": False}]
        started: Message = {"status": 599, "headers": []}
        parts: list[bytes] = []

        async def receive() -> Message:
            return unread.pop() if unread else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
            else:
                parts.append(message.get("body", b""))

        try:
            app = self.azure.cloud.hosts.find(scope["host"], scope["network"])
            await TunnelEntrance(Legible(app), scope["host"], scope["network"])(
                scope, receive, send
            )
        except RefusedError as error:
            return Answer(403, {}, str(error).encode())
        except Exception as error:  # noqa: BLE001  # Whatever it is, it is a bug.
            return Answer(500, {}, f"raised {error!r}".encode())
        found = {
            name.decode().lower(): value.decode("latin-1") for name, value in started["headers"]
        }
        return Answer(started["status"], found, b"".join(parts))

    def make_all(self) -> None:
        """Make each good resource; some need others that stand further down."""
        waiting = list(GOOD)
        while waiting:
            left = [path for path in waiting if self.ask("PUT", path, GOOD[path]).status >= 300]
            assert len(left) < len(waiting), [
                (one, self.ask("PUT", one, GOOD[one])) for one in left
            ]
            waiting = left

    def renew(self) -> None:
        """Make again what was deleted, as far as what is there now allows it."""
        for name in ("lab", "wire"):
            self.ask("PUT", f"{SUBSCRIPTION}/resourceGroups/{name}", {"location": "westeurope"})
        waiting: list[str] = []
        left = list(GOOD)
        while len(waiting) != len(left):
            waiting = left
            left = [path for path in waiting if self.ask("PUT", path, GOOD[path]).status >= 300]

    def picture(self) -> str:
        """All that the cloud remembers, to see whether a refusal left a trace."""
        parts = {
            part.name: part.dump()
            for part in self.azure.cloud.parts()
            if part.name != "commands" and "cluster" not in part.name
        }
        return json.dumps(parts, default=repr)

    def empty(self) -> list[str]:
        """What went wrong since this was last asked."""
        found, self.broken = self.broken, []
        return found


@pytest.fixture(scope="module")
def world(
    identity: Identity, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    for azure in cloud_of(identity, authority, tmp_path_factory.mktemp("fuzz"), Latency()):
        store, fleet = azure.cloud.store, azure.cloud.fleet
        quiet = {
            event: [one for one in listeners if one != fleet._begin]
            for event, listeners in store._listeners.items()
        }
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(store, "_listeners", quiet)  # No Kubernetes comes up.
            made = World(azure)
            made.ask("PUT", f"{SUBSCRIPTION}/resourceGroups/wire", {"location": "westeurope"})
            made.make_all()
            vault = f"{GROUP}/providers/Microsoft.KeyVault/vaults/fuzz-kv"
            azure.grant("Key Vault Administrator", azure.identity.object, vault)
            made.ask("GET", "/secrets", host=VAULT)  # A vault is opened when it is first asked.
            yield made
