"""The form of values, and what cannot be done."""

from typing import Any

import pytest

from tests.sandbox.cluster.controllers.external_secrets.conftest import (
    Build,
    Manifest,
    data_of,
    synced,
    wanted,
    warnings,
)


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
    ],
)
def test_what_cannot_be_done_is_said(
    operator: Any, demo: Build, spec: Manifest, complaint: str
) -> None:
    operator.world.secrets |= {"json": "{}", "one": "1"}

    operator.create(wanted(demo, **spec))

    operator.until(lambda: any(complaint in text for text in warnings(operator, "UpdateFailed")))
