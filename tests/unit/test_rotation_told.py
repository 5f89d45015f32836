"""Whom a rotation tells what: of failures, of ends, of what an answer means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows import rotate
from tasks import announce, approval, environment, rotation
from tasks.errors import ConfigError, DeployError
from tasks.rotation import LEGACY
from tests.unit.rotation_world import World


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []

    def listen(event: str, where: str, _payload: Any) -> None:
        heard.append((event, where))

    monkeypatch.setattr(announce, "announce", listen)
    return heard


def test_a_name_that_is_wrong_is_announced_as_a_failure(events: list[tuple[str, str]]) -> None:
    with pytest.raises(ConfigError):
        rotate.rotate.fn("sandbox", only=["publishable-kee"])

    assert events == [("supabase.secret.rotation-failed", "sandbox")]


def test_a_turn_that_never_comes_is_announced_as_a_failure(
    events: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_wanted: object) -> None:
        raise DeployError("Environment sandbox is held by another run.")

    monkeypatch.setattr("tasks.turn.hold", busy)

    with pytest.raises(DeployError):
        rotate.rotate.fn("sandbox")

    assert events == [("supabase.secret.rotation-failed", "sandbox")]


def test_whoever_only_looks_alarms_nobody(events: list[tuple[str, str]]) -> None:
    with pytest.raises(ConfigError):
        rotate.rotate.fn("sandbox", only=["publishable-kee"], dry_run=True)

    assert events == []


def test_the_old_kind_is_agreed_to_with_all_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(approval, "ask", lambda _wanted, _what, plan: asked.append(plan))

    rotate.agree(environment.load("sandbox"), {LEGACY})

    (text,) = asked
    for ends in ("access tokens", "`anon-key`", "`service-role-key`", "signed URLs of Storage"):
        assert ends in text


def test_a_set_of_tokens_keeps_its_end_when_the_old_kind_changes() -> None:
    world, end = World(), datetime.now(UTC) + timedelta(days=100)
    world.vault.write("jwt-set", world.vault.value("jwt-set"), {"generation": "1"}, end)

    rotation.make.fn(world.safe, rotation.chosen(world.units, [LEGACY]), "switch", {LEGACY})

    assert world.vault.versions["jwt-set"][-1].expires == end
