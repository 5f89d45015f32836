"""A person's word before anything is destroyed: asked in the terminal, or on the run's page."""

import getpass
import hashlib
import os
import select
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, cast
from uuid import UUID

from prefect.artifacts import LinkArtifact, create_table_artifact
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import FlowPauseTimeout, Pause
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput, keyset_from_paused_state
from prefect.logging.loggers import flow_run_logger
from prefect.runtime import flow_run
from prefect.states import Suspended
from prefect.utilities.urls import url_for
from pydantic import Field

from tasks import wait
from tasks.environment import Environment
from tasks.errors import ApprovalError

ASSUME_YES = "assume-yes"  # A tag of the run, so that the answer is on record.
RECORD = "approval"  # Key of the artifacts that the report reads.
SHORT = 900  # Seconds for which a run may keep its worker busy with waiting for an answer.
UNTOLD = "Nothing was changed."


class Approval(RunInput):
    """The form on the page of a run that waits; it has no default, so that nobody slips."""

    answer: Literal["approve", "reject"] = Field(
        description="`approve` carries out what is shown above, and nothing else."
    )
    name: str = Field(default="", description="Who answers; Prefect itself does not know.")
    comment: str = Field(default="", description="Why. Goes to the log and to the report.")


@dataclass(frozen=True)
class Answered:
    """What was asked, and who said what to it when: a line of the report."""

    stage: str
    question: str
    answer: str
    by: str
    comment: str
    asked: str
    answered: str


def ask(environment: Environment, what: str, plan: str) -> None:
    """Return when a person agreed to the plan; otherwise the run ends and nothing is changed."""
    asked, run = datetime.now(UTC), watched()
    # Whoever may start a deployment may give it any tag; only a terminal's run is its owner's.
    if ASSUME_YES in flow_run.tags and run is None:
        answer = Approval(answer="approve", name=user(), comment="beforehand, with --yes")
    elif attended():
        answer = in_terminal(environment, what, plan)
    elif run is None:
        wait.logger().info("%s\n%s", what, plan)
        raise ApprovalError(
            f"{what} Nobody is here to approve it: this is no terminal, and the run came from no "
            "deployment.",
            "Read the plan in the log, then run again with --yes; or start the deployment in the "
            "Prefect UI, where the run waits for an answer.",
        )
    elif suspends(environment):
        answer, asked = by_suspending(environment, run.id, what, plan)
    else:
        answer = by_pausing(environment, run, what, plan)
    keep(what, answer, asked)
    if answer.answer == "reject":
        raise ApprovalError(f"{what} Rejected: {answer.comment or 'no comment'}.", UNTOLD)


def keep(what: str, answer: Approval, asked: datetime) -> None:
    """Put on record who answered; the log says it, too."""
    by = answer.name or "somebody in the Prefect UI who gave no name"
    stage = str(flow_run.flow_name)
    now = datetime.now(UTC).isoformat()
    told = Answered(stage, what, answer.answer, by, answer.comment, asked.isoformat(), now)
    word = {"approve": "Approved", "reject": "Rejected"}[answer.answer]
    wait.logger().info("%s %s by %s: %s", what, word, by, answer.comment or "no comment")
    wait.display(create_table_artifact, [asdict(told)], key=RECORD, description=what)


def attended() -> bool:
    """A terminal with a person; a CI that lends its jobs a terminal has none."""
    return bool(sys.stdin and sys.stdin.isatty()) and not os.environ.get("CI")


def user() -> str:
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


def in_terminal(environment: Environment, what: str, plan: str) -> Approval:
    """The same question there: `yes` approves, all else rejects, and words behind it are why."""
    sys.stdout.write(f"\n{plan}\n\n{what} Type yes to go on (and why, if you like): ")
    sys.stdout.flush()
    if not select.select([sys.stdin], [], [], environment.approval_timeout)[0]:
        sys.stdout.write("\n")
        raise late(environment, what)
    word, _, comment = sys.stdin.readline().strip().partition(" ")
    agreed = word.lower().rstrip(",.:;") == "yes"
    comment = comment if agreed else f"{word} {comment}".strip()
    return Approval(answer="approve" if agreed else "reject", name=user(), comment=comment)


