"""How Terraform is run: long commands as a stream with visible progress, short ones at once."""

import json
import time
from typing import Any

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from python_terraform import IsFlagged, Terraform

from tasks import shell, wait
from tasks.shell import Command, Ended
from tasks.terraform import failures
from tasks.terraform.commands import init_command
from tasks.terraform.progress import Progress
from tasks.terraform.stacks import Stack, fingerprint, prepare

FRESH = 2.0  # Seconds: the UI is told no more often, unless something ended.


def stream(command: Command, progress: Progress) -> Ended:
    """Run Terraform; tell the log what happens, and the UI how far it is."""
    log = wait.logger()
    artifact = None
    if progress.total:
        artifact = wait.display(create_progress_artifact, 0, description=str(progress))
    shown = 0.0

    def take(line: str) -> None:
        nonlocal shown
        ended = progress.done
        if text := progress.take(line):
            log.info("%s", text)
        worth = progress.done > ended or time.monotonic() - shown > FRESH
        if artifact and worth:
            shown = time.monotonic()
            wait.display(update_progress_artifact, artifact, progress.percent, str(progress))

    return shell.attempt(command, take)


def initialise(stack: Stack) -> None:
    """Make the working copy ready; `init` is repeated only when its input has changed."""
    prepare(stack)
    stamp = stack.folder / ".terraform" / "initialised"
    wanted = fingerprint(stack)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    ended = shell.attempt(init_command(stack))
    if ended.code:
        raise failures.of_short(stack, f"terraform init of {stack.name}", shell.tail(ended))
    stamp.write_text(wanted)


def show(stack: Stack, *arguments: str) -> dict[str, Any]:
    """What `terraform show -json` says of the state or a plan file; empty when nothing is there."""
    found: dict[str, Any] = json.loads(one_shot(stack, "show", *arguments, json=IsFlagged) or "{}")
    return found


def output(stack: Stack) -> dict[str, Any]:
    """What `terraform output -json` says; empty when nothing is built."""
    found: dict[str, Any] = json.loads(one_shot(stack, "output", json=IsFlagged) or "{}")
    return found


def one_shot(stack: Stack, verb: str, *arguments: str, **options: object) -> str:
    """A quick command without a lock, through python-terraform."""
    runner = Terraform(working_dir=str(stack.folder))
    code, printed, complaint = runner.cmd(verb, *arguments, no_color=IsFlagged, **options)
    if code:
        raise failures.of_short(stack, f"terraform {verb} of {stack.name}", complaint)
    return str(printed)
