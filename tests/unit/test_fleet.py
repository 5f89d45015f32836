from datetime import UTC, datetime
from uuid import uuid4

import pytest

from flows import fleet as flow
from tasks.errors import ConfigError
from tasks.fleet import Outcome, listed, show, waves
from tasks.report.overview import Line, page

NAMES = [f"env-{number:02}" for number in range(10)]


def test_the_canary_goes_alone_and_the_rest_in_even_waves() -> None:
    parted = list(waves(NAMES, "env-04", 30))

    assert parted[0] == ("env-04",)
    assert [len(wave) for wave in parted[1:]] == [3, 3, 3]
    assert sorted(name for wave in parted for name in wave) == NAMES


def test_a_wave_is_never_empty_and_a_fleet_of_nobody_has_none() -> None:
    assert [len(wave) for wave in waves(NAMES[:3], "", 1)] == [1, 1, 1]
    assert list(waves([], "", 25)) == []


def test_many_names_are_a_few_and_a_number() -> None:
    assert listed(NAMES) == "env-00, env-01, env-02, env-03 and 6 more"


def test_who_is_not_known_is_named_before_anything_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.environment.known", lambda: NAMES)

    with pytest.raises(ConfigError, match="no environment env-99"):
        flow.chosen(["env-99"], "")
    with pytest.raises(ConfigError, match="canary env-01 is not among"):
        flow.chosen(["env-02"], "env-01")


def test_an_outcome_that_was_not_reached_is_no_failure() -> None:
    text = show(
        "drift of 2 environments",
        [
            Outcome("a", 1, "Failed", run=uuid4(), name="drift-a", seconds=3, message="x | y"),
            Outcome("b", 2),
        ],
        datetime(2026, 11, 23, tzinfo=UTC),
    )

    assert "**0 of 2** environments are done, 1 went wrong: a." in text
    assert "| 2 | b | not begun |  |  |  |" in text
    assert "x \\| y" in text


def test_who_wants_to_be_looked_at_comes_first() -> None:
    lines = [
        Line("a", "Completed", drift="Nothing has drifted (2026-11-23)"),
        Line("b", "Failed"),
        Line("c", "Completed", drift="1 critical (2026-11-23)"),
        Line("d"),
    ]

    text = page(lines, datetime(2026, 11, 23, tzinfo=UTC))

    order = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert order == ["environment", "b", "c", "a", "d"]
    assert "2 of 4 environments want to be looked at." in text
