"""Requests of any kind, to every route: each gets an answer that a client can read."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from sandbox import arm
from sandbox.cloud import entra
from sandbox.coverage.registered import OPAQUE, registered
from sandbox.front import Network
from tests.sandbox.fuzz import strategies
from tests.sandbox.fuzz.conftest import GOOD, GROUP, GUID, VAULT, World

METADATA = "169.254.169.254"
HOSTS = (
    *(arm.HOST, VAULT, entra.HOSTS[0], "graph.microsoft.com", "fuzzregistry.azurecr.io", "ghcr.io"),
    *("fuzzstg.blob.core.windows.net", "fuzzstg.table.core.windows.net", METADATA),
    "westeurope.oic.prod-aks.azure.com",
)
MOST = {arm.HOST: 1.0}  # Of the examples of a profile; the other hosts have fewer routes.
STARTS_PROGRAMS = "/runCommand"  # It has tests of its own.
PLACES = {
    "{subscription}": arm.SUBSCRIPTION,
    "{tenant}": arm.TENANT,
    "{group}": "lab",
    "{location}": "westeurope",
    "{scope:path}": GROUP.strip("/"),
    "{rest:path}": "a/b",
}
NAMES = [GUID, "lab", "one", "system", "default", "none"]
NAMES += [path.rpartition("/")[2] for path in GOOD]


def located(path: str) -> str:
    """A route of what is here: only names are left open."""
    for mark, value in PLACES.items():
        path = path.replace(mark, value)
    return path


def known() -> dict[str, list[str]]:
    """The routes of each host, and what exists there."""
    found: dict[str, list[str]] = {host: [] for host in HOSTS}
    for one in registered():
        _, _, path = one.route.partition(" ")
        for host, paths in found.items():
            if any(fnmatchcase(host, pattern) for pattern in one.hosts) and one.route != OPAQUE:
                paths.append(located(path))
    found[arm.HOST] = [path for path in found[arm.HOST] if not path.endswith(STARTS_PROGRAMS)]
    found[arm.HOST] += [*GOOD, *(path.rpartition("/")[0] for path in GOOD)] * 3
    found["fuzzregistry.azurecr.io"] += ["/v2/", "/v2/a/manifests/1", "/v2/a/blobs/uploads/"]
    found["fuzzregistry.azurecr.io"] += ["/v2/a/blobs/uploads/{id}", "/v2/a/tags/list", "/acr/v1/a"]
    found["ghcr.io"] += ["/v2/a/b/manifests/1", "/v2/a/tags/list"]
    return found


KNOWN = known()


@pytest.fixture(scope="module")
def mixed(world: World) -> World:
    """Without an engine, and with a place from which the metadata service is reached."""
    world.azure.cloud.blobs.modules = Path("nowhere")
    world.azure.cloud.hosts.networks["fuzz"] = Network("fuzz")
    return world


@pytest.mark.parametrize("host", HOSTS)
def test_every_request_gets_an_answer_that_a_client_can_read(mixed: World, host: str) -> None:
    share = MOST.get(host, 0.3)

    @settings(max_examples=int(settings().max_examples * share))
    @given(asked=strategies.requests(KNOWN[host], NAMES, list(GOOD.values())))
    def each(asked: dict[str, Any]) -> None:
        network = "fuzz" if host == METADATA else ""
        if STARTS_PROGRAMS.lower() not in asked["path"].lower():
            answer = mixed.ask(**asked, host=host, network=network)
            if asked["method"] == "DELETE" and host == arm.HOST and answer.status < 300:
                mixed.renew()
        assert mixed.empty() == []

    each()


@settings(max_examples=settings().max_examples // 4)  # Each looks at the whole cloud twice.
@given(
    body=some.sampled_from(list(GOOD.items())).flatmap(
        lambda good: some.tuples(some.just(good[0]), strategies.disturbed(good[1]))
    )
)
def test_a_refused_change_leaves_no_trace(mixed: World, body: tuple[str, Any]) -> None:
    path, document = body
    before = mixed.picture()

    answer = mixed.ask("PUT", path, document)

    assert mixed.empty() == []
    assert answer.status < 300 or mixed.picture() == before
