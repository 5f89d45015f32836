"""Plan, apply and read a stack; an interrupted apply is simply done again."""

import hashlib
import json
from dataclasses import replace

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from python_terraform import IsFlagged, Terraform

from tasks import shell, wait
from tasks.errors import ApprovalError, NotReadyError, PreflightError, ToolError
from tasks.shell import Command, Ended
from tasks.step import step
from tasks.terraform.adoption import Orphan, group_in, orphans
from tasks.terraform.plans import Plan, read_plan
from tasks.terraform.progress import Progress
from tasks.terraform.stacks import Outputs, Stack, fingerprint, parse_outputs, prepare

CHANGES = 2  # What `-detailed-exitcode` says when there is something to do.


def plan_command(stack: Stack, *, destroy: bool = False) -> Command:
    tfvars = stack.root / stack.environment.tfvars_file
    options = ("-destroy",) if destroy else ()
    return _command(
        stack,
        "plan",
        "-detailed-exitcode",
        *options,
        f"-var-file={tfvars}",
        f"-var-file={stack.variables_file}",
        f"-out={stack.plan_file}",
    )


def apply_command(stack: Stack) -> Command:
    return _command(stack, "apply", str(stack.plan_file))


def _command(stack: Stack, verb: str, *arguments: str) -> Command:
    return Command(
        ("terraform", verb, "-json", "-input=false", *arguments),
        cwd=stack.folder,
        env={
            "ARM_SUBSCRIPTION_ID": str(stack.environment.subscription),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        },
        secrets={f"TF_VAR_{name}": value for name, value in stack.secrets.items()},
        deadline=2 * 3600,
    )


def import_command(stack: Stack, orphan: Orphan) -> Command:
    command = _command(
        stack,
        "import",
        f"-var-file={stack.root / stack.environment.tfvars_file}",
        f"-var-file={stack.variables_file}",
        orphan.address,
        orphan.id,
    )
    argv = tuple(part for part in command.argv if part != "-json")  # `import` has no such flag.
    return replace(command, argv=argv)


@step("terraform-plan-{stack.name}")
def plan(stack: Stack, *, destroy: bool = False) -> Plan:
    """Find out what must change; the plan file is kept for `apply`."""
    found = _plan(stack, destroy=destroy)
    wait.logger().info("%s", found)
    if not found.empty:
        key = f"plan-{stack.environment.name}-{stack.name}"
        wait.display(create_markdown_artifact, found.markdown(), key=key)
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
    progress = Progress(total=len(approved.changes))
    try:
        ended = _stream(apply_command(stack), progress)
    finally:
        stack.plan_file.unlink(missing_ok=True)
    if ended.code:
        _adopt(stack, progress)
        raise progress.failure(f"terraform apply of {stack.name}", ended.complaint)
    wait.changed(approved.markdown())


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
    group = built.get("resource_group_name") or group_in(_one_shot(stack, "show", json=IsFlagged))
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
    _initialise(stack)
    values = json.loads(_one_shot(stack, "show", json=IsFlagged) or "{}").get("values") or {}
    return "root_module" in values


def outputs(stack: Stack, model: type[Outputs]) -> Outputs:
    """What a stack that was built before has to say; an error when it is not there."""
    _initialise(stack)
    found = parse_outputs(model, json.loads(_one_shot(stack, "output", json=IsFlagged) or "{}"))
    if found is None:
        name = stack.environment.name
        raise PreflightError(
            f"The {stack.name} of {name} is not built, or only in part.",
            f"Run provision, or deploy, for {name} first.",
        )
    return found


def _plan(stack: Stack, *, destroy: bool) -> Plan:
    _initialise(stack)
    progress = Progress()
    ended = _stream(plan_command(stack, destroy=destroy), progress)
    if ended.code not in (0, CHANGES):
        raise progress.failure(f"terraform plan of {stack.name}", ended.complaint)
    found = read_plan(stack.name, progress.events, destroys=destroy)
    return replace(found, digest=digest(stack))


def _stream(command: Command, progress: Progress) -> Ended:
    """Run Terraform; tell the log what happens, and the UI how far it is."""
    log = wait.logger()
    artifact = None
    if progress.total:
        artifact = wait.display(create_progress_artifact, 0, description=str(command.argv[1]))
    shown = 0

    def take(line: str) -> None:
        nonlocal shown
        if text := progress.take(line):
            log.info("%s", text)
        if artifact and progress.done > shown:
            shown = progress.done
            busy = ", ".join(sorted(progress.running)[:3])
            told = f"{progress.done} of {progress.total} done. {busy}"
            wait.display(update_progress_artifact, artifact, progress.percent, told)

    return shell.attempt(command, take)


def _initialise(stack: Stack) -> None:
    """Make the working copy ready; `init` is repeated only when its input has changed."""
    prepare(stack)
    stamp = stack.folder / ".terraform" / "initialised"
    wanted = fingerprint(stack)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _one_shot(stack, "init", input=False, reconfigure=IsFlagged)
    stamp.write_text(wanted)


def _one_shot(stack: Stack, verb: str, **options: object) -> str:
    """A quick command without a lock, through python-terraform."""
    runner = Terraform(working_dir=str(stack.folder))
    code, printed, complaint = runner.cmd(verb, no_color=IsFlagged, **options)
    if code:
        raise ToolError(
            f"terraform {verb} of {stack.name} ended with {code}.\n{complaint[-2000:]}",
            f"Try it by hand in {stack.folder}.",
        )
    return str(printed)
