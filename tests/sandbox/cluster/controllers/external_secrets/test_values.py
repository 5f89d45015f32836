"""The form of values, and what cannot be done."""

from typing import Any

import pytest

from sandbox.cluster.controllers.external_secrets.data import property_of
from sandbox.cluster.controllers.external_secrets.vault import ProviderError
from tests.sandbox.cluster.controllers.external_secrets.conftest import (
    Build,
    Manifest,
    data_of,
    synced,
    wanted,
    warnings,
)


def part(name: str, key: str) -> str:
    """The template that takes a part out of a name's JSON."""
    return f'{{{{ index (pluck "{key}" (mustFromJson (index . "{name}"))) 0 }}}}'


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dataFrom": [{"extract": {"key": "json"}}]}, {"id": "me", "port": "5432"}),
        (
            {"data": [{"secretKey": "k", "remoteRef": {"key": "json", "property": "id"}}]},
            {"k": "me"},
        ),
        (
            {
                "data": [
                    {"secretKey": "k", "remoteRef": {"key": "base", "decodingStrategy": "Base64"}}
                ]
            },
            {"k": "plain"},
        ),
        (
            {
                "dataFrom": [{"extract": {"key": "json"}}],
                "target": {"template": {"data": {"url": "postgres://{{ .id }}:{{ .port }}"}}},
            },
            {"url": "postgres://me:5432"},
        ),
        (
            {
                "data": [{"secretKey": "json", "remoteRef": {"key": "json"}}],
                "target": {
                    "template": {
                        "mergePolicy": "Replace",
                        "data": {
                            "id": part("json", "id"),
                            "whole": '{{ index . "json" }}',
                            "port": '{{ index (.json | mustFromJson) "port" }}',
                            "lost": '{{ index (mustFromJson .json) "x" }}',
                        },
                    }
                },
            },
            {
                "id": "me",
                "whole": '{"id": "me", "port": 5432}',
                "port": "5432",
                "lost": "<no value>",
            },
        ),
    ],
)
def test_values_take_the_form_that_is_asked_for(
    operator: Any, demo: Build, spec: Manifest, expected: dict[str, str]
) -> None:
    operator.world.secrets |= {"json": '{"id": "me", "port": 5432}', "base": "cGxhaW4="}

    operator.create(wanted(demo, keys=(), **spec))

    operator.until(lambda: synced(operator))
    assert data_of(operator) == expected


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"dataFrom": [{"find": {}}]}, "the sandbox simulates dataFrom.extract"),
        (
            {"data": [{"secretKey": "k", "remoteRef": {"key": "json", "property": "x"}}]},
            "property x does not exist in key json",
        ),
        (
            {"target": {"template": {"data": {"x": "{{ .one | b64enc }}"}}}},
            "the sandbox does not simulate the template {{ .one | b64enc }}",
        ),
        (
            {"target": {"template": {"data": {"x": part("one", "x")}}}},
            "unable to execute template at key x: wrong type for value; expected map[string]",
        ),
        (
            {
                "data": [{"secretKey": "json", "remoteRef": {"key": "json"}}],
                "target": {"template": {"data": {"x": part("json", "x")}}},
            },
            "at key x: error calling index: reflect: slice index out of range",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    operator: Any, demo: Build, spec: Manifest, complaint: str
) -> None:
    operator.world.secrets |= {"json": "{}", "one": "1"}

    operator.create(wanted(demo, **spec))

    operator.until(lambda: any(complaint in text for text in warnings(operator, "UpdateFailed")))


SET = '{"jwt-keys": "[1]", "a": {"b": [true, null, 2]}, "x.y": "dotted", "a.b": "hidden"}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("jwt-keys", "[1]"),
        ("a.b.0", "true"),
        ("a.b.1", ""),
        ("a.b", "[true,null,2]"),  # A path goes before a name with dots in it.
        (r"a\.b", "hidden"),
        ("x.y", "dotted"),
    ],
)
def test_a_property_is_a_path_of_gjson(path: str, expected: str) -> None:
    assert property_of(SET, path, "jwt-set") == expected


@pytest.mark.parametrize("text", [SET, "no JSON", "[]", '"text"'])
def test_a_property_that_is_not_there_is_named(text: str) -> None:
    with pytest.raises(ProviderError, match=r"^property anon-key does not exist in key jwt-set$"):
        property_of(text, "anon-key", "jwt-set")


@pytest.mark.parametrize("path", ["keys.#.kid", "a*", "a|@this"])
def test_what_else_gjson_knows_is_refused_plainly(path: str) -> None:
    with pytest.raises(ProviderError, match="the sandbox simulates names and numbers"):
        property_of(SET, path, "jwt-set")


def test_a_template_gives_the_secret_its_own_labels(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    template = {"metadata": {"labels": {"of": "mine"}}, "data": {"it": "{{ .one }}"}}

    operator.create(wanted(demo, target={"template": template}))
    operator.until(lambda: synced(operator))

    found = operator.get("/api/v1/namespaces/demo/secrets/app")["metadata"]
    assert found["labels"]["of"] == "mine"
    assert data_of(operator) == {"it": "1"}


def test_a_secret_that_somebody_edits_is_corrected_at_once(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo, refreshInterval="0"))
    operator.until(lambda: synced(operator))

    path = "/api/v1/namespaces/demo/secrets/app"
    operator.patch(path, {"data": {"one": "d3Jvbmc=", "more": "eA=="}})

    operator.until(lambda: data_of(operator) == {"one": "1"})
