import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, TaskRun

from tasks.report import Record, Span, Wait
from tasks.report.history import answers, spans
from tasks.report.html import change, html
from tasks.report.page import closing, markdown
from tasks.report.publish import local
from tasks.report.record import critical_path, reason, waits_between
from tasks.report.timeline import svg
from tasks.terraform import Change, Plan
from tasks.wait import Progress

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def span(stage: str, name: str, start: float, end: float, **more: object) -> Span:
    return Span(stage, name, at(start), at(end), "COMPLETED", **more)  # type: ignore[arg-type]


ROLE = Wait(at(12), at(18), "Key Vault: 403 ForbiddenByRbac. <Caller> | not authorized")
RECORD = Record(
    run="deploy-sandbox",
    environment="sandbox",
    start=START,
    end=at(50),
    spans=(
        span("preflight", "check-tools", 0, 1),
        span("provision", "terraform-apply-foundation", 1, 11),
        span("provision", "terraform-apply-platform", 12, 36),
        span("seed-secrets", "reach-vault", 11, 19, attempts=4, waits=(ROLE,)),
        span("verify", "smoke-test-supabase", 37, 49),
    ),
    note="Simulated.",
    changes=("**foundation: 12 to create**",),
    checks=({"check": "auth", "ok": "yes", "expected": "200", "got": "200"},),
)


def test_the_critical_path_is_the_chain_that_ends_last() -> None:
    assert [step.name for step in critical_path(RECORD.spans)] == [
        "check-tools",
        "terraform-apply-foundation",
        "terraform-apply-platform",
        "smoke-test-supabase",
    ]


def test_each_wait_is_paired_with_the_reason_told_before_it() -> None:
    states = [
        ("Running", at(0)),
        ("AwaitingRetry", at(1)),
        ("Retrying", at(3)),
        ("AwaitingRetry", at(4)),
        ("Retrying", at(9)),
        ("Completed", at(10)),
    ]

    waits = waits_between(states, [(at(0.9), "first"), (at(3.9), "second")])

    assert [(wait.seconds, wait.reason) for wait in waits] == [(2, "first"), (5, "second")]


def test_the_page_reads_like_this(golden: Callable[[str, str], None]) -> None:
    golden("report/page.md", markdown(RECORD, "timeline.svg"))


def test_the_picture_is_sound_xml_with_a_bar_for_each_step(
    golden: Callable[[str, str], None],
) -> None:
    picture = svg(RECORD)

    root = ET.fromstring(picture)  # noqa: S314 # Our own text.
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {step.name for step in RECORD.spans} <= set(texts)
    golden("report/timeline.svg", picture)


def test_a_failure_is_the_first_thing_on_the_page() -> None:
    failed = Record("deploy-x", "x", START, at(3), (), failure="It broke.\nNext: Mend it.")

    assert "**Failed** after 3.0 s" in markdown(failed, "t.svg").splitlines()[2]


def test_a_run_without_changes_says_so() -> None:
    quiet = Record("deploy-x", "x", START, at(3), RECORD.spans[:1])

    page = markdown(quiet, "t.svg")

    assert "Nothing had to change." in page
    assert "## What it waited for\n\nNothing." in page


def test_a_run_without_a_change_ends_with_what_was_looked_at_and_how_long_it_took() -> None:
    quiet = Record("deploy-x", "x", START, at(3), RECORD.spans[:2], checks=RECORD.checks)

    assert closing(quiet) == (
        "deploy-x: nothing to change. Looked at preflight, provision: 2 steps in 2 stages, "
        "1 of 1 checks hold; 3.0 s, of which 0.0 s waiting."
    )
    assert closing(RECORD).startswith("deploy-sandbox: 1 parts changed; 5 steps in 4 stages")
    assert "failed after" in closing(Record("deploy-x", "x", START, at(3), (), failure="It broke."))


def test_what_waiting_cost_is_told_by_kind_and_counts_what_overlaps_once() -> None:
    beside = Wait(at(14), at(20), "The same role, seen by another step.", "vault_access")
    first = Wait(at(12), at(18), "Key Vault: 403", "vault_access")
    spans = (
        span("seed-secrets", "reach-vault", 11, 19, waits=(first,)),
        span("provision", "confirm", 11, 30, waits=(beside,)),
    )

    (cost,) = Record("deploy-x", "x", START, at(40), spans).costs

    assert (cost.kind, cost.waits, cost.seconds) == ("vault_access", 2, 12)
    assert (cost.elapsed, cost.critical) == (8, 6)


