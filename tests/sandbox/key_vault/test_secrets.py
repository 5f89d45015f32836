"""Secrets: versions, attributes, limits."""

from typing import Any

import pytest

from tests.sandbox.conftest import Azure, error_of
from tests.sandbox.key_vault.conftest import inner


def test_each_value_is_a_version_and_the_last_one_is_the_secret(officer: Azure) -> None:
    first = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    second = officer.vault("PUT", "/secrets/one", {"value": "2", "tags": {"a": "b"}}).json()

    version = first["id"].rpartition("/")[2]
    assert len(version) == 32
    assert officer.vault("GET", "/secrets/ONE").json() == second
    assert officer.vault("GET", "/secrets/one/").json() == second
    assert officer.vault("GET", f"/secrets/one/{version}").json() == first
    listed = officer.vault("GET", "/secrets/one/versions").json()["value"]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    assert all("value" not in one for one in listed)


def test_attributes_and_tags_change_without_a_new_version(officer: Azure) -> None:
    made = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    version = made["id"].rpartition("/")[2]

    officer.vault("PATCH", f"/secrets/one/{version}", {"attributes": {"enabled": False}})
    read = officer.vault("GET", "/secrets/one")

    assert (read.status_code, inner(read)) == (403, "SecretDisabled")
    shown = officer.vault("GET", "/secrets").json()["value"][0]
    assert shown["attributes"]["enabled"] is False


def test_a_missing_secret_is_not_found(officer: Azure) -> None:
    assert error_of(officer.vault("GET", "/secrets/none")) == (404, "SecretNotFound")


@pytest.mark.parametrize("name", ["under_score", "dot.ted", "x" * 128])
def test_bad_names_are_refused(officer: Azure, name: str) -> None:
    answer = officer.vault("PUT", f"/secrets/{name}", {"value": "1"})

    assert error_of(answer) == (400, "BadParameter")


@pytest.mark.parametrize(
    "body", [{}, {"value": 1}, {"value": "1", "tags": ["a"]}, {"value": "x" * 25601}]
)
def test_bad_content_is_refused(officer: Azure, body: dict[str, Any]) -> None:
    answer = officer.vault("PUT", "/secrets/one", body)

    assert error_of(answer) == (400, "BadParameter")


MISFITS: list[dict[str, Any]] = [
    {"attributes": ["enabled"]},
    {"attributes": {"enabled": "no"}},
    {"attributes": {"exp": "2030-01-01"}},
    {"attributes": {"nbf": True}},
    {"tags": {"a": {}}},
    {"tags": {"a": "x" * 513}},
    {"tags": {"x" * 513: "a"}},
    {"tags": {str(number): "" for number in range(16)}},
]


@pytest.mark.parametrize("body", [*MISFITS, {"contentType": {}}, {"contentType": "x" * 256}])
def test_what_does_not_fit_a_secret_changes_none(officer: Azure, body: dict[str, Any]) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    before = officer.vault("GET", "/secrets/one").json()

    made = officer.vault("PUT", "/secrets/one", {"value": "2"} | body)
    changed = officer.vault("PATCH", "/secrets/one", body)

    assert error_of(made) == error_of(changed) == (400, "BadParameter")
    assert officer.vault("GET", "/secrets/one").json() == before


@pytest.mark.parametrize("body", MISFITS)
def test_what_does_not_fit_a_key_changes_none(azure: Azure, body: dict[str, Any]) -> None:
    azure.grant("Key Vault Administrator", azure.identity.object, azure.new_vault())
    before = azure.vault("POST", "/keys/one/create", {"kty": "EC"}).json()

    made = azure.vault("POST", "/keys/one/create", {"kty": "EC"} | body)
    changed = azure.vault("PATCH", "/keys/one", body)

    assert error_of(made) == error_of(changed) == (400, "BadParameter")
    assert azure.vault("GET", "/keys/one").json() == before


def test_what_the_vault_says_of_a_secret_nobody_else_can_say(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    before = officer.vault("GET", "/secrets/one").json()["attributes"]
    evil = {"recoverableDays": "evil", "recoveryLevel": "None", "created": 0}

    changed = officer.vault("PATCH", "/secrets/one", {"attributes": evil | {"exp": 1900000000}})
    officer.vault("DELETE", "/secrets/one")

    assert changed.json()["attributes"] == before | {"exp": 1900000000}
    assert officer.vault("GET", "/deletedsecrets").status_code == 200


def test_a_page_before_the_first_one_is_refused(officer: Azure) -> None:
    answer = officer.vault("GET", "/secrets", params={"$skiptoken": "-5"})

    assert error_of(answer) == (400, "BadParameter")


def test_a_verb_that_no_secret_has_is_refused_in_shape(officer: Azure) -> None:
    answer = officer.vault("POST", "/secrets/one")

    assert answer.json()["error"]["code"]


def test_a_long_list_comes_in_pages(officer: Azure) -> None:
    for number in range(30):
        officer.vault("PUT", f"/secrets/s{number:02}", {"value": "1"})

    first = officer.vault("GET", "/secrets").json()
    headers = officer.bearer("https://vault.azure.net")
    second = officer.http.get(first["nextLink"], headers=headers).json()

    assert (len(first["value"]), len(second["value"])) == (25, 5)
    assert second["nextLink"] is None
