"""Waiting is retrying: Prefect holds the pause, this module says why, since when and until when."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from prefect import Task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact
from prefect.context import FlowRunContext, TaskRunContext
from prefect.exceptions import MissingContextError
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger

from tasks.environment import Wait
from tasks.errors import DeployError, NotReadyError
from tasks.redaction import clean

PATIENCE = "patience"
SINCE = "since"
ENDLESS = 10_000  # The deadline ends a wait, not a number of tries.
CHANGED = "changed"
TOLD = "told"
AnyTask = TypeVar("AnyTask", bound=Task[..., Any])


@dataclass(frozen=True)
class Progress:
    """One look at a wait, as a person wants to read it."""

    reason: str
    attempt: int
    waited: float
    at_most: float
    next_try: float
    kind: str = ""  # The key of `waits:` that grants this patience.

    @property
    def percent(self) -> float:
        return min(99.0, 100 * self.waited / self.at_most)

    def __str__(self) -> str:
        granted = f"{self.at_most:.0f} s" + (f" (waits.{self.kind})" if self.kind else "")
        return (
            f"{self.reason} Waiting for {self.waited:.0f} s of at most {granted}; "
            f"try {self.attempt + 1} in {self.next_try:.1f} s."
        )


def worthwhile(wait: Wait) -> Callable[[Task[..., Any], Any, Any], bool]:
    """Prefect's retry condition: go on while the reason is transient and the deadline is ahead."""

    def condition(task: Task[..., Any], _run: Any, state: Any) -> bool:
        error = state.result(raise_on_failure=False)
        if not isinstance(error, DeployError) or not error.transient:
            return False
        if waited(condition) >= wait.at_most:
            return False
        # The task is private to this call (`patient`), so its delay may follow Azure's advice.
        pause = advice(error) or wait.pauses
        task.retry_delay_seconds = pause  # type: ignore[assignment] # Prefect's type is narrow.
        return True

    vars(condition)[PATIENCE] = wait  # Prefect takes a plain function only; `show` reads it back.
    return condition


def patient(task: AnyTask, wait: Wait) -> AnyTask:
    """The same task with this patience; each failed try becomes a visible `AwaitingRetry`."""
    return task.with_options(  # type: ignore[return-value] # with_options keeps the signature.
        retries=ENDLESS,
        retry_delay_seconds=wait.pauses,
        retry_condition_fn=worthwhile(wait),
    )


def waited(condition: Callable[..., Any]) -> float:
    """Seconds since the first "not yet": the work before it is no waiting."""
    now = time.monotonic()
    since: float = vars(condition).setdefault(SINCE, now)
    return now - since


def advice(error: DeployError) -> float | None:
    return error.retry_after if isinstance(error, NotReadyError) else None


@contextmanager
def finishing(future: PrefectFuture[Any]) -> Iterator[None]:
    """Do something beside a long step; a failure there lets it finish what Azure has begun."""
    try:
        yield
    except Exception:
        future.wait()
        raise
    future.result()


def show(error: DeployError) -> None:
    """Tell log and UI what the current task waits for; outside a patient task there is no wait."""
    context = TaskRunContext.get()
    condition = context.task.retry_condition_fn if context else None
    if context is None or condition is None or PATIENCE not in vars(condition):
        return
    wait: Wait = vars(condition)[PATIENCE]
    attempt = context.task_run.run_count
    pauses = wait.pauses
    progress = Progress(
        reason=error.message.splitlines()[0],
        attempt=attempt,
        waited=waited(condition),
        at_most=wait.at_most,
        next_try=advice(error) or pauses[min(attempt, len(pauses)) - 1],
        kind=wait.kind,
    )
    logger().warning("%s", progress)
    display(create_progress_artifact, progress.percent, description=str(progress))


def display(artifact: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Show something in the UI; a server that restarts is no reason to stop what Azure builds."""
    if not within_run():
        return None  # A step that is called by itself has no page to show it on.
    try:
        return artifact(*map(cleaned, args), **{k: cleaned(v) for k, v in kwargs.items()})
    except Exception as error:  # noqa: BLE001 # Whatever it is, the work goes on.
        logger().warning("Not shown in the UI: %s", error)
        return None


def cleaned(told: Any) -> Any:
    """Texts, and rows of texts, without values of secrets."""
    if isinstance(told, str):
        return clean(told)
    if isinstance(told, list):
        return [{k: cleaned(v) for k, v in row.items()} for row in told]
    return told


def within_run() -> bool:
    return bool(TaskRunContext.get() or FlowRunContext.get())


def page(text: str, key: str) -> None:
    """Publish a text that a person wants to read on its own, under a name that stays."""
    display(create_markdown_artifact, text, key=key)


def changed(text: str) -> None:
    """Put on record that something was changed; the report tells it."""
    display(create_markdown_artifact, text, key=CHANGED)


def tell(error: DeployError) -> None:
    """Log a final error, once, however many steps and stages it passes on its way up."""
    if not vars(error).get(TOLD):
        vars(error)[TOLD] = True
        logger().error("%s", error)


class Calm(logging.Filter):
    """
    Says everything once: `show` explains each retry, and `tell` each final error.

    Prefect would add a traceback to each, and repeat the text in every state that it passes.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, DeployError):
            first = not vars(error).get(TOLD)
            vars(error)[TOLD] = True
            record.msg, record.args, record.exc_info = str(error), (), None
            return first
        arguments = record.args if isinstance(record.args, tuple) else ()
        if any(isinstance(one, DeployError) and one.transient for one in arguments):
            return False  # "Task run failed with exception … Retry 1/62 will start …"
        if record.getMessage().startswith("Finished in state Failed"):
            record.msg, record.args = "Finished in state Failed", ()
        return True


for name in ("prefect.task_runs", "prefect.flow_runs"):
    logging.getLogger(name).addFilter(Calm())


def logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    """The run's logger, or a plain one when a step is called outside of a flow."""
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("tasks")
