"""Any well-typed object is stored or refused with a reason; none makes the server stumble."""

import random
from typing import Any

import pytest

from sandbox.cluster.api import messages
from sandbox.cluster.api.kinds import Kind, Kinds
from tests.sandbox.cluster.conftest import Kube

BUILTIN = [
    kind
    for kind in Kinds()
    if not kind.is_review and messages.message_of(kind.api_version, kind.name)
]
TEXTS = ("", "web", "Web 1", "a/b", "10.0.0.1", "*", "Always", "x" * 70)
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
SERVERS = {"metadata", "status"}  # Not the client's.


def value(chance: random.Random, kind: str, depth: int) -> Any:
    """A value of a type, as odd as the type allows."""
    if kind in messages.INTEGERS:
        return chance.choice([0, 1, -1, 80, 70000])
    simple: dict[str, Any] = {
        "string": chance.choice(TEXTS),
        "bool": chance.random() < 0.5,
        "bytes": chance.choice(["", "YQ=="]),
        "double": 1.5,
        messages.QUANTITY: chance.choice(["1", "250m", "1Gi", 2]),
        messages.INT_OR_STRING: chance.choice([1, "25%", "http"]),
        **dict.fromkeys(messages.TIMES, "2026-07-01T00:00:00Z"),
        **{opaque: {} for opaque in messages.OPAQUE},
    }
    return simple[kind] if kind in simple else fields(chance, kind, depth)


def fields(chance: random.Random, message: str, depth: int) -> dict[str, Any]:
    """Some fields of a message; deep inside few of them."""
    found: dict[str, Any] = {}
    for name, field in messages.named(message).items():
        if chance.random() > (0.6 if depth < 3 else 0.25) or depth > 7:
            continue
        if field.repeated:
            count = chance.randint(0, 2)
            found[name] = [value(chance, field.type, depth + 1) for _ in range(count)]
        elif field.values:
            found[name] = {"key": value(chance, field.values, depth + 1)}
        else:
            found[name] = value(chance, field.type, depth + 1)
    return found


def ask(kube: Kube, kind: Kind, chance: random.Random) -> list[int]:
    """Create, apply over and list something random; the answers' codes."""
    message = messages.message_of(kind.api_version, kind.name) or ""
    root = f"/apis/{kind.api_version}" if kind.group else "/api/v1"
    path = kube.path(kind.plural, root=root) if kind.namespaced else f"{root}/{kind.plural}"
    codes = []
    for number in range(6):
        body = fields(chance, message, 0 if number else 9)
        body = {key: each for key, each in body.items() if key not in SERVERS}
        name = f"odd-{number}-{kube.namespace}"
        body["metadata"] = {"name": name}
        answers = [
            kube.http.post(path, json=body, params={"dryRun": "All"}),
            kube.http.patch(
                f"{path}/{name}",
                json=body,
                params={"fieldManager": "odd", "force": "true", "dryRun": "All"},
                headers={"Content-Type": "application/apply-patch+yaml"},
            ),
        ]
        codes += [answer.status_code for answer in answers if "duplicate" not in answer.text]
        stored = kube.http.post(path, json=body)
        codes += [stored.status_code, kube.http.get(path, headers=TABLE).status_code]
        kube.http.request("DELETE", f"{path}/{name}", json={"gracePeriodSeconds": 0})
    return codes


@pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.plural)
def test_no_object_of_a_built_in_kind_makes_the_server_stumble(kube: Kube, kind: Kind) -> None:
    chance = random.Random(kind.plural)  # noqa: S311 (the same objects in every run)

    codes = ask(kube, kind, chance)

    assert set(codes) <= {200, 201, 400, 403, 422}


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        {},
        {"group": "odd.example.com"},
        {"group": "odd.example.com", "names": {}, "scope": "Galaxy", "versions": []},
        {"group": "odd.example.com", "names": {"plural": "odds"}, "versions": {}},
        {
            "group": "odd.example.com",
            "names": {"plural": "odds", "kind": "Odd"},
            "scope": "Cluster",
            "versions": [{}],
        },
    ],
)
def test_a_definition_that_says_too_little_is_refused(kube: Kube, spec: Any) -> None:
    body = {"metadata": {"name": "odds.odd.example.com"}, "spec": spec}

    refused = kube.http.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", json=body)

    assert refused.status_code == 422


@pytest.mark.parametrize("body", [b"[]", b"nonsense", b"{", b"\x00", b"k8s\x00\xff", b'"text"'])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_body_that_is_no_object_is_refused(kube: Kube, method: str, body: bytes) -> None:
    name = "" if method == "POST" else "cfg"
    kube.http.post(kube.path("configmaps"), json={"metadata": {"name": "cfg"}})

    refused = kube.http.request(
        method,
        kube.path("configmaps", name),
        content=body,
        headers={"Content-Type": "application/merge-patch+json"},
    )

    assert refused.status_code in (400, 415)


@pytest.mark.parametrize("plural", ["configmaps", "services"])
def test_only_pods_have_the_subresources_of_pods(kube: Kube, plural: str) -> None:
    path = kube.path(plural, "one")
    answers = [kube.http.get(f"{path}/log"), kube.http.post(f"{path}/binding", json={})]

    assert {answer.status_code for answer in answers} == {404}


@pytest.mark.parametrize("spec", ["junk", {"expirationSeconds": "junk"}, {"audiences": 7}])
def test_a_request_for_a_token_has_types(kube: Kube, spec: Any) -> None:
    kube.http.post(kube.path("serviceaccounts"), json={"metadata": {"name": "one"}})
    answer = kube.http.post(kube.path("serviceaccounts", "one") + "/token", json={"spec": spec})

    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_data_that_is_no_base64_is_refused(kube: Kube) -> None:
    body = {"metadata": {"name": "one"}, "data": {"a": "\u00e9"}}

    answer = kube.http.post(kube.path("secrets"), json=body)

    assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


def test_a_body_of_more_than_three_megabytes_is_too_large(kube: Kube) -> None:
    answer = kube.http.post(kube.path("configmaps"), content=b" " * 3145729)

    assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")
    assert answer.json()["message"] == "Request entity too large: limit is 3145728"


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(
            ["a0: &a0 x", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]
        ),
        "a: &a [*a]",
        "[" * 20_000,
        '{"a":' * 20_000,
        "a: " + "9" * 5_000,
        "!!python/object/apply:os.system ['false']",
        "a: \x00",
        "? [a]\n: b",
        "--- a\n--- b",
    ],
    ids=["aliases", "circle", "lists", "objects", "number", "tag", "NUL", "key", "documents"],
)
def test_yaml_that_would_make_the_server_stumble_is_refused(kube: Kube, body: str) -> None:
    kind = {"Content-Type": "application/yaml"}

    answer = kube.http.post(kube.path("configmaps"), content=body.encode(), headers=kind)

    assert answer.status_code == 400, answer.text
