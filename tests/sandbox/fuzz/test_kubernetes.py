"""Requests of any kind to the API of a cluster: each gets an answer that a client can read."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from starlette.types import Message

from sandbox.cluster.api import Api
from sandbox.cluster.api.kinds import BUILTIN, Kind
from sandbox.cluster.settings import Settings
from sandbox.latency import Latency
from tests.sandbox.fuzz import strategies
from tests.sandbox.fuzz.conftest import Answer

PATIENCE = 30.0
NAMES = ["default", "kube-system", "one", "none", "system:masters", "cluster-admin"]
SUBRESOURCES = ("status", "scale", "log", "eviction", "binding", "token", "exec", "junk")
TYPED = "failed to create typed patch object"  # What a real server, too, calls its own failure.


CONTAINER = {"name": "main", "image": "nginx:1", "env": [{"name": "A", "value": "b"}]}
SPEC: dict[str, Any] = {"containers": [CONTAINER], "volumes": []}
LABELS = {"app": "one"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": SPEC}
CONTENTS: dict[str, dict[str, Any]] = {
    "Pod": {"spec": SPEC},
    "ConfigMap": {"data": {"a": "b"}},
    "Secret": {"data": {"a": "Yg=="}},
    "Namespace": {},
    "ServiceAccount": {},
    "Deployment": {
        "spec": {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
    },
    "Job": {"spec": {"template": {"spec": SPEC | {"restartPolicy": "Never"}}}},
    "Service": {"spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}]}},
    "Role": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    "CustomResourceDefinition": {
        "metadata": {"name": "odds.odd.example"},
        "spec": {
            "group": "odd.example",
            "scope": "Namespaced",
            "names": {"plural": "odds", "kind": "Odd"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    },
}
OPTIONS = {"kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Foreground"}


def path(kind: Kind) -> str:
    """Of the collection in which a test works."""
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    return (
        f"{root}/namespaces/default/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"
    )


def known() -> list[str]:
    """Collections, objects and what lies below them, and what is about no object."""
    found = ["/", "/api", "/apis", "/version", "/healthz", "/openapi/v2", "/openapi/v3", "/metrics"]
    for kind in BUILTIN:
        place = path(kind)
        found += [place.replace("/namespaces/default", ""), place, f"{place}/{{name}}"]
        if kind.name in CONTENTS:  # What exists is worth more questions.
            found += [place, f"{place}/one"] * 12
            found += [f"{place}/one/{below}" for below in SUBRESOURCES]
    return found


def bodies() -> list[dict[str, Any]]:
    kinds = {kind.name: kind.api_version for kind in BUILTIN}
    return [
        {"apiVersion": kinds[name], "kind": name, "metadata": {"name": "one"}} | more
        for name, more in CONTENTS.items()
    ] + [OPTIONS]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, asyncio.Runner]]:
    folder = tmp_path_factory.mktemp("kubernetes")
    settings = Settings(
        name="fuzz-aks",
        fqdn="fuzz.privatelink.westeurope.azmk8s.io",
        issuer="https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
        socket=folder / "api.sock",
        state=folder / "state",
        latency=Latency(),
        proxy="http://network:token@127.0.0.1:1",
        ca=folder / "ca.pem",
        authorize=lambda *_: False,
    )
    with asyncio.Runner() as runner:
        made = Api(settings)
        assert set(runner.run(furnish(made))) == {201}
        yield made, runner
        made.close()


async def furnish(api: Api) -> list[int]:
    """Make what is not there."""
    paths = {kind.name: path(kind) for kind in BUILTIN}
    common = {"method": "POST", "query": b"", "headers": {}}
    return [
        (
            await ask(
                api,
                common | {"path": paths[body["kind"]], "content": json.dumps(body).encode()},
            )
        ).status
        for body in bodies()[:-1]
    ]


async def ask(api: Api, asked: dict[str, Any]) -> Answer:
    """One request of the administrator; a watch ends when its client has gone."""
    raw = asked["path"].encode("utf-8", "surrogateescape")
    headers = {"authorization": f"Bearer {api.authenticator.admin_token}"} | asked["headers"]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": asked["method"],
        "scheme": "https",
        "path": unquote_to_bytes(raw).decode("utf-8", "replace"),
        "raw_path": raw,
        "query_string": asked["query"],
        "root_path": "",
        "server": ("127.0.0.1", 443),
        "headers": [
            (name.encode(), value.encode("utf-8", "surrogateescape"))
            for name, value in headers.items()
        ],
    }
    unread = [{"type": "http.request", "body": asked["content"], "more_body": False}]
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

    await asyncio.wait_for(api(scope, receive, send), PATIENCE)
    found = {name.decode().lower(): value.decode("latin-1") for name, value in started["headers"]}
    body = b"".join(parts)
    watched = b"watch=1" in asked["query"]  # Several documents, one after the other.
    return Answer(started["status"], {} if watched else found, body)


@given(asked=strategies.requests(known(), NAMES, bodies()))
def test_every_request_gets_an_answer_that_a_client_can_read(
    api: tuple[Api, asyncio.Runner], asked: dict[str, Any]
) -> None:
    server, runner = api

    answer = runner.run(ask(server, asked))
    if asked["method"] == "DELETE" and answer.status < 300:
        runner.run(furnish(server))

    assert not answer.fails or TYPED.encode() in answer.body
