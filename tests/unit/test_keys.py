"""The keys of Supabase's API, in the forms that its services take."""

import base64
import hashlib
import json
import re
import uuid

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import catalogue
from tasks.catalogue import Facts, keys
from tasks.catalogue.secret import Secret

FACTS = Facts("supabasedevstg")
FIVE_YEARS = 5 * 365 * 24 * 3600
TOKENS = ("anon-key", "service-role-key", "anon-key-asymmetric", "service-role-key-asymmetric")
FOLLOWING = ("jwt-keys", "jwt-jwks", *TOKENS)
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=32, max_size=80)


def one(name: str) -> Secret:
    return next(secret for secret in catalogue.CATALOGUE if secret.name == name)


def follow(values: dict[str, str], *names: str) -> dict[str, str]:
    """Bring these in line, as the keeper does: what fits stays."""
    for name in names or FOLLOWING:
        secret = one(name)
        if name not in values or not secret.fits(values[name], values, FACTS):
            made = secret.make(values, FACTS)
            assert made is not None
            values[name] = made
    return values


@pytest.mark.parametrize("prefix", ["sb_publishable_", "sb_secret_"])
@given(data=st.data())
def test_an_opaque_key_carries_its_checksum(prefix: str, data: st.DataObject) -> None:
    key = keys.opaque_key(prefix)

    word, _, check = key[: -1 - 8], key[-9], key[-8:]
    assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{8}", key)
    digest = hashlib.sha256(f"supabase-self-hosted|{word}".encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode()[:8] == check
    place = data.draw(st.integers(len(prefix), len(word) - 1))
    other = "A" if word[place] != "A" else "B"
    assert keys.checksum(word[:place] + other + word[place + 1 :]) != check


@given(secret=SECRETS)
def test_services_verify_with_the_sets_what_either_key_has_signed(secret: str) -> None:
    values = follow({"jwt-secret": secret})
    jwks = json.loads(values["jwt-jwks"])["keys"]
    public, shared = jwks
    elliptic = jwt.PyJWK(public)

    assert base64.urlsafe_b64decode(shared["k"] + "==").decode() == secret
    assert shared == {"kty": "oct", "k": shared["k"], "alg": "HS256"}
    for role, name in (("anon", "anon-key"), ("service_role", "service-role-key")):
        legacy = jwt.decode(values[name], secret.encode(), ["HS256"])
        token = values[f"{name}-asymmetric"]
        claims = jwt.decode(token, elliptic, ["ES256"])
        for found in (legacy, claims):
            assert set(found) == {"role", "iss", "iat", "exp"}
            assert (found["role"], found["iss"]) == (role, "supabase")
            assert found["exp"] - found["iat"] == FIVE_YEARS
        assert jwt.get_unverified_header(token) == {
            "alg": "ES256",
            "typ": "JWT",
            "kid": public["kid"],
        }
        assert jwt.get_unverified_header(values[name]) == {"alg": "HS256", "typ": "JWT"}


def test_the_private_key_is_in_one_value_only() -> None:
    values = follow({"jwt-secret": "s" * 40})
    own, shared = json.loads(values["jwt-keys"])
    public = json.loads(values["jwt-jwks"])["keys"][0]

    assert own | {"key_ops": ["verify"]} == public | {"d": own["d"]}
    assert (own["kty"], own["crv"], own["alg"], own["use"]) == ("EC", "P-256", "ES256", "sig")
    assert own["key_ops"] == ["sign", "verify"]
    assert uuid.UUID(own["kid"]).version == 4
    assert shared["kty"] == "oct"
    assert [name for name, value in values.items() if own["d"] in value] == ["jwt-keys"]
    assert all(" " not in values[name] for name in ("jwt-keys", "jwt-jwks"))


@given(secret=SECRETS)
def test_what_fits_stays_to_the_letter(secret: str) -> None:
    values = follow({"jwt-secret": secret})

    assert follow(dict(values)) == values


def test_a_new_jwt_secret_renews_what_it_signed_and_leaves_the_private_key() -> None:
    before = follow({"jwt-secret": "a" * 40})

    after = follow(before | {"jwt-secret": "b" * 40})

    changed = {name for name in FOLLOWING if before[name] != after[name]}
    assert changed == {"jwt-keys", "jwt-jwks", "anon-key", "service-role-key"}
    assert json.loads(before["jwt-keys"])[0] == json.loads(after["jwt-keys"])[0]


def test_a_new_private_key_renews_its_tokens_and_no_others() -> None:
    before = follow({"jwt-secret": "a" * 40})
    other = follow({"jwt-secret": "a" * 40})

    after = follow(before | {"jwt-keys": other["jwt-keys"]})

    changed = {name for name in FOLLOWING if before[name] != after[name]}
    assert changed == {"jwt-keys", "jwt-jwks", "anon-key-asymmetric", "service-role-key-asymmetric"}


@given(text=st.text(max_size=40) | st.sampled_from(["[]", "{}", "[{}]", "null", '[{"kty":"EC"}]']))
def test_what_is_no_set_of_keys_is_made_anew(text: str) -> None:
    assert not one("jwt-keys").fits(text, {"jwt-secret": "a" * 40}, FACTS)
    assert json.loads(follow({"jwt-secret": "a" * 40, "jwt-keys": text})["jwt-keys"])[0]["d"]


def test_a_set_without_its_private_part_signs_nothing_and_is_made_anew() -> None:
    values = follow({"jwt-secret": "a" * 40})
    own, shared = json.loads(values["jwt-keys"])
    public = keys.compact([{k: v for k, v in own.items() if k != "d"}, shared])

    assert not one("jwt-keys").fits(public, values, FACTS)


@pytest.mark.parametrize("name", TOKENS)
@given(text=st.text(max_size=60))
def test_what_is_no_token_does_not_fit(name: str, text: str) -> None:
    values = follow({"jwt-secret": "a" * 40}, "jwt-keys")

    assert not one(name).fits(text, values, FACTS)


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_of_another_role_or_near_its_end_does_not_fit(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = follow({"jwt-secret": "a" * 40})
    twin = next(
        other for other in TOKENS if other != name and ("asym" in other) == ("asym" in name)
    )

    assert not one(name).fits(values[twin], values, FACTS)
    monkeypatch.setattr(keys, "RENEW_BEFORE", FIVE_YEARS + 60)
    assert not one(name).fits(values[name], values, FACTS)
