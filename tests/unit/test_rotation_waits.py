"""What a rotation waits for between two moves."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flows import rotate
from tasks import rotation
from tasks.environment import Overlap, Rotation
from tasks.rotation import Policy, Safe
from tests.unit.rotation_world import World


def staged(world: World) -> Any:
    chosen = rotation.chosen(world.units, ["jwt-set"])
    rotation.make.fn(world.safe, chosen, "stage", {"jwt-set"})
    rotation.settle.fn(world.safe, world.units)
    return chosen


def test_the_next_key_signs_no_token_before_caches_outside_have_run_out() -> None:
    world = World()
    chosen = staged(world)

    early = rotation.make.fn(world.safe, chosen, "switch", {"jwt-set"})
    world.vault.grow_older(timedelta(seconds=600))
    later = rotation.make.fn(world.safe, chosen, "switch", {"jwt-set"})

    assert early == ()
    assert [one.phase for one in later] == ["switched"]


def test_the_environment_knows_what_caches_there_are() -> None:
    world = World()
    safe = Safe(world.vault, world.account, Policy(Rotation(overlap=Overlap(caches=0))))

    chosen = staged(world)

    assert rotation.make.fn(safe, chosen, "switch", set())


def test_a_run_sits_out_what_caches_take(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    chosen = staged(world)
    waited: list[datetime] = []
    monkeypatch.setattr(rotate, "survey", lambda _work: rotation.survey.fn(world.safe, world.units))
    monkeypatch.setattr(rotate, "patient", lambda _step, _patience: waited.append)
    work: Any = SimpleNamespace()

    rotate.sit_out_overlaps(work, "retire", chosen)
    rotate.sit_out_overlaps(work, "switch", chosen)

    (until,) = waited
    assert 590 <= (until - datetime.now(UTC)).total_seconds() <= 600


def test_what_waits_for_the_next_run_is_said() -> None:
    world = World()
    staged(world)

    said = rotation.summary([], rotation.survey.fn(world.safe, world.units))

    assert "The next value of jwt-set is presented by the first run after" in said
