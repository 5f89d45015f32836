"""
What Azure's PostgreSQL refuses by code of its own, and a plain one cannot be taught.

Event triggers do not see statements about roles, so these are read on their way to the server. Such
a statement is replaced by one that fails as Azure does: the session stays in step.
"""

import re
import struct

LIMIT = 1 << 20  # Longer messages are data, not a statement about a role.
LENGTH = struct.Struct("!I")
ROLES = rb'"?(azure_pg_admin|azuresu)"?'
RESTRICTED = re.compile(
    rb"\b(?:grant\s+(?:(?!\bon\b)[^;])+?\sto\s+[^;]*?"
    + ROLES
    + rb"\s*(?:,|;|$|\bwith\b|\bgranted\b)"
    rb"|(?:alter|drop)\s+(?:role|user|group)\s+(?:if\s+exists\s+)?" + ROLES + rb"(?![\w$\"]))",
    re.IGNORECASE,
)
COMMENT = re.compile(rb"--[^\n]*|/\*.*?\*/", re.DOTALL)
REFUSAL = (
    "DO $$BEGIN RAISE insufficient_privilege USING MESSAGE = "
    "'permission denied to alter restricted role \"{role}\"'; END$$"
)


class Statements:
    """The client's side of one session, message by message."""

    def __init__(self) -> None:
        self._held = b""
        self._passing = 0  # Bytes that still belong to a message which is not looked at.

    def __call__(self, data: bytes) -> bytes:
        """What goes on to the server now; the start of a message waits for its end."""
        data, self._held = self._held + data, b""
        sent = bytearray()
        while data:
            if self._passing:
                part, data = data[: self._passing], data[self._passing :]
                self._passing -= len(part)
                sent += part
                continue
            if len(data) <= LENGTH.size:
                break
            size = LENGTH.unpack_from(data, 1)[0] + 1
            if data[:1] not in (b"Q", b"P") or size > LIMIT:
                self._passing = size
                continue
            if len(data) < size:
                break
            sent += checked(data[:size])
            data = data[size:]
        self._held = data
        return bytes(sent)


def checked(message: bytes) -> bytes:
    """A query, or the preparing of one; replaced when it touches a restricted role."""
    kind, body = message[:1], message[5:]
    name, _, text = (b"", b"", body) if kind == b"Q" else body.partition(b"\0")
    statement, _, rest = text.partition(b"\0")
    role = restricted(statement)
    if not role:
        return message
    changed = REFUSAL.format(role=role).encode() + b"\0" + rest
    if kind == b"P":
        changed = name + b"\0" + changed
    return kind + LENGTH.pack(len(changed) + LENGTH.size) + changed


def restricted(statement: bytes) -> str:
    """The role that nobody may change and this statement would, or nothing."""
    if b"azure" not in statement.lower():
        return ""
    found = RESTRICTED.search(COMMENT.sub(b" ", statement).strip())
    return (found[1] or found[2]).decode().lower() if found else ""
