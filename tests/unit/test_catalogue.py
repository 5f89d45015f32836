"""How every secret is made, whom it follows, and who reads it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tasks import catalogue
from tasks.catalogue import CATALOGUE, OPTIONAL, Facts, Secret
from tasks.catalogue.accepted import ROLES

FACTS = Facts("supabasedevstg", "pgadmin", "supabase", "pg.example.com")
PROJECT = Path(__file__).parents[2]
EVERYTHING = catalogue.of(OPTIONAL)


def made() -> dict[str, str]:
    values: dict[str, str] = {"azure-storage-account-key": "c3RvcmFnZQ=="}
    for secret in EVERYTHING:
        if secret.name not in values:
            value = secret.make(values, FACTS)
            assert value is not None, secret.name
            values[secret.name] = value
    return values


def one(name: str) -> Secret:
    return next(secret for secret in EVERYTHING if secret.name == name)


def keys(catalogue_: tuple[Secret, ...]) -> dict[str, set[str]]:
    return {
        consumer.secret: {key.name for key in consumer.keys}
        for consumer in catalogue.consumers(catalogue_)
    }


def test_every_secret_can_be_made_in_the_order_of_the_catalogue() -> None:
    values = made()

    assert {secret.name for secret in EVERYTHING} == set(values)
    for secret in EVERYTHING:
        assert secret.fits(values[secret.name], values, FACTS), secret.name


def test_what_a_secret_adopts_is_no_secret_before_it() -> None:
    seen: set[str] = set()
    for secret in EVERYTHING:
        assert not set(secret.adopts) & seen, secret.name
        seen.add(secret.name)


def test_names_are_those_that_key_vault_takes_and_each_is_there_once() -> None:
    names = [secret.name for secret in EVERYTHING]

    assert all(re.fullmatch(r"[0-9a-zA-Z-]{1,127}", name) for name in names)
    assert len(names) == len(set(names))


def test_what_a_secret_needs_comes_before_it() -> None:
    seen: set[str] = set()
    for secret in EVERYTHING:
        assert set(secret.needs) <= seen, secret.name
        seen.add(secret.name)


def test_generated_secrets_are_never_twice_the_same() -> None:
    first, second = made(), made()

    same = {
        s.name for s in EVERYTHING if s.origin == "generated" and first[s.name] == second[s.name]
    }

    assert same == {"dashboard-username", "retired-credentials"}


@pytest.mark.parametrize(
    ("name", "signs"),
    [
        ("jwt-secret", 64),
        ("dashboard-password", 32),
        ("realtime-enc-key", 16),  # Services that count: an AES-128 key is given as its signs.
        ("realtime-secret-key-base", 64),
        ("pg-meta-crypto-key", 32),
        ("supavisor-vault-enc-key", 32),
    ],
)
def test_a_value_has_as_many_signs_as_its_service_counts(name: str, signs: int) -> None:
    assert len(made()[name]) == signs


def test_what_goes_into_urls_and_variables_needs_no_quoting() -> None:
    values = made()
    words = [values[f"pg-{name}"] for name in ("username", "password", "database")]
    words += [word for service in ROLES for word in json.loads(values[f"pg-{service}"]).values()]

    assert all(re.fullmatch(r"[0-9a-zA-Z_-]+", word) for word in words)
    assert all("$(" not in value for value in values.values())  # Kubernetes would expand it.


def test_every_service_has_a_login_and_a_password_of_its_own() -> None:
    values = made()
    logins = {service: json.loads(values[f"pg-{service}"]) for service in ROLES}

    assert {s: login["username"] for s, login in logins.items()} == {
        service: f"{role}_1" for service, role in ROLES.items()
    }
    assert len({login["password"] for login in logins.values()}) == len(ROLES)
    lists = {f"pg-{service}-accepted" for service in ROLES}
    assert {name for name in keys(EVERYTHING)["supabase-database"] if name in lists} == lists


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
    login = one("pg-username")

    assert login.fits("pgadmin", {}, Facts("supabasedevstg"))
    assert not login.fits("somebody", {}, FACTS)


def test_storage_credentials_are_json_for_the_object_store() -> None:
    assert set(json.loads(made()["supabase-storage-creds"])) == {"keyId", "accessKey"}


# --- What is accepted -----------------------------------------------------------------------------


def test_what_is_presented_is_accepted() -> None:
    values = made()
    creds, login = (json.loads(values[name]) for name in ("supabase-storage-creds", "pg-rest"))

    assert values["publishable-key-accepted"] == values["publishable-key"]
    assert values["supabase-storage-creds-accepted"] == f"{creds['keyId']}:{creds['accessKey']}"
    assert values["pg-rest-accepted"] == f"{login['username']}:{login['password']}"


def test_what_was_staged_stays_accepted_and_what_is_presented_anew_comes_first() -> None:
    values = made()
    valid = one("publishable-key-accepted")

    assert valid.fits(f"next,{values['publishable-key']}", values, FACTS)
    assert not valid.fits("next,other", values, FACTS)
    made_anew = valid.make(values | {"publishable-key-accepted": "next,other"}, FACTS)
    assert made_anew == f"{values['publishable-key']},next,other"


def test_a_login_is_accepted_with_one_password_only() -> None:
    values = made() | {"pg-auth": '{"username":"a_1","password":"new"}'}

    accepted = one("pg-auth-accepted").make(values | {"pg-auth-accepted": "a_1:x,a_2:y"}, FACTS)

    assert accepted == "a_1:new,a_2:y"


# --- Rotation -------------------------------------------------------------------------------------


def test_what_changes_together_agrees_on_how_and_when() -> None:
    units: dict[str, set[tuple[str, int | None]]] = {}
    for secret in EVERYTHING:
        rotation = secret.rotation
        if rotation.kind != "follows":
            units.setdefault(rotation.unit, set()).add((rotation.kind, rotation.days))

    assert {unit for unit, moves in units.items() if len(moves) > 1} == set()
    followers = {s.rotation.unit for s in EVERYTHING if s.rotation.kind == "follows"}
    assert followers - set(units) == {"retired-credentials"}  # It follows every unit.


def test_what_rotates_by_age_has_a_period_and_all_else_a_reason() -> None:
    by_age = {"replace", "accepted", "tokens", "account key", "administrator"}
    for secret in catalogue.of(OPTIONAL, ["smtp-password"]):
        rotation = secret.rotation
        assert (rotation.days is not None) == (rotation.kind in by_age), secret.name
        assert rotation.days is not None or rotation.why, secret.name


def test_what_is_replaced_in_one_move_by_age_has_one_reader() -> None:
    """Two would restart one after the other, and disagree in between."""
    found = {s.name: s.readers for s in EVERYTHING if s.rotation.kind == "replace"}

    assert found["realtime-secret-key-base"] == ("realtime",)
    assert {name for name, readers in found.items() if len(readers) != 1} == set()


def test_what_encrypts_stored_data_never_rotates() -> None:
    named = {secret.name for secret in EVERYTHING if secret.rotation.kind == "fixed"}

    assert named >= {"realtime-enc-key", "supavisor-vault-enc-key", "analytics-encryption-key"}


# --- Who reads what -------------------------------------------------------------------------------


def test_each_consumer_reads_what_it_needs_and_no_more() -> None:
    found = keys(CATALOGUE)

    assert found["supabase-auth"] == {
        *("jwt-secret", "jwt-keys", "pg-auth-username", "pg-auth-password"),
    }
    assert found["supabase-rest"] == {"jwt-jwks", "pg-rest-username", "pg-rest-password"}
    assert found["s3proxy"] == {
        "supabase-storage-creds-accepted",
        "azure-storage-account-name",
        "azure-storage-account-key",
    }
    assert found["supabase-gateway"].isdisjoint({"publishable-key", "secret-key"})
    private = {name for name, held in found.items() if "jwt-keys" in held}
    assert private == {"supabase-auth"}
    administrator = {name for name, held in found.items() if "pg-password" in held}
    assert administrator == {"supabase-database"}


def test_what_nobody_in_the_cluster_reads_stays_in_the_vault() -> None:
    read = {key.remote for consumer in catalogue.consumers(EVERYTHING) for key in consumer.keys}

    assert {secret.name for secret in EVERYTHING} - read == {
        *("jwt-secret", "anon-key", "service-role-key"),
        *("pg-database", "postgres-connection-string", "storage-connection-string"),
    }


def test_optional_components_bring_their_secrets_and_what_others_need_of_them() -> None:
    plain, more = keys(CATALOGUE), keys(catalogue.of(["analytics"]))

    assert set(more) - set(plain) == {"supabase-analytics", "supabase-vector"}
    assert more["supabase-studio"] - plain["supabase-studio"] == {"analytics-private-token"}


def test_the_pooler_reads_the_login_of_its_clients_which_then_changes_only_when_asked_for() -> None:
    plain, pooled = catalogue.of(), catalogue.of(["supavisor"])

    held = keys(pooled)["supabase-supavisor"]
    assert held >= {"pg-meta-username", "pg-meta-password", "pg-supavisor-password"}
    assert keys(pooled)["supabase-studio"] == keys(plain)["supabase-studio"]
    kinds = [
        secret.rotation.kind for of in (plain, pooled) for secret in of if secret.name == "pg-meta"
    ]
    assert kinds == ["accepted", "on demand"]


def test_what_a_person_brings_is_for_auth() -> None:
    found = keys(catalogue.of((), ["smtp-username", "smtp-password"]))

    assert found["supabase-auth"] >= {"smtp-username", "smtp-password"}


def test_what_an_environment_has_no_use_for_reaches_no_consumer() -> None:
    (found,) = (
        consumer
        for consumer in catalogue.consumers(CATALOGUE, without=["azure-storage-account-key"])
        if consumer.name == "s3proxy"
    )

    assert "azure-storage-account-key" not in {key.name for key in found.keys}


def test_what_follows_from_the_catalogue_is_written() -> None:
    program = [sys.executable, "scripts/catalogue.py", "--check"]

    done = subprocess.run(program, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"Run scripts/catalogue.py: {done.stdout}{done.stderr}"
