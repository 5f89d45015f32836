"""Tricks with paths, queries and bodies: another spelling of the same, or a clear refusal."""

import json

import pytest

from sandbox import arm
from tests.sandbox.fuzz.conftest import GROUP, SUBSCRIPTION, VAULT, World

NET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
NEW = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
GOOD = {
    "location": "westeurope",
    "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}},
}


def code_of(body: bytes) -> str:
    return str(json.loads(body)["error"]["code"])


@pytest.mark.parametrize("path", [NET.upper(), NET.lower(), NET.swapcase(), f"{NET}/"])
def test_letters_of_any_case_name_the_same_resource(world: World, path: str) -> None:
    answer = world.ask("GET", path)

    assert answer.status == 200
    assert json.loads(answer.body)["name"] == "net"
    assert world.empty() == []


NAMES = (
    *(
        "..",
        ".",
        "...",
        "a%2Fb",
        "a%2fb",
        "%2e%2e",
        "a%5Cb",
        "a\\b",
        "a;b",
        "a;b=c",
        "a%3Fb",
        "a%23b",
    ),
    *(
        "a%20b",
        "%20",
        "a+b",
        "%00",
        "a%00b",
        "a%0Ab",
        "%FF",
        "%C0%AE",
        "%ED%A0%80",
        "%",
        "%2",
        "%zz",
    ),
    *("a" * 261, "a" * 9000, "%E2%80%AEa", "%F0%9F%98%80", "<a>", "a&b", "a:b", "a*b", "a|b", "$a"),
    *("con", "null", "undefined", "{name}", "-", "_", "a.", ".a", "a//b", "/", "providers", "%61"),
)


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "DELETE", "POST"])
def test_a_name_that_is_none_is_answered_and_leaves_no_trace(world: World, verb: str) -> None:
    for name in NAMES:
        before = world.picture()

        answer = world.ask(verb, f"{NEW}/{name}", GOOD)

        assert answer.status < 500 or answer.status == 501, name
        if answer.status >= 400:
            assert world.picture() == before, name
        elif verb == "PUT":
            world.ask("DELETE", f"{NEW}/{name}")
    assert world.empty() == []


def test_a_resource_is_found_again_under_the_name_that_it_was_made_with(world: World) -> None:
    made = []
    for name in NAMES:
        if world.ask("PUT", f"{NEW}/{name}", GOOD).status < 300:
            made.append(name)
            assert world.ask("GET", f"{NEW}/{name}").status == 200, name
            world.ask("DELETE", f"{NEW}/{name}")
            assert world.ask("GET", f"{NEW}/{name}").status == 404, name

    assert "%61" in made
    assert not {"..", ".", "a%2Fb", "%00", "a" * 9000, "/"} & set(made)
    assert world.empty() == []


SCOPES = (
    *("/", "//", "/.", "/..", "/providers", "/providers/", "/subscriptions", "/subscriptions/"),
    *(SUBSCRIPTION + "/providers", SUBSCRIPTION + "/resourceGroups/", f"{GROUP}/providers"),
    *(f"{GROUP}/providers/", f"{GROUP}/providers/Microsoft.Network", f"{GROUP}//providers//a//b"),
    *(f"{GROUP}/providers/Microsoft.Nothing/things/one", f"{GROUP}/providers/a/b/c/d/e"),
    *(f"{NET}/../../../../x", f"{NET}%2Fsubnets%2Fplain", f"{NET}/subnets", f"{NET}/subnets//"),
    *(f"{NET}/providers/Microsoft.Authorization/locks", f"{NET}/providers", "/%2e%2e/etc/passwd"),
    *(f"/{GROUP}", GROUP.replace("/", "//"), GROUP.replace("/", "%2F"), GROUP.replace("/", "\\")),
    *(f"{SUBSCRIPTION}x/resourceGroups/lab", "/subscriptions/none/resourceGroups/lab", "/" * 3000),
)


