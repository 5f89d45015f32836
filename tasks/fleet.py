"""Many environments: in waves, through their own deployments, by whatever workers there are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling

from tasks import wait
from tasks.errors import ConfigError, NotReadyError
from tasks.step import step

PAGE = 200  # What the API returns at most.
NAMED = 4  # Environments that one line names; the rest is counted.
COLLIDED = "Deployment concurrency limit reached"  # What Prefect says of CANCEL_NEW.
THERE = "one runs already"


@dataclass(frozen=True)
class Begun:
    """One environment's run."""

    environment: str
    run: UUID


@dataclass(frozen=True)
class Outcome:
    """How it ended, or that it never began."""

    environment: str
    wave: int
    state: str = "not begun"
    good: bool = False
    run: UUID | None = None
    name: str = ""
    seconds: float = 0.0
    message: str = ""

    @property
    def bad(self) -> bool:
        """A check that was at work already, by its schedule, is no failure of the fleet."""
        return bool(self.run) and not self.good and self.state != THERE


def waves(environments: Sequence[str], canary: str, percent: int) -> Iterator[tuple[str, ...]]:
    """The canary by itself, then so much of the fleet at a time; without one, no first wave."""
    rest = [name for name in environments if name != canary]
    if canary:
        yield (canary,)
    size = max(1, len(environments) * percent // 100)
    for start in range(0, len(rest), size):
        yield tuple(rest[start : start + size])


@step("check-deployments-of-{flow}")
def check(flow: str, environments: Sequence[str]) -> None:
    """Every environment has a deployment of the flow; an error that names those without."""
    lacking = []
    with get_client(sync_client=True) as client:
        for name in environments:
            try:
                client.read_deployment_by_name(f"{flow}/{name}")
            except ObjectNotFound:
                lacking.append(name)
    if lacking:
        raise ConfigError(
            f"Prefect knows no deployment of {flow} for {listed(lacking)}.",
            "Run `python -m flows register`; it makes those of every file in deployments/.",
        )


def begin(flow: str, environment: str) -> Begun:
    """
    Hand a run to the environment's work pool; a worker takes it when it has room.

    It is no subflow: it has its own turn, report and questions, as if a person had started it.
    """
    run = run_deployment(
        f"{flow}/{environment}",
        parameters={"environment": environment},
        timeout=0,
        as_subflow=False,
    )
    return Begun(environment, cast("FlowRun", run).id)  # No coroutine: nothing is async here.


@step("wait-for-wave-{number}")
def finish(number: int, begun: Sequence[Begun]) -> None:
    """Return when each run of a wave has ended; until then, tell which ones still go on."""
    runs = read([one.run for one in begun])
    going = [one.environment for one in begun if not is_final(runs[one.run])]
    if going:
        done = len(begun) - len(going)
        raise NotReadyError(
            f"Wave {number}: {done} of {len(begun)} have ended; still at work: {listed(going)}."
        )


def outcomes(number: int, begun: Sequence[Begun]) -> list[Outcome]:
    """How each run of a wave has ended, or how it stands."""
    runs = read([one.run for one in begun])
    return [outcome(one, number, runs[one.run]) for one in begun]


def outcome(begun: Begun, wave: int, run: FlowRun) -> Outcome:
    state = run.state
    message = " ".join((state.message or "").split())[:300] if state else ""
    collided = bool(state and state.is_cancelled()) and message.startswith(COLLIDED)
    return Outcome(
        begun.environment,
        wave,
        THERE if collided else run.state_name or "unknown",
        bool(state and state.is_completed()),
        run.id,
        run.name,
        run.estimated_run_time.total_seconds(),
        message if is_final(run) else "Was still at work when the fleet's run looked last.",
    )


def is_final(run: FlowRun) -> bool:
    return bool(run.state and run.state.is_final())


def read(ids: Sequence[UUID]) -> dict[UUID, FlowRun]:
    """The runs, page by page."""
    found: dict[UUID, FlowRun] = {}
    with get_client(sync_client=True) as client:
        for start in range(0, len(ids), PAGE):
            some = list(ids[start : start + PAGE])
            runs = client.read_flow_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=some)), limit=PAGE
            )
            found |= {run.id: run for run in runs}
    return found


def cancel(begun: Sequence[Begun]) -> None:
    """Whoever cancels the fleet's run means its environments' runs, too."""
    runs = read([one.run for one in begun])
    with get_client(sync_client=True) as client:
        for run in runs.values():
            if not is_final(run):
                at_work = bool(run.state and (run.state.is_running() or run.state.is_paused()))
                client.set_flow_run_state(run.id, Cancelling() if at_work else Cancelled())


def show(title: str, outcomes: Sequence[Outcome], began: datetime) -> str:
    """The page of the fleet's run."""
    good = sum(one.good for one in outcomes)
    bad = [one.environment for one in outcomes if one.bad]
    there = [one.environment for one in outcomes if one.state == THERE]
    head = f"**{good} of {len(outcomes)}** environments are done"
    if bad:
        head += f", {len(bad)} went wrong: {listed(bad)}"
    if there:
        head += f", {len(there)} had a run at work already: {listed(there)}"
    rows = ["| wave | environment | state | took | run | message |", "|-:|-|-|-:|-|-|"]
    for one in outcomes:
        run = f"[{one.name}](/runs/flow-run/{one.run})" if one.run else ""
        took = f"{one.seconds:.0f} s" if one.run else ""
        message = one.message.replace("|", "\\|")
        rows.append(
            f"| {one.wave} | {one.environment} | {one.state} | {took} | {run} | {message} |"
        )
    table = "\n".join(rows)
    text = f"# {title}\n\n{head}. Begun {began:%Y-%m-%d %H:%M} UTC.\n\n{table}\n"
    wait.page(text, "fleet")
    return text


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
