"""What it means to reach the cluster: scripts go in, one JSON answer comes out."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tasks.errors import BusyError, DeployError, NotReadyError, ToolError

SCRIPTS = Path(__file__).parent / "scripts"
MARK = "::answer"  # On a line of its own; what follows is the script's JSON document.
KILLED = (128 + 9, 128 + 15)  # By a signal, as a shell counts it.
TAIL = 25  # Lines of a log that an error repeats.

# Signs in what kubectl and helm print, the consequence, and what to think of it.
SIGNS: tuple[tuple[str, type[DeployError], str, str], ...] = (
    (
        r"Error from server \(Forbidden\)|is forbidden: User",
        NotReadyError,
        "The cluster does not know our role yet",
        "Role assignments take minutes to reach a cluster.",
    ),
    (
        r"failed calling webhook",
        NotReadyError,
        "An admission webhook does not answer yet",
        "Its pod has started; its certificate follows.",
    ),
    (
        r"no matches for kind|the server could not find the requested resource",
        NotReadyError,
        "The cluster does not know a kind of object yet",
        "Custom resources appear shortly after their operator is installed.",
    ),
    (
        r"context deadline exceeded|timed out waiting|not ready\. status: InProgress",
        NotReadyError,
        "A release did not become ready in its time",
        "Images, nodes and secrets take theirs; the next try goes on. See the events above.",
    ),
    (
        r"another operation \(install/upgrade/rollback\) is in progress",
        BusyError,
        "Helm says that another operation on the release is in progress",
        "If none is, the last one died: docs/runbook.md, 'Pending release'.",
    ),
    (
        r"connection refused|i/o timeout|TLS handshake timeout|connection reset|unable to handle",
        NotReadyError,
        "The API server does not answer",
        "A cluster that was just built or started needs a moment.",
    ),
)


@dataclass(frozen=True)
class Script:
    """A Bash script of `tasks/scripts`, the files it finds beside it, and its patience."""

    name: str
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict)
    deadline: float = 240  # Seconds. run-command documents no limit and dislikes long commands.

    def content(self) -> dict[str, bytes]:
        """Every file that must be there when `bash start.sh` runs."""
        exports = "".join(f"export {k}='{v}'\n" for k, v in sorted(self.environment.items()))
        start = f"{exports}. ./prelude.sh\n. ./{self.name}.sh\n"
        return {"start.sh": start.encode(), **dict(sourced(start)), **self.files}


def sourced(text: str) -> Iterator[tuple[str, bytes]]:
    """The scripts that a script reads in, and those that they read in."""
    for name in re.findall(r"^\. \./([a-z]+\.sh)$", text, re.MULTILINE):
        content = (SCRIPTS / name).read_bytes()
        yield name, content
        yield from sourced(content.decode())


@dataclass(frozen=True)
class Answer:
    """What a script said, and what its tools printed on the way."""

    document: dict[str, Any]
    log: str


class Cluster(Protocol):
    """Runs a script next to the API server; two implementations: run-command and direct."""

    def run(self, script: Script) -> Answer: ...


def parse_answer(script: str, code: int, log: str) -> Answer:
    """Judge what came back: only exit code 0 with a whole JSON document counts."""
    before, mark, after = log.rpartition(f"{MARK}\n")
    if code in KILLED:
        raise NotReadyError(
            f"{script} in the cluster was killed before its end ({code}).\n{tail(log)}",
            "Its pod went away, or took more than its 1 GiB of memory; the next try goes on.",
        )
    if code:
        raise complaint(f"{script} in the cluster ended with {code}", log)
    if not mark:
        raise ToolError(
            f"{script} in the cluster gave no answer.\n{tail(log)}",
            "docs/runbook.md, 'A command in the cluster fails'.",
        )
    try:
        document = json.loads(after)
    except ValueError as error:
        raise ToolError(
            f"The answer of {script} is cut or broken after {len(after)} characters.",
            "Azure cuts logs at 512 kB: ask for less.",
        ) from error
    return Answer(document, before)


def complaint(what: str, log: str) -> DeployError:
    """The consequence of what kubectl or helm complained about."""
    for sign, kind, meaning, hint in SIGNS:
        if re.search(sign, log):
            return kind(f"{meaning} ({what}).\n{tail(log)}", hint)
    return ToolError(f"{what}.\n{tail(log)}", "docs/runbook.md, 'A command in the cluster fails'.")


def tail(log: str) -> str:
    return "\n".join(log.strip().splitlines()[-TAIL:])