@pytest.mark.parametrize("verb", ["GET", "PUT", "PATCH", "POST", "HEAD", "OPTIONS", "TRACE"])
def test_an_odd_scope_is_answered_and_leaves_no_trace(world: World, verb: str) -> None:
    for scope in SCOPES:
        for suffix in ("", "/providers/Microsoft.Authorization/roleAssignments/x"):
            before = world.picture()

            answer = world.ask(verb, scope + suffix, {"properties": {}})

            assert answer.status < 500 or answer.status == 501, scope
            assert answer.status < 300 or world.picture() == before, scope
    assert world.empty() == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"", "MissingApiVersionParameter"),
        (b"api-version=", "MissingApiVersionParameter"),
        (b"API-VERSION=2024-11-30", ""),
        (b"api-version=latest", "InvalidApiVersionParameter"),
        (b"api-version=2024-11-30%00", "InvalidApiVersionParameter"),
        (b"api-version=2024-11-30'--", "InvalidApiVersionParameter"),
        (b"api-version=%FF", "InvalidApiVersionParameter"),
        (b"api-version=" + b"9" * 9000, "InvalidApiVersionParameter"),
    ],
)
def test_a_version_that_is_none_is_named(world: World, query: bytes, code: str) -> None:
    answer = world.ask("PUT", f"{NEW}/new", GOOD, query=query)

    assert (code_of(answer.body) if answer.status >= 400 else "") == code
    assert world.empty() == []


def test_a_type_that_nobody_simulates_is_said_to_be_none(world: World) -> None:
    answer = world.ask("PUT", f"{GROUP}/providers/Microsoft.Nothing/things/one", {})

    assert (answer.status, code_of(answer.body)) == (501, "SandboxUnsupported")
    assert world.empty() == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "image/png"])
def test_what_calls_itself_something_else_than_json_is_not_read(world: World, kind: str) -> None:
    before = world.picture()

    answer = world.ask("PUT", f"{NEW}/new", GOOD, headers={"content-type": kind})

    assert (answer.status, code_of(answer.body)) == (415, "UnsupportedMediaType")
    assert world.picture() == before
    assert world.empty() == []


BODIES = (
    *(
        b"",
        b" ",
        b"{",
        b"}",
        b"null",
        b"true",
        b"7",
        b'"text"',
        b"[]",
        b"[{}]",
        b"{}{}",
        b"{'a': 1}",
    ),
    *(b'{"properties": {"a": NaN}}', b'{"properties": {"a": Infinity}}', b'{"a": 1e999}', b"\x00"),
    *(b'{"location": "\\ud800"}', b'{"location": "\xff"}', b"<a/>", b"a: 1"),
    *(
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000,
    ),
)


@pytest.mark.parametrize(
    ("verb", "host", "path"),
    [
        ("PUT", arm.HOST, f"{NEW}/new"),
        ("PATCH", arm.HOST, NET),
        ("PUT", VAULT, "/secrets/new"),
        ("POST", VAULT, "/keys/new/create"),
        ("POST", "graph.microsoft.com", "/v1.0/directoryObjects/getByIds"),
    ],
)
def test_a_body_that_is_no_object_is_refused_and_leaves_no_trace(
    world: World, verb: str, host: str, path: str
) -> None:
    before = world.picture()

    answers = {
        content: world.ask(verb, path, host=host, content=content, query=b"api-version=2024-11-30")
        for content in BODIES
    }

    assert {body[:40]: one.status for body, one in answers.items() if one.status != 400} == {}
    assert world.picture() == before
    assert world.empty() == []


def test_a_byte_order_mark_and_a_repeated_key_do_no_harm(world: World) -> None:
    text = json.dumps(GOOD)

    marked = world.ask("PUT", f"{NEW}/new", content=b"\xef\xbb\xbf" + text.encode())
    repeated = world.ask("PUT", f"{NEW}/new", content=b'{"location": 7, ' + text[1:].encode())

    assert marked.status in (200, 201, 400)
    assert repeated.status in (200, 201)
    assert world.empty() == []
