"""What each move of a rotation writes, when it is due, and what a person may ask for."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from flows import rotate
from tasks import catalogue, environment, rotation
from tasks.catalogue import jwt_set, keys
from tasks.environment import PROJECT, Every, Overlap, Rotation
from tasks.errors import ConfigError
from tasks.rotation import LEGACY, Policy, Safe, Standing
from tests.unit.rotation_world import FakeAccount, FakeVault, Fuse, Version, World

UNITS = rotation.units(catalogue.of({"supavisor"}, ("smtp-password",)))


@pytest.fixture
def world() -> World:
    return World()


def standing(world: World, unit: str) -> Standing:
    found = rotation.survey.fn(world.safe, world.units)
    return next(one for one in found if one.unit.name == unit)


def moved(world: World, move: rotation.Move, unit: str) -> Standing:
    """One move alone, seen to work at once."""
    (one,) = rotation.make.fn(world.safe, rotation.chosen(world.units, [unit]), move, {unit})
    rotation.expect.fn(world.safe, world.units)
    rotation.settle.fn(world.safe, world.units)
    return one


# --- Three moves ----------------------------------------------------------------------------------


def test_a_login_alternates_between_two_names(world: World) -> None:
    first = json.loads(world.vault.value("pg-auth"))

    for move in rotation.MOVES:
        moved(world, move, "pg-auth")

    second = json.loads(world.vault.value("pg-auth"))
    assert first["username"] == "supabase_auth_admin_1"
    assert second["username"] == "supabase_auth_admin_2"
    assert world.vault.value("pg-auth-accepted") == ":".join(second.values())


def test_staging_accepts_the_next_value_first_and_presents_the_old_one(world: World) -> None:
    old = world.vault.value("publishable-key")

    moved(world, "stage", "publishable-key")

    new, *others = world.vault.value("publishable-key-accepted").split(",")
    assert others == [old]
    assert new.startswith("sb_publishable_")
    assert world.vault.value("publishable-key") == old


def test_tokens_are_verified_by_both_keys_until_the_old_one_is_retired(world: World) -> None:
    def kids() -> tuple[str, list[str]]:
        found = jwt_set.parse(world.vault.value("jwt-set"))
        known = json.loads(found["jwt-jwks"])["keys"]
        signing = json.loads(found["jwt-keys"])[0]
        token = found["anon-key-asymmetric"]
        assert keys.is_signed_asymmetric(token, "anon", signing)
        return signing["kid"], [key["kid"] for key in known if key["kty"] == "EC"]

    old, known = kids()
    assert known == [old]

    moved(world, "stage", "jwt-set")
    signs, known = kids()
    assert (signs, len(known)) == (old, 2)

    world.days(1)
    moved(world, "switch", "jwt-set")
    new, known = kids()
    assert new != old
    assert set(known) == {new, old}

    world.days(1)
    moved(world, "retire", "jwt-set")
    assert kids() == (new, [new])


def test_the_secret_of_the_old_kind_lives_through_a_rotation_of_tokens(world: World) -> None:
    before = {name: world.vault.value(name) for name in ("jwt-secret", "anon-key")}

    moved(world, "stage", "jwt-set")
    world.seed()

    assert {name: world.vault.value(name) for name in before} == before


def test_the_old_kind_changes_in_one_version_and_leaves_the_other_keys(world: World) -> None:
    before = jwt_set.parse(world.vault.value("jwt-set"))

    moved(world, "switch", LEGACY)

    after = jwt_set.parse(world.vault.value("jwt-set"))
    assert before["jwt-secret"] != after["jwt-secret"]
    assert keys.is_signed(after["anon-key"], "anon", after["jwt-secret"])
    assert after["anon-key-asymmetric"] == before["anon-key-asymmetric"]
    assert standing(world, "jwt-set").phase == "at rest"


def test_what_is_retired_is_kept_to_be_refused(world: World) -> None:
    old = world.vault.value("secret-key")
    for move in ("stage", "switch"):
        moved(world, move, "secret-key")
    world.days(8)

    moved(world, "retire", "secret-key")

    assert json.loads(world.vault.value("retired-credentials")) == {"secret-key": old}


def test_going_back_presents_the_old_value_while_both_are_accepted(world: World) -> None:
    old = world.vault.value("pg-rest")
    moved(world, "stage", "pg-rest")
    chosen = rotation.chosen(world.units, ["pg-rest"])
    rotation.make.fn(world.safe, chosen, "switch", set())

    assert rotation.go_back.fn(world.safe, world.units) == ("pg-rest",)

    assert world.vault.value("pg-rest") == old
    assert len(world.vault.value("pg-rest-accepted").split(",")) == 2
    assert standing(world, "pg-rest").move == "switch"


def test_a_value_that_somebody_put_there_is_accepted_and_brought_before_the_old_one_ends(
    world: World,
) -> None:
    world.vault.write("publishable-key", "by-hand", {}, None)
    world.seed()

    one = standing(world, "publishable-key")

    assert (one.phase, one.settled) == ("switched", False)
    assert world.vault.value("publishable-key-accepted").startswith("by-hand,sb_publishable_")


# --- The account's key ----------------------------------------------------------------------------


def test_the_idle_key_is_renewed_and_taken_then_the_other_one_ends() -> None:
    account = FakeAccount(Fuse())
    vault = FakeVault(Fuse())
    vault.write("azure-storage-account-key", account.keys["key1"], {}, None)
    safe = Safe(vault, account)
    chosen = rotation.chosen(UNITS, ["azure-storage-account-key"])

    rotation.make.fn(safe, chosen, "switch", {"azure-storage-account-key"})
    taken = dict(account.keys)
    rotation.settle.fn(safe, chosen)
    rotation.make.fn(safe, chosen, "retire", set())

    assert vault.value("azure-storage-account-key") == taken["key2"] == account.keys["key2"]
    assert taken["key1"] == "one-0"
    assert account.keys["key1"] != "one-0"


def test_the_key_in_use_is_known_by_its_value_whatever_an_older_version_was() -> None:
    account = FakeAccount(Fuse())
    vault = FakeVault(Fuse())
    then = "2026-01-01T00:00:00+00:00"
    tags = {"key-name": "key2"} | dict.fromkeys(("switched-at", "retired-at", "in-use-since"), then)
    vault.write("azure-storage-account-key", account.keys["key1"], tags, None)
    chosen = rotation.chosen(UNITS, ["azure-storage-account-key"])

    rotation.make.fn(Safe(vault, account), chosen, "switch", {"azure-storage-account-key"})

    assert account.keys["key1"] == "one-0"
    assert vault.value("azure-storage-account-key") == account.keys["key2"] != "two-0"


# --- Dates and tags -------------------------------------------------------------------------------


def test_a_version_tells_its_generation_its_maker_and_its_end(world: World) -> None:
    moved(world, "switch", "realtime-secret-key-base")

    made: Version = world.vault.versions["realtime-secret-key-base"][-1]
    assert made.tags["generation"] == "2"
    assert made.tags["made-by"] == "supabase-on-azure"
    assert made.expires is not None
    assert round((made.expires - datetime.now(UTC)).total_seconds() / 86_400) == 90 + 30


def test_a_version_that_ends_soon_is_due_before_its_age_says_so(world: World) -> None:
    soon = datetime.now(UTC) + timedelta(days=10)
    world.vault.write("realtime-secret-key-base", "x", {}, soon)

    one = standing(world, "realtime-secret-key-base")

    assert one.is_due(datetime.now(UTC))


def test_what_cuts_off_others_is_never_due_by_itself(world: World) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    others = ("publishable-key", "secret-key", "dashboard-password")
    for name in ("jwt-set", "s3-protocol-access-key-id", *others):
        value = world.vault.value(name)
        world.vault.write(name, value, {"generation": "1"}, past)

    assert standing(world, LEGACY).due is None
    assert standing(world, "s3-protocol").due is None
    assert [standing(world, name).due for name in others] == [None] * 3
    assert standing(world, "jwt-set").is_due(datetime.now(UTC))


def test_the_environment_decides_how_often() -> None:
    (unit,) = rotation.chosen(UNITS, ["realtime-secret-key-base"])

    assert Policy().days(unit) == 90
    assert Policy(Rotation(every=Every(replace=7))).days(unit) == 7


def test_old_tokens_are_accepted_for_as_long_as_they_live() -> None:
    (unit,) = rotation.chosen(UNITS, ["jwt-set"])
    policy = Policy(Rotation(overlap=Overlap(tokens=60)), token_seconds=86_400)

    assert policy.overlap(unit) == timedelta(days=1)


def test_an_access_token_lives_as_long_as_the_chart_says() -> None:
    values = yaml.safe_load((PROJECT / "charts/supabase/values.yaml").read_text())

    assert Policy().token_seconds == values["auth"]["tokenSeconds"]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("publishable-key", 7 * 86_400), ("pg-auth", 0), ("supabase-storage-creds", 0)],
)
def test_only_what_clients_outside_hold_overlaps_for_long(name: str, seconds: float) -> None:
    (unit,) = rotation.chosen(UNITS, [name])

    assert Policy().overlap(unit) == timedelta(seconds=seconds)


# --- What a person may ask for --------------------------------------------------------------------


def test_a_pattern_means_what_rotates_by_age() -> None:
    chosen = {unit.name for unit in rotation.chosen(UNITS, ["*"])}

    assert {"jwt-set", "pg-auth", "azure-storage-account-key"} <= chosen
    assert not {"s3-protocol", LEGACY, "realtime-enc-key", "smtp-password"} & chosen
    assert not {"publishable-key", "secret-key", "dashboard-password"} & chosen


def test_one_of_the_names_that_go_together_means_all_of_them() -> None:
    (unit,) = rotation.chosen(UNITS, ["s3-protocol-access-key-id"])

    assert unit.name == "s3-protocol"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["publishable-kee"], "Did you mean 'publishable-key'?"),
        (["anon-key"], "anon-key follows jwt-set."),
        (["realtime-enc-key"], "what the service has stored could not be read any more"),
        (["smtp-password"], "its issuer makes the new one"),
        ([LEGACY, "pg-auth"], "rotates alone"),
        (["nothing-*"], "There is no secret 'nothing-*' that rotates."),
    ],
)
def test_what_cannot_be_rotated_is_refused_with_the_reason(names: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        rotation.chosen(UNITS, names)

    assert said in str(refusal.value)


def test_the_table_shows_no_value(world: World) -> None:
    found = rotation.survey.fn(world.safe, world.units)

    text = rotation.show("dev", rotation.outlook(found, world.units, datetime.now(UTC)), "")

    shown = [v for versions in world.vault.versions.values() for v in versions if len(v.value) > 20]
    assert not [one for one in shown if one.value in text]
    assert "what the service has stored could not be read any more" in text


def test_where_an_identity_signs_in_the_accounts_key_is_nobodys(tmp_path: Path) -> None:
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    values["s3proxy"] = {"storage": {"signIn": "workloadIdentity"}}
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    wanted = environment.load("sandbox").model_copy(update={"values": tmp_path / "values.yaml"})

    units = rotate.everything(wanted)

    with pytest.raises(ConfigError, match="S3Proxy signs in with an identity"):
        rotation.chosen(units, ["azure-storage-account-key"])
    assert "azure-storage-account-key" not in {unit.name for unit in rotation.chosen(units, ["*"])}
