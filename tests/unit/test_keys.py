"""The keys of Supabase's API, in the forms that its services take."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Callable

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks import catalogue
from tasks.catalogue import Facts, jwt_set, keys
from tasks.catalogue.secret import Secret

FACTS = Facts("supabasedevstg")
FIVE_YEARS = 5 * 365 * 24 * 3600
TOKENS = ("anon-key", "service-role-key", "anon-key-asymmetric", "service-role-key-asymmetric")
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=32, max_size=80)
Members = dict[str, str]


def one(name: str) -> Secret:
    return next(secret for secret in catalogue.CATALOGUE if secret.name == name)


def changed(before: Members, after: Members) -> set[str]:
    return {name for name in before if before[name] != after[name]}


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


# --- The set --------------------------------------------------------------------------------------


@given(secret=SECRETS)
def test_services_verify_with_the_sets_what_either_key_has_signed(secret: str) -> None:
    members = jwt_set.complete({"jwt-secret": secret})
    public, shared = json.loads(members["jwt-jwks"])["keys"]
    elliptic = jwt.PyJWK(public)

    assert base64.urlsafe_b64decode(shared["k"] + "==").decode() == secret
    assert shared == {"kty": "oct", "k": shared["k"], "alg": "HS256"}
    for role, name in (("anon", "anon-key"), ("service_role", "service-role-key")):
        legacy = jwt.decode(members[name], secret.encode(), ["HS256"])
        token = members[f"{name}-asymmetric"]
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
        assert jwt.get_unverified_header(members[name]) == {"alg": "HS256", "typ": "JWT"}


def test_the_private_key_is_in_one_member_only() -> None:
    members = jwt_set.complete({"jwt-secret": "s" * 40})
    own, shared = json.loads(members["jwt-keys"])
    public = json.loads(members["jwt-jwks"])["keys"][0]

    assert own | {"key_ops": ["verify"]} == public | {"d": own["d"]}
    assert (own["kty"], own["crv"], own["alg"], own["use"]) == ("EC", "P-256", "ES256", "sig")
    assert own["key_ops"] == ["sign", "verify"]
    assert uuid.UUID(own["kid"]).version == 4
    assert shared["kty"] == "oct"
    assert [name for name, value in members.items() if own["d"] in value] == ["jwt-keys"]
    assert all(" " not in members[name] for name in ("jwt-keys", "jwt-jwks"))


@given(secret=SECRETS)
def test_what_fits_stays_to_the_letter(secret: str) -> None:
    members = jwt_set.complete({"jwt-secret": secret})
    value = jwt_set.text(members)

    assert one("jwt-set").fits(value, {}, FACTS)
    assert one("jwt-set").make({"jwt-set": value}, FACTS) == value


def test_a_new_jwt_secret_renews_what_it_signed_and_leaves_the_private_key() -> None:
    before = jwt_set.complete({"jwt-secret": "a" * 40})

    after = jwt_set.complete(before | {"jwt-secret": "b" * 40})

    assert changed(before, after) == {
        *("jwt-secret", "jwt-keys", "jwt-jwks", "anon-key", "service-role-key"),
    }
    assert json.loads(before["jwt-keys"])[0] == json.loads(after["jwt-keys"])[0]


def test_a_new_private_key_renews_its_tokens_and_no_others() -> None:
    before, other = (jwt_set.complete({"jwt-secret": "a" * 40}) for _ in range(2))

    after = jwt_set.complete(before | {"jwt-keys": other["jwt-keys"]})

    assert changed(before, after) == {
        *("jwt-keys", "jwt-jwks", "anon-key-asymmetric", "service-role-key-asymmetric"),
    }


def test_a_new_set_goes_on_with_the_values_that_were_there_under_their_own_names() -> None:
    before = jwt_set.complete({"jwt-secret": "a" * 40})

    adopted = one("jwt-set").make(before, FACTS)
    broken = one("jwt-set").make(before | {"jwt-set": "{"}, FACTS)

    assert adopted == broken == jwt_set.text(before)


def test_what_people_look_for_is_a_copy_of_the_set() -> None:
    members = jwt_set.complete({})
    values = {"jwt-set": jwt_set.text(members)}

    for name in ("jwt-secret", "anon-key", "service-role-key"):
        assert one(name).make(values, FACTS) == members[name]
        assert not one(name).fits("something-else", values, FACTS)


@given(text=st.text(max_size=40) | st.sampled_from(["[]", "{}", "[{}]", "null", '[{"kty":"EC"}]']))
def test_what_is_no_set_is_made_anew(text: str) -> None:
    made = one("jwt-set").make({"jwt-set": text}, FACTS)

    assert not one("jwt-set").fits(text, {}, FACTS)
    assert made is not None
    assert one("jwt-set").fits(made, {}, FACTS)
    assert keys.ring_of(text) == []


def test_a_set_without_its_private_part_signs_nothing_and_gets_a_new_key() -> None:
    before = jwt_set.complete({"jwt-secret": "a" * 40})
    own, shared = json.loads(before["jwt-keys"])
    public = json.dumps([keys.public(own), shared])

    after = jwt_set.complete(before | {"jwt-keys": public})

    assert json.loads(after["jwt-keys"])[0]["kid"] != own["kid"]


# --- Several keys ---------------------------------------------------------------------------------


def ring_while(phase: Callable[[keys.Jwk, keys.Jwk], list[keys.Jwk]]) -> Members:
    old, new = keys.new_key(), keys.new_key()
    return jwt_set.members("s" * 40, phase(old, new), {})


@pytest.mark.parametrize(
    "phase",
    [
        pytest.param(lambda old, new: [old, keys.waiting(new)], id="staged"),
        pytest.param(lambda old, new: [new, keys.public(old)], id="switched"),
        pytest.param(lambda _old, new: [new], id="retired"),
    ],
)
def test_one_key_signs_and_every_key_verifies(
    phase: Callable[[keys.Jwk, keys.Jwk], list[keys.Jwk]],
) -> None:
    members = ring_while(phase)
    private, verifying = json.loads(members["jwt-keys"]), json.loads(members["jwt-jwks"])["keys"]

    assert ["sign" in key.get("key_ops", []) for key in private] == [True] + [False] * (
        len(private) - 1
    )
    assert [key.get("kid") for key in private] == [key.get("kid") for key in verifying]
    assert not any("d" in key for key in verifying)
    assert jwt.get_unverified_header(members["anon-key-asymmetric"])["kid"] == private[0]["kid"]
    assert jwt_set.complete(members) == members


def test_the_key_that_is_replaced_leaves_its_private_part_behind() -> None:
    members = ring_while(lambda old, new: [new, keys.public(old)])

    assert ["d" in key for key in keys.ring_of(members["jwt-keys"])] == [True, False]


# --- Tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOKENS)
@given(text=st.text(max_size=60))
def test_what_is_no_token_is_signed_anew(name: str, text: str) -> None:
    before = jwt_set.complete({"jwt-secret": "a" * 40})

    made = jwt_set.complete(before | {name: text})

    assert made[name] != text
    assert jwt_set.complete(made) == made


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_of_another_role_is_signed_anew(name: str) -> None:
    members = jwt_set.complete({"jwt-secret": "a" * 40})
    twin = next(
        other for other in TOKENS if other != name and ("asym" in other) == ("asym" in name)
    )

    assert jwt_set.complete(members | {name: members[twin]})[name] != members[twin]


def test_near_its_end_our_own_token_is_signed_anew_and_what_clients_hold_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = jwt_set.complete({"jwt-secret": "a" * 40})
    assert jwt_set.ending(jwt_set.text(members)) == []
    monkeypatch.setattr(keys, "RENEW_BEFORE", FIVE_YEARS + 60)

    after = jwt_set.complete(members)

    assert {name for name in TOKENS if after[name] == members[name]} == set(TOKENS[:2])
    told = jwt_set.ending(jwt_set.text(after))
    assert [line.partition(":")[0] for line in told] == ["anon-key", "service-role-key"]
    assert "rotate --only jwt-secret" in told[0]


def test_a_clients_key_that_has_ended_is_signed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "LIFETIME", -10)
    ended = jwt_set.complete({"jwt-secret": "a" * 40})
    monkeypatch.undo()

    assert jwt_set.complete(ended)["anon-key"] != ended["anon-key"]
