"""Locks on the state: who holds one, since when, and whether that run still lives."""

import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from tasks.terraform.stacks import Stack

PROCESSES, LOCKS = Path("/proc"), Path("/proc/locks")
FIELD = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Holder:
    """What Terraform wrote down when it took the lock; empty where it had no time to."""

    id: str = ""
    who: str = ""
    operation: str = ""
    created: str = ""

    def __str__(self) -> str:
        doing = self.operation.removeprefix("OperationType").lower() or "an unknown operation"
        since = f" since {self.created}" if self.created else ""
        mark = f", lock {self.id}" if self.id else ""
        return f"{self.who or 'somebody unknown'}{since} for {doing}{mark}"


@dataclass(frozen=True)
class Lock:
    """One stack's lock; `alive` is None where that cannot be known from here."""

    stack: str
    holder: Holder
    alive: bool | None
    evidence: str

    def __str__(self) -> str:
        return f"The state of {self.stack} is locked by {self.holder}. {self.evidence}"


def parse(text: str) -> Holder:
    """Read Terraform's own note: JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        return Holder()
    keys = ("ID", "Who", "Operation", "Created")
    return Holder(*(str(found.get(key, "")) for key in keys))


def parse_complaint(text: str) -> Holder:
    """Read what Terraform prints about a lock that it could not get."""
    found = dict(FIELD.findall(text))
    return Holder(*(found.get(key, "") for key in ("ID", "Who", "Operation", "Created")))


def local(stack: Stack) -> Lock | None:
    """
    The lock of a state file; None when there is none.

    The system frees it with the death of its process; what a killed one leaves is the note.
    """
    state = stack.state_file
    if state is None:
        return None
    note = note_of(state)
    process = locked_by(state)
    holder = parse(note.read_text()) if note.exists() else Holder()
    if process:
        return Lock(stack.name, holder, True, f"Its process {process} is at work{told(process)}.")
    if note.exists():
        evidence = "No process holds it any more: the run was killed and left its note."
        return Lock(stack.name, holder, False, evidence)
    return None


def remote(stack: Stack, note: str) -> Lock:
    """A lease in Azure has no end of its own: whether its holder lives is seen on its machine."""
    holder = parse(note)
    here = socket.gethostname()
    if holder.who.rpartition("@")[2] != here:
        evidence = f"That is not this machine ({here}): whether it lives cannot be seen from here."
        return Lock(stack.name, holder, None, evidence)
    process = working_in(stack.folder)
    if process:
        return Lock(stack.name, holder, True, f"Its process {process} is at work{told(process)}.")
    if not PROCESSES.is_dir():
        return Lock(stack.name, holder, None, "This system does not show its processes.")
    evidence = f"No Terraform works in {stack.folder} on this machine any more: the run has died."
    return Lock(stack.name, holder, False, evidence)


def remove_note(stack: Stack) -> None:
    """Of a local lock whose holder is dead."""
    if stack.state_file:
        note_of(stack.state_file).unlink(missing_ok=True)


def note_of(state: Path) -> Path:
    return state.with_name(f".{state.name}.lock.info")


def locked_by(state: Path) -> int | None:
    """The process that holds the system's lock on a file, as Linux lists it."""
    if not state.exists() or not LOCKS.exists():
        return None
    found = state.stat()
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in LOCKS.read_text().splitlines():
        fields = line.split()
        if place in fields and "->" not in fields:
            return int(fields[fields.index(place) - 1])
    return None


def working_in(folder: Path) -> int | None:
    """A Terraform whose working folder this is."""
    for process in PROCESSES.glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder and "terraform" in told(process.name):
                return int(process.name)
        except OSError:
            continue  # It ended, or is not ours to look at.
    return None


def told(process: int | str) -> str:
    """` (terraform apply …)`: the beginning of its command line."""
    try:
        words = (PROCESSES / str(process) / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    return f" ({' '.join(words.split(chr(0))[:3]).strip()})"