def by_pausing(environment: Environment, root: FlowRun, what: str, plan: str) -> Approval:
    """The run stays where it is and keeps its turn; the form is on the page of what asks."""
    wait.logger().warning("%s Answer it in the Prefect UI, on the page of this run.", what)
    if (asking := UUID(str(flow_run.id))) != root.id:
        pin(environment, root, what, asking)
    try:
        return pause_flow_run(
            wait_for_input=form(what, plan), timeout=environment.approval_timeout, poll_interval=2
        )
    except FlowPauseTimeout as error:
        raise late(environment, what) from error


def pin(environment: Environment, root: FlowRun, what: str, asking: UUID) -> None:
    """Show the way to the question on the page of the whole run: in its log and as a link."""
    link = url_for("flow-run", obj_id=asking) or f"/runs/flow-run/{asking}"
    flow_run_logger(root).warning("%s Answer it in the Prefect UI: %s", what, link)
    wait.display(leave, what, link, f"question-{environment.name}", root.id)


def leave(what: str, link: str, key: str, run: UUID) -> None:
    """Prefect's own function knows no other run than the current one."""
    told = "A person has to answer; the form is there."
    artifact = LinkArtifact(link=link, link_text=what, key=key, description=told, flow_run_id=run)
    artifact.create()


def by_suspending(
    environment: Environment, run: UUID, what: str, plan: str
) -> tuple[Approval, datetime]:
    """
    The run ends here and frees its worker and its turn; an answer starts it again from its top.

    It comes back to this question: the answer counts if the plan is still the one that was shown.
    """
    told = "\n".join([what, *sorted(plan.splitlines())])  # Terraform's order is any order.
    key = hashlib.sha256(told.encode()).hexdigest()[:16]
    state: State[None] = Suspended(timeout_seconds=environment.approval_timeout, pause_key=key)
    keyset = keyset_from_paused_state(state)
    with get_client(sync_client=True) as client:
        if answered(client, run, key):
            answer = cast("Approval", Approval.load(keyset, flow_run_id=run))
            states = client.read_flow_run_states(run)
            return answer, max(one.timestamp for one in states if one.name == state.name)
        shown = form(what, plan)
        shown.save(keyset, flow_run_id=run)
        state.state_details.run_input_keyset = {str(key): name for key, name in keyset.items()}
        result = client.set_flow_run_state(run, state)
    if result.state is None or not result.state.is_paused():
        raise ApprovalError(
            f"{what} The run cannot wait for an answer: {result.details}.",
            "Set `approval_wait: pause` in the environment file, and run again.",
        )
    wait.logger().warning("%s Answer it in the Prefect UI; the run goes on then.", what)
    raise Pause(state=result.state)


def answered(client: SyncPrefectClient, run: UUID, key: str) -> bool:
    """Whether the run has waited for this very question before, and was resumed."""
    policy = client.read_flow_run(run).empirical_policy
    return key in (policy.pause_keys or set())


def form(what: str, plan: str) -> type[Approval]:
    return Approval.with_initial_data(description=f"**{what}**\n\n{plan}")


def suspends(environment: Environment) -> bool:
    """Long waits free the worker; what the environment file says goes first."""
    if environment.approval_wait == "auto":
        return environment.approval_timeout > SHORT
    return environment.approval_wait == "suspend"


def late(environment: Environment, what: str) -> ApprovalError:
    return ApprovalError(
        f"{what} Nobody answered within {environment.approval_timeout} s.",
        "Run again when somebody can read the plan; nothing was changed.",
    )


def watched() -> FlowRun | None:
    """The run that came from a deployment: it has a page on which somebody can answer."""
    with get_client(sync_client=True) as client:
        root = client.read_flow_run(UUID(str(flow_run.root_flow_run_id)))
    return root if root.deployment_id else None
