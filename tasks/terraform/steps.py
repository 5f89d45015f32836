"""Plan, apply and read a stack; an interrupted apply is simply done again."""

import hashlib
import time
from dataclasses import replace

from prefect.artifacts import create_table_artifact

from tasks import shell, wait
from tasks.errors import ApprovalError, NotReadyError, PreflightError, ToolError
from tasks.step import step
from tasks.terraform import failures
from tasks.terraform.adoption import group_in, orphans
from tasks.terraform.commands import CHANGES, apply_command, import_command, plan_command
from tasks.terraform.plans import Plan, read_plan
from tasks.terraform.progress import Progress
from tasks.terraform.runs import initialise, output, show, stream
from tasks.terraform.stacks import Outputs, Stack, parse_outputs


@step("terraform-plan-{stack.name}")
def plan(stack: Stack, *, destroy: bool = False) -> Plan:
    """Find out what must change; the plan file is kept for `apply`."""
    forget(stack)
    found = _plan(stack, destroy=destroy)
    wait.logger().info("%s", found)
    for change in found.changes:
        if change.destructive and not destroy:
            wait.logger().warning("%s %s: %s", change.action, change.address, change.reason)
    if not found.empty:
        key = f"plan-{stack.environment.name}-{stack.name}"
        wait.display(create_table_artifact, found.rows(), key=key, description=str(found))
    return found


@step("terraform-apply-{stack.name}")
def apply(stack: Stack, approved: Plan) -> None:
    """
    Carry out the approved plan; an empty one needs nothing.

    A try after a failure plans anew, since the plan file no longer fits; a new plan that would
    destroy more than was approved is refused.
    """
    if approved.empty:
        return
    if digest(stack) != approved.digest:
        current = _plan(stack, destroy=approved.destroys)
        if current.exceeds(approved):
            raise ApprovalError(
                f"The new plan for {stack.name} destroys more than the approved one.\n"
                f"{current.markdown()}",
                "Run again and read the new plan.",
            )
        if current.empty:
            return
    progress, began = Progress(total=len(approved.changes)), time.monotonic()
    try:
        ended = stream(apply_command(stack), progress)
    finally:
        stack.plan_file.unlink(missing_ok=True)
    if ended.code:
        _adopt(stack, progress)
        what = f"terraform apply of {stack.name}"
        destroys = approved.destroys
        raise failures.failure(what, progress.errors, ended.complaint, destroys=destroys)
    wait.logger().info("%s: %s In all %.0f s.", stack.name, progress, time.monotonic() - began)
    wait.changed(approved.markdown())
    forget(stack)


def forget(stack: Stack) -> None:
    """Bootstrap begins each plan with what Azure has; a retry of its apply goes on with its own."""
    if stack.name == "bootstrap" and stack.state_file:
        for file in stack.folder.glob(f"{stack.state_file.name}*"):
            file.unlink()


def _adopt(stack: Stack, progress: Progress) -> None:
    """
    Import what a killed run left in our resource group, and ask for another try.

    Azure has finished what Terraform began; only the state does not know. What lies elsewhere
    is somebody else's and stays a failure.
    """
    found = orphans(progress.errors)
    if not found:
        return
    built = stack.variables.get("foundation", {})
    group = built.get("resource_group_name") or group_in(show(stack))
    ours = [orphan for orphan in found if orphan.within(group)]
    for orphan in ours:
        ended = shell.attempt(import_command(stack, orphan))
        if ended.code:
            text = shell.tail(ended)
            raise ToolError(
                f"terraform import of {orphan.address} failed.\n{text}",
                f"Import {orphan.id} by hand in {stack.folder}, or delete it in Azure.",
            )
        wait.logger().warning("%s was created by a run that died: taken over.", orphan.address)
    if ours and len(ours) == len(progress.errors):
        names = ", ".join(orphan.address for orphan in ours)
        raise NotReadyError(f"Terraform knows {names} now; the rest is applied next.")


def digest(stack: Stack) -> str:
    """Of the plan file; empty when there is none."""
    file = stack.plan_file
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""


def holds(stack: Stack) -> bool:
    """Whether the stack's state knows any resource."""
    initialise(stack)
    return "root_module" in (show(stack).get("values") or {})


def outputs(stack: Stack, model: type[Outputs]) -> Outputs:
    """What a stack that was built before has to say; an error when it is not there."""
    initialise(stack)
    found = parse_outputs(model, output(stack))
    if found is None:
        name = stack.environment.name
        raise PreflightError(
            f"The {stack.name} of {name} is not built, or only in part.",
            f"Run provision, or deploy, for {name} first.",
        )
    return found


def _plan(stack: Stack, *, destroy: bool) -> Plan:
    initialise(stack)
    progress = Progress()
    ended = stream(plan_command(stack, destroy=destroy), progress)
    if ended.code not in (0, CHANGES):
        what = f"terraform plan of {stack.name}"
        raise failures.failure(what, progress.errors, ended.complaint)
    found = read_plan(stack.name, progress.events, destroys=destroy)
    if found.needs_reasons:
        found = found.explained(show(stack, str(stack.plan_file)))
    return replace(found, digest=digest(stack))
