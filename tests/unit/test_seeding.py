"""What becomes of each secret, decided on contents alone."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import catalogue
from tasks.catalogue import Facts, jwt_set, keys
from tasks.environment import Every
from tasks.key_vault import Stored, Wishes, providers
from tasks.key_vault.decisions import Decider, Decision, flaws
from tasks.key_vault.telling import lacking, table

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FACTS = Facts("account", "pgadmin", "supabase", "pg.example.com")
CATALOGUE = catalogue.of([], ["smtp-password"])
MINE = "m" * 40
YOURS = {"smtp-password": "from-a-person"}
Vault = dict[str, Stored]


def seeded(
    held: Vault | None = None, brought: Mapping[str, str] | None = None, **wishes: Any
) -> tuple[Vault, dict[str, Decision], Decider]:
    """One seeding: the vault afterwards, and what was decided."""
    decider = Decider(
        CATALOGUE,
        held or {},
        YOURS if brought is None else brought,
        {"azure-storage-account-key": lambda present: present if present == "key2" else "key1"},
        FACTS,
        Wishes(**wishes),
        NOW,
        "demo-kv",
    )
    decisions = {one.name: one for one in decider.decide()}
    written = {
        one.name: Stored(one.value, f"v-{one.name}", NOW, one.expires, one.tags)
        for one in decisions.values()
        if one.value is not None
    }
    return (held or {}) | written, decisions, decider


def actions(decisions: Mapping[str, Decision], *but: str) -> dict[str, str]:
    return {name: one.action for name, one in decisions.items() if one.action not in but}


def changed(vault: Vault, name: str, value: str, **about: Any) -> Vault:
    old = vault[name]
    fields = {"expires": old.expires, "tags": old.tags} | about
    return vault | {name: Stored(value, "v2", NOW, **fields)}


@pytest.fixture(scope="module")
def vault() -> Vault:
    """What a first seeding leaves."""
    return seeded()[0]


# --- First and second ---------------------------------------------------------------------------


def test_everything_is_created_once_and_then_stays(vault: Vault) -> None:
    _, first, _ = seeded()
    _, second, decider = seeded(vault)

    assert actions(first, "created") == {}
    assert actions(second, "unchanged") == {}
    assert not any(one.value for one in second.values())
    assert decider.complaints == []


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_run_that_died_after_any_write_is_finished_by_the_next(data: st.DataObject) -> None:
    whole, _, _ = seeded()
    reached = data.draw(st.integers(0, len(CATALOGUE)))
    held = {s.name: whole[s.name] for s in CATALOGUE[:reached] if s.name in whole}

    after, decisions, _ = seeded(held)

    assert set(actions(decisions, "unchanged")) == set(whole) - set(held)
    assert actions(seeded(after)[1], "unchanged") == {}


def test_no_value_shows_in_what_people_print(vault: Vault) -> None:
    _, decisions, decider = seeded()
    texts = [repr(decisions), repr(decider), repr(vault), table(tuple(decisions.values()))]

    secrets = [one.value for one in decisions.values() if one.value and len(one.value) > 12]
    assert [value for value in secrets for text in texts if value in text] == []


def test_each_version_tells_its_generation_and_when_it_ends(vault: Vault) -> None:
    for secret in CATALOGUE:
        stored = vault[secret.name]
        days = secret.rotation.days
        assert stored.tags["generation"] == "1"
        assert stored.expires == (NOW + timedelta(days=days + 30) if days else None)


def test_an_environment_has_periods_of_its_own() -> None:
    found, _, _ = seeded(every=Every(tokens=30))

    assert found["jwt-set"].expires == NOW + timedelta(days=60)


# --- What follows -------------------------------------------------------------------------------


def test_what_no_longer_follows_is_brought_in_line_and_keeps_its_tags(vault: Vault) -> None:
    members = jwt_set.parse(vault["jwt-set"].value) | {"jwt-secret": "n" * 40}
    tags = {"generation": "4", "switched-at": "then", "in-use-since": "then", "mine": "yes"}
    ends = NOW + timedelta(days=7)
    held = changed(vault, "jwt-set", json.dumps(members), tags=tags, expires=ends)

    after, decisions, _ = seeded(held)

    assert actions(decisions, "unchanged") == dict.fromkeys(
        ["jwt-set", "jwt-secret", "anon-key", "service-role-key"], "renewed"
    )
    assert after["jwt-secret"].value == "n" * 40
    assert after["jwt-set"].tags == {"generation": "4", "switched-at": "then", "mine": "yes"}
    assert after["jwt-set"].expires == ends


def test_a_copy_that_somebody_changed_follows_the_set_again(vault: Vault) -> None:
    after, decisions, _ = seeded(changed(vault, "jwt-secret", "changed-by-hand"))

    assert actions(decisions, "unchanged") == {"jwt-secret": "renewed"}
    assert after["jwt-secret"].value == vault["jwt-secret"].value


def test_names_that_change_together_agree_on_their_generation(vault: Vault) -> None:
    half = changed(vault, "s3-protocol-access-key-id", "id", tags={"generation": "3"})
    del half["s3-protocol-access-key-secret"]

    after, _, _ = seeded(half)

    assert after["s3-protocol-access-key-secret"].tags["generation"] == "3"


def test_a_key_of_azure_stays_while_it_is_valid(vault: Vault) -> None:
    rotated = changed(vault, "azure-storage-account-key", "key2")
    ended = changed(vault, "azure-storage-account-key", "key0")

    _, staying, _ = seeded(changed(rotated, "storage-connection-string", ""))
    after, renewed, _ = seeded(ended)

    assert staying["azure-storage-account-key"].action == "unchanged"
    assert renewed["azure-storage-account-key"].action == "renewed"
    assert "AccountKey=key1;" in after["storage-connection-string"].value


# --- What a person brings -----------------------------------------------------------------------


def test_what_a_person_brings_is_taken_where_nothing_is() -> None:
    pair = {"pg-password": "Mine-And-1-Safe", "publishable-key": "sb_publishable_mine"} | YOURS

    after, decisions, _ = seeded(None, pair)

    assert {name: after[name].value for name in pair} == pair
    assert {decisions[name].why for name in pair} == {"yours"}
    assert after["publishable-key-accepted"].value == "sb_publishable_mine"


def test_what_is_there_stays_unless_it_may_be_overwritten(vault: Vault) -> None:
    brought = {"publishable-key": "sb_publishable_mine"}
    old = vault["publishable-key"].value

    _, kept, _ = seeded(vault, brought)
    after, replaced, _ = seeded(vault, brought, overwrite=True)

    assert actions(kept, "unchanged") == {"publishable-key": "kept"}
    assert "--overwrite" in kept["publishable-key"].why
    assert actions(replaced, "unchanged") == {
        "publishable-key": "replaced",
        "publishable-key-accepted": "renewed",
    }
    assert after["publishable-key-accepted"].value == f"sb_publishable_mine,{old}"


def test_what_is_brought_again_changes_nothing(vault: Vault) -> None:
    same = {name: stored.value for name, stored in vault.items()}

    _, decisions, decider = seeded(vault, same, overwrite=True)

    assert actions(decisions, "unchanged") == {}
    assert decider.complaints == []


def test_what_encrypts_stored_data_is_not_overwritten(vault: Vault) -> None:
    _, _, decider = seeded(vault, {"realtime-enc-key": "x" * 16}, overwrite=True)

    assert "could not be read any more" in decider.complaints[0]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("pg-username", "Terraform"),
        ("postgres-connection-string", "pg-username, pg-password, pg-database"),
        ("publishable-key-accepted", "publishable-key"),
        ("realtime-metrics-token", "realtime-metrics-secret"),
    ],
)
def test_what_follows_from_others_is_not_brought(name: str, source: str) -> None:
    _, _, decider = seeded(None, {name: "something-else"} | YOURS)

    assert f"{name}: it follows from {source}, which says something else" in decider.complaints[0]


def test_a_storage_key_that_azure_does_not_know_is_refused() -> None:
    _, _, decider = seeded(None, {"azure-storage-account-key": "made-up"} | YOURS)

    assert "azure-storage-account-key: Azure knows no such key" in decider.complaints[0]


# --- The set of tokens --------------------------------------------------------------------------


def test_keys_of_an_older_installation_go_on_in_the_set() -> None:
    older = jwt_set.complete({"jwt-secret": MINE})
    brought = {name: older[name] for name in jwt_set.COPIES} | YOURS

    after, decisions, decider = seeded(None, brought)

    assert {name: jwt_set.parse(after["jwt-set"].value)[name] for name in jwt_set.COPIES} == {
        name: older[name] for name in jwt_set.COPIES
    }
    assert {name: after[name].value for name in jwt_set.COPIES} == {
        name: older[name] for name in jwt_set.COPIES
    }
    assert decisions["jwt-set"].action == "created"
    assert decider.complaints == []


def test_what_the_vault_holds_under_the_old_names_is_adopted() -> None:
    older = jwt_set.complete({"jwt-secret": MINE})
    held = {name: Stored(older[name], "v1", NOW) for name in jwt_set.READERS}

    after, decisions, _ = seeded(held, YOURS, generate=True)

    assert after["jwt-set"].value == jwt_set.text(older)
    assert {decisions[name].action for name in jwt_set.COPIES} == {"unchanged"}


@pytest.mark.parametrize("brought", [True, False])
def test_a_key_that_clients_hold_lives_on_until_its_end(
    monkeypatch: pytest.MonkeyPatch, *, brought: bool
) -> None:
    monkeypatch.setattr(keys, "LIFETIME", 60 * 24 * 3600)
    older = {"jwt-secret": MINE, "anon-key": keys.sign("anon", MINE)}
    monkeypatch.undo()
    held = {} if brought else {name: Stored(value, "v1", NOW) for name, value in older.items()}

    after, _, decider = seeded(held, YOURS | older if brought else YOURS)

    assert jwt_set.parse(after["jwt-set"].value)["anon-key"] == older["anon-key"]
    (told,) = decider.overdue
    assert told.startswith("anon-key: it ends on ")
    assert flaws(CATALOGUE, older, {}) == []


def test_a_brought_jwt_secret_differs_from_the_set(vault: Vault) -> None:
    brought = {"jwt-secret": MINE, "anon-key": keys.sign("anon", MINE)}

    unchanged, kept, _ = seeded(vault, brought)
    after, replaced, _ = seeded(vault, brought, overwrite=True)

    assert actions(kept, "unchanged") == dict.fromkeys(["jwt-set", *brought], "kept")
    assert unchanged == vault
    assert replaced["jwt-set"].action == "replaced"
    members = jwt_set.parse(after["jwt-set"].value)
    assert {name: members[name] for name in brought} == brought
    assert members["jwt-keys"] != jwt_set.parse(vault["jwt-set"].value)["jwt-keys"]
    assert jwt_set.complete(members) == members
    old, new = (keys.ring_of(jwt_set.parse(v["jwt-set"].value)["jwt-keys"]) for v in (vault, after))
    assert old == new  # Sessions of the private key live on.


def test_the_whole_set_and_a_part_of_it_are_too_much() -> None:
    members = jwt_set.complete({"jwt-secret": MINE})
    brought = {"jwt-set": jwt_set.text(members), "jwt-secret": MINE}

    assert "part of jwt-set" in flaws(CATALOGUE, brought, {})[0]


# --- What is missing ----------------------------------------------------------------------------


def test_without_generating_everything_that_is_invented_must_be_brought() -> None:
    _, decisions, _ = seeded(None, {}, generate=False)

    missing = set(actions(decisions, "later", "created"))
    invented = {s.name for s in CATALOGUE if s.origin in ("generated", "provided")}
    assert missing == invented - {"retired-credentials"}
    message, hint = lacking(sorted(missing), CATALOGUE)
    assert "jwt-set or jwt-secret" in message
    assert "pg-password: 40 letters and digits" in message
    assert "SECRET_SMTP_PASSWORD" in hint


def test_a_jwt_secret_is_enough_for_the_set_when_nothing_is_generated() -> None:
    _, decisions, _ = seeded(None, {"jwt-secret": MINE}, generate=False)

    assert decisions["jwt-set"].action == "created"


def test_the_table_names_what_changes_and_counts_what_stays(vault: Vault) -> None:
    held = {name: stored for name, stored in vault.items() if name != "pg-meta"}
    _, decisions, _ = seeded(held)

    text = table(tuple(decisions.values()), ["smtp-password"])

    assert "  pg-meta           created" in text
    assert "smtp-password     recovered, then as it fits" in text
    assert f"{len(CATALOGUE) - 3} of {len(CATALOGUE)} secrets stay as they are." in text


def test_everybody_is_told_what_is_theirs_to_provide() -> None:
    found = providers(CATALOGUE, {"pg-password"}, {"pg-rest"})

    assert found["you; still missing"] == ["smtp-password"]
    assert found["you, with this run"] == ["pg-rest"]
    assert "jwt-set" in found["generated by us"]
    assert "anon-key" in found["follows from others"]
    assert "azure-storage-account-key" in found["Azure and Terraform"]
    assert not any("pg-password" in names for names in found.values())


# --- What has ended -----------------------------------------------------------------------------


def test_what_its_issuer_ended_stops_everything_and_what_we_rotate_is_overdue(
    vault: Vault,
) -> None:
    past = NOW - timedelta(days=1)
    held = changed(vault, "smtp-password", "old", expires=past)
    held = changed(held, "pg-password", vault["pg-password"].value, expires=past)
    held = changed(held, "realtime-enc-key", vault["realtime-enc-key"].value, expires=past)

    _, _, stopped = seeded(held)
    _, renewed, going_on = seeded(held, {"smtp-password": "new"}, overwrite=True)

    remedy = "bring a new one with --secrets-file and --overwrite."
    fixed, provided = stopped.complaints
    assert provided == f"smtp-password: it expired on 2026-11-22; {remedy}"
    assert "set-attributes --vault-name demo-kv --name realtime-enc-key --expires" in fixed
    assert "`python -m flows rotate --only pg-password`" in stopped.overdue[0]
    assert going_on.complaints == [fixed]
    assert renewed["smtp-password"].action == "replaced"
