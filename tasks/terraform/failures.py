"""What a failed run of Terraform means: whether time helps, and what Azure said."""

import re
from collections.abc import Sequence
from typing import Any

from tasks.errors import BusyError, DeployError, NotReadyError, PreflightError, ToolError
from tasks.terraform.locks import parse_complaint
from tasks.terraform.stacks import Stack

LOCKED = "Error acquiring the state lock"
PENDING = re.compile(
    r"AuthorizationFailed"  # A role that was just assigned.
    r"|PrincipalNotFound"  # An identity that was just created.
    r"|Custom\w+MissingPermission"  # AKS's words for roles on nodes and zones that still spread.
    r"|OperationNotAllowed.*(in progress|pending)"
    r"|AnotherOperationInProgress"
    r"|\b(429|500|502|503|504) \(",
    re.DOTALL,
)
CUT = re.compile(
    r"connection (was )?(reset|refused|aborted|timed out|broken)"
    r"|i/o timeout|(handshake|operation|read|client\.?)\s*time(d ?)?out|timeout exceeded"
    r"|context deadline exceeded|broken pipe|no such host|network is unreachable"
    r"|(unexpected )?\bEOF\b|IncompleteRead|remote end closed connection"
    r"|name resolution|temporary failure",
    re.IGNORECASE,
)
FINAL = re.compile(r"quota", re.IGNORECASE)  # Azure says OperationNotAllowed for that, too.
# No run gives its own caller such a right: to wait for it would be in vain.
UNENTITLED = re.compile(
    r"AuthorizationFailed.*Microsoft\.Authorization/\w+/(write|delete)", re.DOTALL
)
LINGERING = "InUseSubnetCannotBeDeleted"  # For minutes after its server or gateway is gone.
HINTS = {
    "held": "It passes when that run ends. If it died: `python -m flows unlock --environment …` "
    "shows the lock, and breaks it when you say so.",
    "cut": "The way to Azure was cut. Run again: what Azure had begun is finished or taken over.",
    "pending": "Azure usually agrees minutes later; run again if this run has ended.",
    "refused": "Correct what Azure names, then run again: it goes on from here.",
    "unentitled": "Ask an owner for User Access Administrator; or do without, by assign_roles = "
    "false and lock = false in the tfvars file, state.assign_role and state.lock for bootstrap.",
    "locked": "Set lock = false in the tfvars file and provision with that alone, then run again.",
    "invalid": "Correct the file that is named; nothing was touched.",
}
MISSING = re.compile(
    r"ContainerNotFound|StorageAccountNotFound|ResourceNotFound|ResourceGroupNotFound"
    r"|(container|account)\b.*\b(does not exist|not found|was not found)",
    re.IGNORECASE | re.DOTALL,
)
UNADMITTED = re.compile(r"AuthorizationPermissionMismatch|AuthorizationFailure")
LONGEST = 600  # Characters of Azure's message in the line that explains a wait.


def failure(
    what: str, errors: Sequence[dict[str, Any]], complaint: str, *, destroys: bool = False
) -> DeployError:
    """The consequence of a failed run; Azure's own words stay in the message."""
    texts = [text_of(one) for one in errors] or [complaint.strip()[-2000:]]
    message = f"{what} failed.\n" + "\n".join(texts)
    if any(LOCKED in text for text in texts):
        holder = parse_complaint("\n".join(texts))
        told = "\n".join([f"{what}: the state is locked by {holder}.", *texts])
        return BusyError(told, HINTS["held"])
    kinds = {kind_of(text, destroys=destroys) for text in texts}
    if kinds <= {"cut", "pending"}:
        lines = dict.fromkeys(" ".join(text.split()) for text in texts)
        hint = HINTS["cut" if "cut" in kinds else "pending"]
        return NotReadyError(f"{what}: {'; '.join(lines)[:LONGEST]}", hint)
    return ToolError(message, HINTS[kinds.pop() if len(kinds) == 1 else "refused"])


def of_short(stack: Stack, what: str, complaint: str) -> DeployError:
    """The consequence of a failed `init`, `show` or `output`: mostly it is about the state."""
    text, name = complaint.strip()[-2000:], stack.environment.name
    state = stack.environment.state
    if state.kind == "azurerm" and MISSING.search(text):
        return PreflightError(
            f"{what}: the state's storage account {state.storage_account} with its container "
            f"{state.container} is not there.\n{text}",
            f"Run `python -m flows bootstrap --environment {name}` (deploy does it by itself).",
        )
    if UNADMITTED.search(text):
        return NotReadyError(
            f"{what}: {state.storage_account} does not know our role yet.",
            "A new assignment takes minutes: docs/runbook.md, 'Access'.",
        )
    if CUT.search(text):
        return NotReadyError(f"{what}: {' '.join(text.split())[:LONGEST]}", HINTS["cut"])
    return ToolError(f"{what} failed.\n{text}", f"Try it by hand in {stack.folder}.")


def kind_of(text: str, *, destroys: bool = False) -> str:
    """`cut`, `pending`, `invalid`, `locked`, `unentitled` or `refused`."""
    if text.startswith("Invalid value for variable"):
        return "invalid"
    if "ScopeLocked" in text:
        return "locked"
    if UNENTITLED.search(text):
        return "unentitled"
    if FINAL.search(text):
        return "refused"
    if PENDING.search(text) or (destroys and LINGERING in text):
        return "pending"
    return "cut" if CUT.search(text) else "refused"


def text_of(diagnostic: dict[str, Any]) -> str:
    where = f" ({diagnostic['address']})" if diagnostic.get("address") else ""
    detail = diagnostic.get("detail", "")
    return f"{diagnostic['summary']}{where}{': ' + detail if detail else ''}"
