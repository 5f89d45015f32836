from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Cancelled, Completed, Failed, Running

from flows import __main__ as terminal
from flows import fleet as flow
from tasks.errors import ConfigError, HealthError, NotReadyError
from tasks.fleet import THERE, Begun, Outcome, listed, outcome, show, waves
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


def ended(state: State) -> Outcome:
    run = FlowRun(flow_id=uuid4(), state=state, state_name=state.name)
    return outcome(Begun("a", run.id), 1, run)


def test_a_check_that_runs_already_by_its_schedule_is_no_failure() -> None:
    there = ended(Cancelled(message="Deployment concurrency limit reached."))

    assert (there.state, there.good, there.bad) == (THERE, False, False)
    assert ended(Cancelled(message="By a person.")).bad
    assert ended(Failed()).bad
    assert ended(Completed()).good
    text = show("drift of 1 environments", [there], datetime(2026, 11, 23, tzinfo=UTC))
    assert "**0 of 1** environments are done, 1 had a run at work already: a." in text


def test_a_wave_that_takes_too_long_still_has_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    states: dict[str, State] = {"env-00": Completed(), "env-01": Running()}
    shown: list[Outcome] = []

    def hangs(*_: object) -> None:
        raise NotReadyError("Wave 1: 1 of 2 have ended; still at work: env-01.")

    def outcomes(number: int, begun: Sequence[Begun]) -> list[Outcome]:
        runs = [(one, states[one.environment]) for one in begun]
        return [
            outcome(one, number, FlowRun(flow_id=uuid4(), state=state, state_name=state.name))
            for one, state in runs
        ]

    monkeypatch.setattr("tasks.environment.known", lambda: NAMES[:3])
    monkeypatch.setattr(flow, "patient", lambda task, _: task)
    monkeypatch.setattr("tasks.fleet.check", lambda *_: None)
    monkeypatch.setattr("tasks.fleet.begin", lambda _, name: Begun(name, uuid4()))
    monkeypatch.setattr("tasks.fleet.finish", hangs)
    monkeypatch.setattr("tasks.fleet.outcomes", outcomes)
    monkeypatch.setattr("tasks.fleet.show", lambda _title, told, _began: shown.extend(told))

    with pytest.raises(HealthError, match="wrong for env-01; 1 environments were not begun"):
        vars(flow.fleet.fn)["__wrapped__"]("drift", percent=67)
    assert [(one.environment, one.state) for one in shown] == [
        ("env-00", "Completed"),
        ("env-01", "Running"),
        ("env-02", "not begun"),
    ]


@pytest.mark.parametrize("flag", [("--percent", "0"), ("--percent", "101"), ("--hours", "0")])
def test_what_makes_no_waves_is_bad_input_and_begins_nothing(
    flag: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "run", lambda *_, **__: pytest.fail("It was begun."))

    with pytest.raises(SystemExit) as ended:
        terminal.app(["fleet", *flag])
    assert ended.value.code not in {0, None}


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