def test_what_a_wait_told_the_ui_is_read_back() -> None:
    told = str(Progress("Azure said: wait.", 1, 3, 60, 1.5, "vault_access"))

    assert reason(told) == ("Azure said: wait.", "vault_access")
    assert reason("Something else") == ("Something else", "other")


def test_the_file_is_sound_and_shows_no_foreign_markup() -> None:
    file = html(replace(RECORD, failure="<script>alert(1)</script>"), svg(RECORD))

    assert "<script" not in file
    assert file.count("<section>") == file.count("</section>")
    assert "Failed" in file
    assert "http" not in file.replace("http://www.w3.org/2000/svg", "")


def test_what_terraform_changed_is_a_list_that_opens() -> None:
    plan = Plan("platform", (Change("azurerm_x.y", "update", "size: a → b"),))

    found = change(plan.markdown())

    assert "<summary><b>platform: 1 to change</b></summary>" in found
    assert "<li><b>change</b> <code>azurerm_x.y</code>: size: a → b</li>" in found


def test_a_person_answers_and_the_report_says_who() -> None:
    asked = {
        "stage": "provision",
        "question": "Apply this plan to dev?",
        "answer": "approve",
        "by": "Ada",
        "comment": "the window is open",
        "asked": at(1).isoformat(),
        "answered": at(31).isoformat(),
    }
    (waited,) = answers([asked])
    record = replace(RECORD, spans=(*RECORD.spans, waited), approvals=(asked,))

    page = markdown(record, "timeline.svg")

    assert (
        "| Apply this plan to dev? | approve | Ada | the window is open | 2026-11-23 09:00" in page
    )
    assert "| approval | 1 | 30.0 s | 60 % |" in page


class LongRun:
    """Prefect's API with a run of many stages and steps, of which it tells 200 at once."""

    def __init__(self, stages: int, steps: int) -> None:
        self.root = FlowRun(id=uuid4(), flow_id=uuid4(), name="deploy-x")
        self.stages = [FlowRun(flow_id=uuid4(), name=f"stage{one}-x") for one in range(stages)]
        self.steps = [self.step(self.stages[one % stages].id, one) for one in range(steps)]

    @staticmethod
    def step(stage: UUID, number: int) -> TaskRun:
        state = {"type": "COMPLETED", "name": "Completed"}
        about = {"task_key": "step", "dynamic_key": str(number), "name": f"step-{number}"}
        times = {"start_time": at(number), "end_time": at(number + 1)}
        return TaskRun.model_validate({"flow_run_id": stage, "state": state, **about, **times})

    def read_flow_run(self, _: UUID) -> FlowRun:
        return self.root

    def read_flow_runs(
        self, flow_run_filter: FlowRunFilter, limit: int = 200, offset: int = 0
    ) -> list[FlowRun]:
        parents = flow_run_filter.parent_flow_run_id
        found = self.stages if parents and parents.any_ == [self.root.id] else []
        return found[offset : offset + min(limit, 200)]

    def read_task_runs(self, limit: int = 200, offset: int = 0, **_: Any) -> list[TaskRun]:
        return self.steps[offset : offset + min(limit, 200)]

    def read_artifacts(self, **_: Any) -> list[Any]:
        return []


def test_a_long_run_is_told_to_its_last_step(monkeypatch: pytest.MonkeyPatch) -> None:
    api = LongRun(stages=230, steps=450)
    client = nullcontext(cast("SyncPrefectClient", api))
    monkeypatch.setattr("tasks.report.history.get_client", lambda **_: client)

    told = spans(api.root.id)

    assert len(told) == 450
    assert len({one.stage for one in told}) == 230


def test_the_file_is_linked_only_where_a_browser_can_open_it() -> None:
    assert local("http://127.0.0.1:4200")
    assert local("http://localhost:4200/ui")
    assert not local("https://prefect.example.org")
    assert not local(None)
