"""A rotation that fails: what goes back, what is said of it, and what is still proved later."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from flows import rotate, seed_secrets
from tasks import environment, rotation
from tasks.catalogue import jwt_set
from tasks.errors import DeployError
from tasks.rotation import LEGACY
from tests.unit.rotation_world import World


@pytest.fixture
def world() -> World:
    return World()


def switched(world: World, unit: str) -> None:
    """Written, and not seen in use."""
    rotation.make.fn(world.safe, rotation.chosen(world.units, [unit]), "switch", {unit})
    rotation.expect.fn(world.safe, world.units)


def arrived(world: World) -> list[str]:
    return [one.unit.name for one in rotation.settle.fn(world.safe, world.units)]


# --- What changes in one move ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        ("pg-password",),
        ("dashboard-password",),
        ("realtime-secret-key-base",),
        ("s3-protocol-access-key-id", "s3-protocol-access-key-secret"),
    ],
)
def test_a_value_that_nobody_saw_work_is_replaced_by_the_one_before(
    world: World, names: tuple[str, ...]
) -> None:
    before = [world.vault.value(name) for name in names]
    (unit,) = rotation.chosen(world.units, [names[0]])
    switched(world, unit.name)
    assert [world.vault.value(name) for name in names] != before

    assert rotation.go_back.fn(world.safe, world.units) == (unit.name,)

    assert [world.vault.value(name) for name in names] == before
    assert {world.vault.read([name])[name].tags["generation"] for name in names} == {"1"}
    assert rotation.go_back.fn(world.safe, world.units) == ()
    assert arrived(world) == []


def test_what_has_its_age_is_tried_anew_by_the_next_run(world: World) -> None:
    switched(world, "pg-password")
    rotation.go_back.fn(world.safe, world.units)
    rotation.settle.fn(world.safe, world.units)

    found = rotation.survey.fn(world.safe, world.units)

    assert rotation.begun(found, set(), datetime.now(UTC)) == {"pg-password"}


def test_what_was_seen_to_work_stays(world: World) -> None:
    switched(world, "pg-password")
    new = world.vault.value("pg-password")
    rotation.settle.fn(world.safe, world.units)

    assert rotation.go_back.fn(world.safe, world.units) == ()
    assert world.vault.value("pg-password") == new


def test_the_old_kind_of_tokens_goes_back_and_its_keys_are_wanted_again(world: World) -> None:
    before = world.vault.value("jwt-set")
    switched(world, LEGACY)
    assert "anon-key" in json.loads(world.vault.value("retired-credentials"))

    assert rotation.go_back.fn(world.safe, world.units) == (LEGACY,)

    assert world.vault.value("jwt-set") == before
    assert "anon-key" not in json.loads(world.vault.value("retired-credentials"))


def test_signing_keys_that_went_back_are_not_reported_as_the_old_kind(world: World) -> None:
    for move in ("stage", "switch"):
        chosen = rotation.chosen(world.units, ["jwt-set"])
        rotation.make.fn(world.safe, chosen, move, {"jwt-set"})
        if move == "stage":
            rotation.settle.fn(world.safe, world.units)
            world.days(1)

    assert rotation.go_back.fn(world.safe, world.units) == ("jwt-set",)
    assert arrived(world) == []


# --- What the run says ----------------------------------------------------------------------------


@pytest.fixture
def work(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run whose steps meet the world instead of Azure."""
    monkeypatch.setattr(rotate, "patient", lambda step, _patience: step.fn)
    monkeypatch.setattr(rotate, "into_the_cluster", lambda _work: world.sync())
    monkeypatch.setattr(seed_secrets, "seed_secrets", lambda _name: world.seed())
    wanted = environment.load("sandbox")
    return SimpleNamespace(wanted=wanted, safe=world.safe, units=world.units)


def failing(what: str) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise DeployError(what)

    return fail


def test_a_storm_in_the_middle_of_the_writes_takes_back_what_was_written(
    world: World, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.vault.value("pg-password")
    write = world.vault.write

    def stormy(name: str, *rest: Any) -> str:
        if name == "realtime-secret-key-base":
            raise DeployError("Too many requests.")
        return write(name, *rest)

    monkeypatch.setattr(world.vault, "write", stormy)
    names = ["pg-password", "realtime-secret-key-base"]
    chosen = rotation.chosen(world.units, names)

    with pytest.raises(DeployError) as error:
        rotate.make(work, "switch", chosen, set(names))

    assert "The old values are presented again: pg-password." in str(error.value)
    assert world.vault.value("pg-password") == before
    assert world.synced["database"]["pg-password"] == before


def test_a_failed_end_of_old_values_does_not_claim_that_they_work(
    work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "into_the_cluster", failing("No answer."))

    with pytest.raises(DeployError) as error:
        rotate.brought(work, "retire", ())

    assert "their old ones may be refused already" in str(error.value)


def test_a_way_back_that_fails_is_no_way_back(
    world: World, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    switched(world, "pg-password")
    monkeypatch.setattr(rotate, "into_the_cluster", failing("No answer."))
    monkeypatch.setattr(world.vault, "write", failing("Too many requests."))

    with pytest.raises(DeployError) as error:
        rotate.brought(work, "switch", ())

    assert "could not be taken back: Too many requests." in str(error.value)


# --- What was ended is refused --------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["publishable-key", "jwt-set", "supabase-storage-creds"])
def test_a_run_that_died_after_ending_a_value_does_not_lose_the_proof(
    world: World, unit: str
) -> None:
    chosen = rotation.chosen(world.units, [unit])
    for move in rotation.MOVES:
        rotation.make.fn(world.safe, chosen, move, {unit})
        if move != "retire":  # After which the worker is gone.
            world.bring()
            world.days(8)

    world.rotate()

    assert set(json.loads(world.vault.value("retired-credentials"))) == {unit}


def test_a_set_without_its_old_version_is_nobodys_proof(world: World) -> None:
    switched(world, LEGACY)
    world.vault.versions["jwt-set"][:-1] = []
    world.vault.write("retired-credentials", "{}", {}, None)

    rotation.expect.fn(world.safe, world.units)

    assert world.vault.value("retired-credentials") == "{}"
    assert jwt_set.parse(world.vault.value("jwt-set"))
