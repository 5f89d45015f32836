"""The rules of waiting, without an engine; tests/flows shows them at work."""

import logging
import time
from types import SimpleNamespace
from typing import Any

import pytest

from tasks import wait
from tasks.environment import Wait
from tasks.errors import BusyError, DeployError, NotReadyError, RefusedError
from tasks.step import step
from tasks.wait import Calm, Progress

WAIT = Wait(first=1, factor=2, every=4, at_most=60)


@step("example-{name}")
def example(name: str) -> str:
    return name


def judged(error: BaseException, *, waited: float = 0) -> tuple[bool, Any]:
    """What the retry condition says, and the pause that the task then has."""
    task = wait.patient(example, WAIT)
    vars(task.retry_condition_fn)[wait.SINCE] = time.monotonic() - waited

    def result(*, raise_on_failure: bool) -> BaseException:
        assert not raise_on_failure
        return error

    state = SimpleNamespace(result=result)
    condition: Any = task.retry_condition_fn
    return condition(task, None, state), task.retry_delay_seconds


@pytest.mark.parametrize("error", [NotReadyError("soon"), BusyError("held")])
def test_what_passes_is_asked_again_with_growing_pauses(error: DeployError) -> None:
    assert judged(error) == (True, [1, 2, 4])


@pytest.mark.parametrize("error", [RefusedError("no"), ValueError("a bug")])
def test_what_does_not_pass_is_not_asked_again(error: BaseException) -> None:
    assert judged(error)[0] is False


def test_azures_advice_goes_before_our_pauses() -> None:
    assert judged(NotReadyError("throttled", "", 7.0)) == (True, 7.0)


def test_the_deadline_ends_the_asking() -> None:
    assert judged(NotReadyError("soon"), waited=59)[0] is True
    assert judged(NotReadyError("soon"), waited=61)[0] is False


def test_work_before_the_first_refusal_is_no_waiting() -> None:
    task = wait.patient(example, WAIT)

    assert wait.SINCE not in vars(task.retry_condition_fn)
    assert judged(NotReadyError("soon"))[0] is True


def test_what_cannot_be_shown_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "within_run", lambda: True)
    monkeypatch.setattr(wait, "logger", lambda: logging.getLogger("test"))
    asked: list[bool] = []

    def broken() -> None:
        asked.append(True)
        raise ConnectionError("the server restarts")

    assert wait.display(broken) is None
    assert asked == [True]


def test_patience_of_one_call_leaves_the_shared_task_alone() -> None:
    judged(NotReadyError("throttled", "", 7.0))

    assert example.retries == 0
    assert example.retry_condition_fn is None


def test_a_look_at_a_wait_says_reason_time_deadline_and_next_try() -> None:
    progress = Progress("The vault is shy.", attempt=2, waited=30, at_most=60, next_try=1.5)

    assert progress.percent == 50
    assert str(progress) == ("The vault is shy. Waiting for 30 s of at most 60 s; try 3 in 1.5 s.")


def logged(message: str, *arguments: object, error: BaseException | None = None) -> str | None:
    """What is left of a record after the filter; None when it is dropped."""
    info = (type(error), error, None) if error else None
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, message, arguments, info)
    return record.getMessage() if Calm().filter(record) else None


def test_an_error_of_ours_is_told_in_words_and_once() -> None:
    error = RefusedError("It said no.", "Ask somebody.")

    first = logged("Encountered exception during execution: %r", error, error=error)
    again = logged("Encountered exception during execution: %r", error, error=error)

    assert first == "It said no.\nNext: Ask somebody."
    assert again is None


def test_prefects_own_line_about_a_retry_is_dropped_for_ours() -> None:
    assert logged("Task run failed with exception: %r - Retry 1/9", NotReadyError("soon")) is None


def test_a_bug_keeps_its_traceback() -> None:
    error = ValueError("a bug")
    record = logging.LogRecord(
        "x", logging.ERROR, __file__, 1, "Failed", (), (ValueError, error, None)
    )

    assert Calm().filter(record)
    assert record.exc_info is not None
