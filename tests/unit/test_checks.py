"""What is generated is as strong as what is asked of people, and what they bring is judged."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import catalogue
from tasks.catalogue import OPTIONAL, Facts, Secret, jwt_set, keys

FACTS = Facts("account", "pgadmin", "supabase", "pg.example.com")
EVERYTHING = {secret.name: secret for secret in catalogue.of(OPTIONAL, ["smtp-password"])}
GENERATED = [secret for secret in EVERYTHING.values() if secret.origin == "generated"]
LOGIN = {"username": "authenticator_2", "password": "p" * 20}


@pytest.mark.parametrize("secret", GENERATED, ids=lambda secret: secret.name)
@settings(max_examples=20)
@given(repetition=st.integers())
def test_what_is_generated_would_be_taken_from_a_person(secret: Secret, repetition: int) -> None:
    made = secret.make({}, FACTS)

    assert made is not None, repetition
    assert secret.flaw(made) == ""
    assert secret.fits(made, {}, FACTS)


@pytest.mark.parametrize(
    ("name", "value", "flaw"),
    [
        ("smtp-password", "", "is empty"),
        ("smtp-password", " pasted\n", "has spaces or line ends around it"),
        ("smtp-password", "a\x00b", "control characters"),
        ("smtp-password", "x" * 25_601, "has 25601 bytes, and Key Vault takes 25600"),
        ("smtp-password", "ü" * 12_801, "has 25602 bytes"),
        ("jwt-secret", "x" * 31, "is shorter than 32 signs"),
        ("jwt-secret", "your-super-secret-jwt-token-with-at-least-32-characters-long", "published"),
        ("pg-password", "P@ssw0rd123!", "would break database URLs"),
        ("pg-password", "short1A", "has not 8 to 128 signs"),
        ("pg-password", "alllowercase", "has not three of"),
        ("pg-rest", "a-password", "is not JSON with username and password"),
        ("pg-rest", json.dumps(LOGIN | {"more": "x"}), "is not JSON with username and password"),
        ("pg-rest", json.dumps(LOGIN | {"username": "x"}), "is not authenticator_1 or"),
        ("pg-rest", json.dumps(LOGIN | {"password": "a:b"}), "has a password that has other signs"),
        ("supabase-storage-creds", '{"keyId": "a,b", "accessKey": "c"}', "has a keyId that"),
        ("publishable-key", "sb_secret_abc", "is not sb_publishable_ and letters"),
        ("secret-key", "sb_secret_a,b", "is not sb_secret_ and letters"),
        ("realtime-enc-key", "x" * 32, "has 32 signs, not 16"),
        ("realtime-secret-key-base", "x" * 63, "is shorter than 64 signs"),
        ("supavisor-vault-enc-key", "x" * 31, "has 31 signs, not 32"),
        ("analytics-encryption-key", "no base64!", "is not base64"),
        ("analytics-encryption-key", base64.b64encode(b"x").decode(), "is base64 of 1 bytes"),
        ("dashboard-username", "me:you", "has a colon"),
        ("jwt-set", "{}", "is no JSON of all members that agree"),
    ],
)
def test_what_cannot_be_used_is_described_and_not_shown(name: str, value: str, flaw: str) -> None:
    found = EVERYTHING[name].flaw(value)

    assert flaw in found
    assert not value or value not in found


def test_what_can_be_used_has_no_flaw() -> None:
    usable = {
        "pg-rest": json.dumps(LOGIN),
        "smtp-password": "any signs: §$%&/()=? and 日本",
        "jwt-secret": "ü" * 32,
        "jwt-set": jwt_set.text(jwt_set.complete({})),
    }

    assert {name: EVERYTHING[name].flaw(value) for name, value in usable.items()} == dict.fromkeys(
        usable, ""
    )


# --- API keys of the old kind -------------------------------------------------------------------


@given(secret=st.text(min_size=32, max_size=64), other=st.text(min_size=32, max_size=64))
def test_a_key_is_proven_by_the_secret_that_signed_it(secret: str, other: str) -> None:
    key = keys.sign("anon", secret)

    assert keys.refusal(key, "anon", secret) == ""
    assert keys.refusal(key, "service_role", secret) == "is not for the role service_role"
    assert other == secret or keys.refusal(key, "anon", other) == "was not signed by jwt-secret"
    assert keys.refusal(secret, "anon", secret) == "is no HS256 token"


def test_a_key_that_has_ended_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "LIFETIME", -10)
    assert keys.refusal(keys.sign("anon", "s" * 40), "anon", "s" * 40) == "has expired"


def test_a_brought_key_is_held_against_the_secret_beside_it_or_in_the_vault() -> None:
    mine, theirs = "m" * 40, "t" * 40
    key = {"anon-key": keys.sign("anon", mine)}
    vault = {"jwt-set": jwt_set.text(jwt_set.complete({"jwt-secret": theirs}))}

    assert jwt_set.unproven(key | {"jwt-secret": mine}, vault) == {}
    assert jwt_set.unproven(key, {"jwt-secret": mine}) == {}
    assert jwt_set.unproven(key, vault) == {"anon-key": "was not signed by jwt-secret"}
    assert "bring both" in jwt_set.unproven(key, {})["anon-key"]
