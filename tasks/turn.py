"""One changing run per environment: a strict Prefect limit, and a visible wait for one's turn."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
from prefect.runtime import flow_run

from tasks import wait
from tasks.environment import Environment
from tasks.errors import BusyError, RefusedError
from tasks.step import step

LEASE = 60  # Seconds. A run that was killed frees its environment after this.
QUICK = 3  # Seconds to take a free slot from a server that is busy itself; then one sees it.

_held: ContextVar[frozenset[str]] = ContextVar("held", default=frozenset())


@contextmanager
def hold(environment: Environment) -> Iterator[None]:
    """Be the only changing run; a stage inside a run that holds the environment just goes on."""
    if environment.name in _held.get():
        yield
        return
    limit = f"environment-{environment.name}"
    _create(limit)
    with ExitStack() as slot:
        while not _taken(slot, limit):
            if environment.on_busy == "refuse":
                raise RefusedError(busy(environment.name), "Run again when it has ended.")
            wait.patient(wait_for_turn, environment.waits.turn)(environment.name)
        token = _held.set(_held.get() | {environment.name})
        try:
            yield
        finally:
            _held.reset(token)


def _taken(slot: ExitStack, limit: str) -> bool:
    try:
        slot.enter_context(
            concurrency(
                limit,
                timeout_seconds=QUICK,
                strict=True,
                lease_duration=LEASE,
                # Terraform's own lock is the real guard: a lost lease must not kill an apply.
                raise_on_lease_renewal_failure=False,
            )
        )
    except TimeoutError:
        return False
    return True


@step("wait-for-turn-{environment}")
def wait_for_turn(environment: str) -> None:
    """Return as soon as no other run changes the environment."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        limit = client.read_global_concurrency_limit_by_name(f"environment-{environment}")
        if limit.active_slots >= limit.limit:
            raise BusyError(busy(environment), "Wait for it, or cancel it in the Prefect UI.")


def holder(environment: Environment) -> str:
    """Who changes the environment right now, in a sentence; empty when nobody does."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        limit = client.read_global_concurrency_limit_by_name(f"environment-{environment.name}")
        if limit.active_slots >= limit.limit:
            return busy(environment.name)
    return ""


def busy(environment: str) -> str:
    """Say which runs are at work on the environment."""
    wanted = FlowRunFilter(
        name=FlowRunFilterName(like_=f"-{environment}"),
        state=FlowRunFilterState(
            type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PAUSED])
        ),
    )
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=wanted)
    own = {str(flow_run.id)}
    names = [
        f"{run.name} ({run.id})"
        for run in runs
        if str(run.id) not in own
        and run.state_name != "Suspended"  # It waits for a person, and holds nothing.
        and run.parent_task_run_id is None
        and run.parameters.get("environment") == environment
    ]
    who = ", ".join(names) or "a run that ended without freeing it, for at most a minute"
    return f"Environment {environment} is held by {who}."


def _create(limit: str) -> None:
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(limit)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):
                client.create_global_concurrency_limit(
                    GlobalConcurrencyLimitCreate(name=limit, limit=1)
                )
