"""Whatever is wrong with the shape of a request, the cloud refuses it and goes on."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import arm
from tests.sandbox.fuzz.conftest import GOOD, GUID, VAULT, World, chosen

JUNK: tuple[Any, ...] = (None, True, 7, "junk", [], [7], {}, {"junk": 1})
MISSING = "nothing"
PATCHED = (None, "junk", [7])  # A part of the junk: both verbs read alike.
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
# What the cloud takes from nobody here: nobody owns the tenant's root.
REFUSED: dict[str, dict[str, Any]] = {
    f"/providers/Microsoft.Authorization/roleAssignments/{GUID}": {
        "properties": {
            "roleDefinitionId": f"/providers/Microsoft.Authorization/roleDefinitions/{READER}",
            "principalId": GUID,
        }
    },
    f"/providers/Microsoft.Authorization/roleDefinitions/{GUID}": {"properties": {}},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a document, the whole of it last."""
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield from places(part, (*path, key))
    yield path


def spoiled(good: dict[str, Any], path: tuple[Any, ...]) -> Iterator[tuple[Any, Any]]:
    """The document with junk in the place of one of its parts, or without that part."""
    for junk in (*JUNK, MISSING) if path else JUNK:
        body: Any = {"body": copy.deepcopy(good)}
        holder, last = body, "body"
        for key in path:
            holder, last = holder[last], key
        if junk is MISSING:
            del holder[last]
        else:
            holder[last] = junk
        yield junk, body["body"]


def spoil(world: World, path: str, good: dict[str, Any]) -> None:
    """Send each spoiled form; one that is taken must not spoil what is read afterwards."""
    for place in places(good):
        before, taken, known = world.picture(), False, len(world.broken)
        for junk, body in spoiled(good, place):
            for verb in ("PUT", "PATCH") if junk in PATCHED else ("PUT",):
                taken |= world.ask(verb, path, body).status < 300
        if taken:
            world.ask("GET", path)
            world.ask("GET", path.rpartition("/")[0])
            world.ask("PUT", path, good)
        elif world.picture() != before:
            world.broken.append("what was refused left a trace")
        where = ".".join(map(str, place)) or "the body"
        world.broken[known:] = [f"{where}: {text}" for text in world.broken[known:]]


def test_each_route_that_takes_something_has_a_good_request(world: World) -> None:
    application: Any = world.azure.cloud.hosts.public[arm.HOST]
    while not hasattr(application, "routes"):
        application = application.inner

    taking = [route for route in application.routes if "PUT" in route.methods]
    asked = [*GOOD, *REFUSED]

    assert [
        route.path
        for route in taking
        if not any(route.path_regex.match(address) for address in asked)
    ] == []


@pytest.mark.parametrize("path", chosen(), ids=lambda path: arm.ResourceId(path).kind)
def test_no_shape_of_a_request_breaks_the_cloud(world: World, path: str) -> None:
    spoil(world, path, GOOD[path])

    assert world.empty() == []


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_never_taken_is_refused_in_any_shape(world: World, path: str) -> None:
    spoil(world, path, REFUSED[path])

    assert world.empty() == []


@pytest.mark.parametrize(
    ("verb", "path", "good"),
    [
        (
            verb,
            f"/secrets/{name}",
            {"value": "v", "contentType": "text", "tags": {"a": "b"}, "attributes": {"exp": 1}},
        )
        for verb, name in (("PUT", "one"), ("PATCH", "one"), ("PATCH", "none"))
    ]
    + [
        ("POST", "/keys/one/create", {"kty": "RSA", "key_size": 2048, "key_ops": ["wrapKey"]}),
        ("POST", "/keys/two/create", {"kty": "EC", "crv": "P-256", "attributes": {"exp": 1}}),
        ("PATCH", "/keys/one", {"key_ops": ["wrapKey"], "attributes": {"enabled": True}}),
        ("PUT", "/keys/one/rotationpolicy", {"lifetimeActions": [{"action": {"type": "Notify"}}]}),
    ],
)
def test_no_shape_of_a_request_breaks_the_vault(
    world: World, verb: str, path: str, good: dict[str, Any]
) -> None:
    statuses = {
        world.ask(verb, path, body, host=VAULT, query=b"api-version=7.4").status
        for place in places(good)
        for _, body in spoiled(good, place)
    }
    world.ask("GET", path, host=VAULT, query=b"api-version=7.4")
    world.ask("GET", "/secrets", host=VAULT, query=b"api-version=7.4")

    assert world.empty() == []
    assert statuses & {200, 400, 404}
