"""Waiting is retrying: Prefect holds the pause, this module says why, since when and until when."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from prefect import Task
from prefect.artifacts import create_progress_artifact
from prefect.context import TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from tasks.environment import Wait
from tasks.errors import DeployError, NotReadyError

AnyTask = TypeVar("AnyTask", bound=Task[..., Any])


@dataclass(frozen=True)
class Progress:
    """One look at a wait, as a person wants to read it."""

    reason: str
    attempt: int
    waited: float
    at_most: float
    next_try: float

    @property
    def percent(self) -> float:
        return min(99.0, 100 * self.waited / self.at_most)

    def __str__(self) -> str:
        return (
            f"{self.reason} Waiting for {self.waited:.0f} s of at most {self.at_most:.0f} s; "
            f"try {self.attempt + 1} in {self.next_try:.1f} s."
        )


class Patience:
    """Prefect's retry condition: go on while the reason is transient and the deadline is ahead."""

    def __init__(self, wait: Wait) -> None:
        self.wait = wait

    def __call__(self, task: Task[..., Any], run: Any, state: Any) -> bool:
        error = state.result(raise_on_failure=False)
        if not isinstance(error, DeployError) or not error.transient:
            return False
        if waited(run.start_time) >= self.wait.at_most:
            return False
        # The task is private to this call (`patient`), so its delay may follow Azure's advice.
        advice = error.retry_after if isinstance(error, NotReadyError) else None
        pause = advice or self.wait.pauses
        task.retry_delay_seconds = pause  # type: ignore[assignment] # Prefect's type is narrow.
        return True


def patient(task: AnyTask, wait: Wait) -> AnyTask:
    """The same task with this patience; each failed try becomes a visible `AwaitingRetry`."""
    return task.with_options(  # type: ignore[return-value] # with_options keeps the signature.
        retries=wait.tries,
        retry_delay_seconds=wait.pauses,
        retry_condition_fn=Patience(wait),
    )


def waited(since: datetime | None) -> float:
    return (datetime.now(UTC) - since).total_seconds() if since else 0.0


def show(error: DeployError) -> None:
    """Tell log and UI what the current task waits for; outside a patient task there is no wait."""
    context = TaskRunContext.get()
    if context is None or not isinstance(context.task.retry_condition_fn, Patience):
        return
    wait = context.task.retry_condition_fn.wait
    attempt = context.task_run.run_count
    advice = error.retry_after if isinstance(error, NotReadyError) else None
    pauses = wait.pauses
    progress = Progress(
        reason=error.message.splitlines()[0],
        attempt=attempt,
        waited=waited(context.task_run.start_time),
        at_most=wait.at_most,
        next_try=advice or pauses[min(attempt, len(pauses)) - 1],
    )
    logger().warning("%s", progress)
    create_progress_artifact(progress.percent, description=str(progress))


def logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    """The run's logger, or a plain one when a step is called outside of a flow."""
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("tasks")
