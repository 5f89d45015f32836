"""A person's word before anything is destroyed: asked in the terminal, or by a paused run."""

import sys
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from tasks import wait
from tasks.environment import Environment
from tasks.errors import ApprovalError

ASSUME_YES = "assume-yes"  # A tag of the run, so that the answer is on record.


class Approval(RunInput):
    """The form that a paused run shows."""

    approve: bool = Field(default=False, description="Carry out the plan as shown.")
    comment: str = Field(default="", description="Goes to the log of the run.")


def ask(environment: Environment, what: str, plan: str) -> None:
    """Return when a person agreed to the plan; otherwise the run ends and nothing is changed."""
    log = wait.logger()
    if ASSUME_YES in flow_run.tags:
        log.info("%s: approved beforehand (--yes).", what)
        return
    if sys.stdin and sys.stdin.isatty():
        sys.stdout.write(f"\n{plan}\n\n{what} Type yes to go on: ")
        sys.stdout.flush()
        if sys.stdin.readline().strip().lower() != "yes":
            raise ApprovalError(f"{what} Rejected in the terminal.", "Nothing was changed.")
        return
    if not _watched():
        raise ApprovalError(
            f"{what} Nobody is here to approve it: this is no terminal.",
            "Read the plan in the log, then run again with --yes.",
        )
    log.warning("%s Waiting for the answer in the Prefect UI, on the page of this run.", what)
    form = Approval.with_initial_data(description=f"**{what}**\n\n{plan}")
    try:
        answer = pause_flow_run(
            wait_for_input=form, timeout=environment.approval_timeout, poll_interval=2
        )
    except FlowPauseTimeout as error:
        raise ApprovalError(
            f"{what} Nobody answered within {environment.approval_timeout} s.",
            "Run again when somebody can read the plan; nothing was changed.",
        ) from error
    if not answer.approve:
        raise ApprovalError(
            f"{what} Rejected: {answer.comment or 'no comment'}.", "Nothing was changed."
        )
    log.info("%s Approved: %s", what, answer.comment or "no comment")


def _watched() -> bool:
    """A run that came from a deployment has a page on which somebody can answer."""
    with get_client(sync_client=True) as client:
        root = client.read_flow_run(UUID(str(flow_run.root_flow_run_id)))
    return root.deployment_id is not None
