"""A name that a person gives while an older value is still accepted."""

import json
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flows import rotate
from tasks import approval, environment, rotation
from tests.unit.rotation_world import World


@pytest.fixture
def world() -> World:
    """A day after the API key was replaced; clients outside have taken it up."""
    world = World()
    world.rotate("publishable-key")
    world.days(1)
    world.client = world.vault.value("publishable-key")
    return world


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(approval, "ask", lambda _wanted, _what, plan: heard.append(plan))
    return heard


def survey(world: World) -> tuple[rotation.Standing, ...]:
    return rotation.survey.fn(world.safe, world.units)


def test_the_oldest_value_ends_and_the_leaked_one_is_replaced_in_the_same_run(
    world: World,
) -> None:
    leaked = world.vault.value("publishable-key")
    _, oldest = world.vault.value("publishable-key-accepted").split(",")

    assert world.rotate("publishable-key") == ["publishable-key"]

    new = world.vault.value("publishable-key")
    assert new not in (leaked, oldest)
    assert world.vault.value("publishable-key-accepted") == f"{new},{leaked}"
    refused = json.loads(world.vault.value("retired-credentials"))
    assert refused == {"publishable-key": oldest}


def test_the_schedule_ends_nothing_early(world: World) -> None:
    assert rotation.early(survey(world), set()) == ()
    assert world.rotate() == []
    assert world.vault.value("publishable-key-accepted").count(",") == 1


def test_what_clients_outside_hold_ends_early_only_when_somebody_agrees(
    world: World, asked: list[str]
) -> None:
    rotate.agree_to_end(
        environment.load("sandbox"), rotation.early(survey(world), {"publishable-key"})
    )

    (text,) = asked
    until = datetime.now(UTC) + timedelta(days=6)
    assert f"publishable-key: its old value, promised until {until:%Y-%m-%d}" in text


def test_nobody_is_asked_about_a_promise_that_is_over(world: World, asked: list[str]) -> None:
    world.days(7)

    rotate.agree_to_end(
        environment.load("sandbox"), rotation.early(survey(world), {"publishable-key"})
    )

    assert asked == []


def test_who_is_refused_an_early_end_has_changed_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(approval, "ask", reject)
    before = len(world.vault.versions["publishable-key-accepted"])

    with pytest.raises(RuntimeError):
        rotate.agree_to_end(
            environment.load("sandbox"), rotation.early(survey(world), {"publishable-key"})
        )

    assert len(world.vault.versions["publishable-key-accepted"]) == before


def test_an_early_end_waits_for_no_overlap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotate, "patient", lambda step, _patience: step.fn)
    monkeypatch.setattr(rotate, "into_the_cluster", lambda _work: world.sync())
    wanted = environment.load("sandbox")
    work: Any = SimpleNamespace(wanted=wanted, safe=world.safe, units=world.units)

    done = rotate.end_early(work, rotation.early(survey(world), {"publishable-key"}))

    assert done is not None
    assert [one.unit.name for one in done.moved] == ["publishable-key"]
    key = world.vault.value("publishable-key")
    assert world.synced["gateway"]["publishable-key-accepted"] == key


def test_a_name_that_only_ended_what_had_died_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rotate.say_what_was_finished({"pg-auth"})

    assert "pg-auth: an earlier run had begun" in caplog.text
