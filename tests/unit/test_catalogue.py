import json
import re
from pathlib import Path

import jwt
import pytest
import yaml

from tasks import catalogue
from tasks.catalogue import CATALOGUE, Facts

FACTS = Facts("supabasedevstg", "pgadmin", "supabase", "pg.example.com")
PROJECT = Path(__file__).parents[2]


def made() -> dict[str, str]:
    values: dict[str, str] = {"azure-storage-account-key": "c3RvcmFnZQ=="}
    for secret in CATALOGUE:
        if secret.name not in values:
            value = secret.make(values, FACTS)
            assert value is not None, secret.name
            values[secret.name] = value
    return values


def test_every_secret_can_be_made_in_the_order_of_the_catalogue() -> None:
    values = made()

    assert {secret.name for secret in CATALOGUE} == set(values)
    for secret in CATALOGUE:
        assert secret.fits(values[secret.name], values, FACTS), secret.name


def test_names_are_those_that_key_vault_takes() -> None:
    assert all(re.fullmatch(r"[0-9a-zA-Z-]{1,127}", secret.name) for secret in CATALOGUE)


@pytest.mark.parametrize(
    ("name", "role"), [("anon-key", "anon"), ("service-role-key", "service_role")]
)
def test_keys_are_tokens_of_the_jwt_secret_for_five_years(name: str, role: str) -> None:
    values = made()

    claims = jwt.decode(values[name], values["jwt-secret"], algorithms=["HS256"])

    assert (claims["role"], claims["iss"]) == (role, "supabase")
    assert claims["exp"] - claims["iat"] == 5 * 365 * 24 * 3600
    assert {"sub", "aud"}.isdisjoint(claims)


def test_a_key_of_another_jwt_secret_does_not_fit() -> None:
    values = made()
    anon = next(secret for secret in CATALOGUE if secret.name == "anon-key")

    assert not anon.fits(values["anon-key"], {"jwt-secret": "another" * 8}, FACTS)


def test_generated_secrets_are_strong_and_never_twice_the_same() -> None:
    first, second = made(), made()

    for name in ("jwt-secret", "pg-password", "dashboard-password"):
        assert len(first[name]) >= 32
        assert first[name] != second[name]
        assert re.fullmatch(r"[0-9a-zA-Z]+", first[name])  # Nothing that URLs or shells change.


def test_the_database_password_has_the_kinds_of_signs_that_azure_asks_for() -> None:
    for _ in range(50):
        word = catalogue.password(8)
        assert re.search(r"[a-z]", word)
        assert re.search(r"[A-Z]", word)
        assert re.search(r"[0-9]", word)


def test_what_names_the_database_waits_until_it_exists() -> None:
    before = Facts("supabasedevstg")
    waiting = [
        s.name for s in CATALOGUE if s.origin != "read from Azure" and not s.make(made(), before)
    ]

    assert waiting == ["pg-username", "pg-database", "postgres-connection-string"]


def test_an_existing_value_stays_while_the_fact_behind_it_is_unknown() -> None:
    login = next(secret for secret in CATALOGUE if secret.name == "pg-username")

    assert login.fits("pgadmin", {}, Facts("supabasedevstg"))
    assert not login.fits("somebody", {}, FACTS)


def test_storage_credentials_are_json_for_the_object_store() -> None:
    assert set(json.loads(made()["supabase-storage-creds"])) == {"keyId", "accessKey"}


def test_the_platform_chart_asks_the_vault_only_for_what_the_catalogue_makes() -> None:
    values = yaml.safe_load((PROJECT / "charts/platform/values.yaml").read_text())

    asked = {item["remoteKey"] for secret in values["externalSecrets"] for item in secret["data"]}

    assert asked == {secret.name for secret in CATALOGUE}
