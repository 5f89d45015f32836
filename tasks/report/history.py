"""Read from Prefect's API what a run has done; the report knows nothing that the API does not."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
    ArtifactFilterType,
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
)
from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from tasks.report.record import APPROVAL, Span, Wait, waits_between

T = TypeVar("T")
PAGE = 200  # What the API returns at most.
SETTLE = 4  # Seconds in which the last events of the run should have arrived.


def spans(root: UUID) -> tuple[Span, ...]:
    """All finished steps of a run and of its stages."""
    with get_client(sync_client=True) as client:
        flows = _family(client, root)
        reasons = _reasons(client, list(flows))
        found = [
            _span(client, flows[task.flow_run_id], task, reasons[task.id])
            for task in _settled(client, list(flows))
            if task.flow_run_id in flows and task.start_time and task.state
            # A stage inside a stage also has a task run; its own steps say more.
            if not task.state.state_details.child_flow_run_id
        ]
    return tuple(sorted(found, key=lambda span: span.start))


def started(root: UUID) -> datetime:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(root).start_time or datetime.now(UTC)


def artifacts(root: UUID, key: str) -> list[Artifact]:
    """The artifacts of the run and its stages with this key, oldest first."""
    with get_client(sync_client=True) as client:
        flows = list(_family(client, root))
        found = _artifacts(client, flows, key=ArtifactFilterKey(any_=[key]))
    return sorted(found, key=lambda artifact: artifact.created or datetime.now(UTC))


def tables(root: UUID, key: str) -> list[dict[str, str]]:
    """The rows of all table artifacts of the run with this key, oldest first."""
    return [row for one in artifacts(root, key) for row in json.loads(str(one.data))]


def answers(rows: Iterable[Mapping[str, str]]) -> tuple[Span, ...]:
    """Questions to a person are waits, too."""
    spans = []
    for row in rows:
        start, end = (datetime.fromisoformat(row[key]) for key in ("asked", "answered"))
        wait = Wait(start, end, row["question"], APPROVAL)
        spans.append(Span(row["stage"], APPROVAL, start, end, "COMPLETED", waits=(wait,)))
    return tuple(spans)


def _family(client: SyncPrefectClient, root: UUID) -> dict[UUID, FlowRun]:
    family = {root: client.read_flow_run(root)}
    fresh = [root]
    while fresh:
        children = _paged(partial(_children, client, fresh))
        family |= {child.id: child for child in children}
        fresh = [child.id for child in children]
    return family


def _children(
    client: SyncPrefectClient, parents: list[UUID], limit: int, offset: int
) -> list[FlowRun]:
    wanted = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=parents))
    return client.read_flow_runs(flow_run_filter=wanted, limit=limit, offset=offset)


@retry(
    retry=retry_if_result(lambda tasks: any(not task.end_time for task in tasks)),
    stop=stop_after_delay(SETTLE),
    wait=wait_fixed(0.1),
    retry_error_callback=lambda state: state.outcome.result() if state.outcome else [],
)
def _settled(client: SyncPrefectClient, flows: list[UUID]) -> list[TaskRun]:
    """The task runs, once the server has heard of their end: it learns by events."""
    wanted = FlowRunFilter(id=FlowRunFilterId(any_=flows))
    return _paged(
        lambda limit, offset: client.read_task_runs(
            flow_run_filter=wanted, limit=limit, offset=offset
        )
    )


def _reasons(
    client: SyncPrefectClient, flows: list[UUID]
) -> dict[UUID | None, list[tuple[datetime, str]]]:
    reasons: dict[UUID | None, list[tuple[datetime, str]]] = defaultdict(list)
    for artifact in _artifacts(client, flows, type_=ArtifactFilterType(any_=["progress"])):
        if artifact.created:
            told = artifact.description or ""
            reasons[artifact.task_run_id].append((artifact.created, told))
    return {task: sorted(lines) for task, lines in reasons.items()} | defaultdict(list)


def _artifacts(
    client: SyncPrefectClient,
    flows: list[UUID],
    key: ArtifactFilterKey | None = None,
    type_: ArtifactFilterType | None = None,
) -> list[Artifact]:
    wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=flows), key=key, type=type_)
    return _paged(
        lambda limit, offset: client.read_artifacts(
            artifact_filter=wanted, limit=limit, offset=offset
        )
    )


def _paged(ask: Callable[[int, int], list[T]]) -> list[T]:
    """Everything that a question has as answer: a resumed deploy has more steps than one page."""
    found: list[T] = []
    while True:
        page = ask(PAGE, len(found))
        found += page
        if len(page) < PAGE:
            return found


def _span(
    client: SyncPrefectClient, flow: FlowRun, task: TaskRun, reasons: list[tuple[datetime, str]]
) -> Span:
    start = task.start_time or datetime.now(UTC)
    states = client.read_task_run_states(task.id) if task.run_count > 1 else []
    history = [(state.name or "", state.timestamp) for state in states]
    return Span(
        stage=flow.name.rsplit("-", 1)[0],
        name=task.name,
        start=start,
        end=task.end_time or datetime.now(UTC),
        state=task.state_type.value if task.state_type else "unknown",
        attempts=task.run_count,
        waits=waits_between(history, reasons),
    )
