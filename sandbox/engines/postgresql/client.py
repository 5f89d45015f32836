"""A small client of PostgreSQL's protocol, for what the sandbox itself has to tell a server."""

import asyncio
import hashlib
import struct
from pathlib import Path

from sandbox.engines.postgresql.errors import EngineError, StatementError
from sandbox.engines.postgresql.scram import Scram

PROTOCOL = 3 << 16
HEAD = struct.Struct("!cI")
DEADLINE = 60.0  # Seconds for one conversation.
Row = tuple[str | None, ...]


async def execute(
    socket: Path, user: str, password: str, database: str, *statements: str
) -> list[Row]:
    """Run statements one after the other; the rows are those of all of them."""
    try:
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return await _converse(reader, writer, user, password, database, statements)
            finally:
                writer.close()
    except (OSError, EOFError) as error:
        raise EngineError(f"PostgreSQL does not answer: {error!r}.") from error


async def _converse(  # noqa: PLR0913, PLR0917  # Who asks what, over which line.
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    user: str,
    password: str,
    database: str,
    statements: tuple[str, ...],
) -> list[Row]:
    options = f"user\0{user}\0database\0{database}\0application_name\0sandbox\0\0".encode()
    writer.write(struct.pack("!II", len(options) + 8, PROTOCOL) + options)
    rows: list[Row] = []
    left = list(statements)
    proof = Proof(user, password)
    while True:
        kind, body = await _message(reader)
        if kind == b"R":
            writer.write(proof.of(int.from_bytes(body[:4]), body[4:]))
        elif kind == b"E":
            fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            raise StatementError(fields[b"M"], fields[b"C"])
        elif kind == b"D":
            rows.append(_row(body))
        elif kind == b"Z":
            if not left:
                return rows
            writer.write(message(b"Q", left.pop(0).encode() + b"\0"))


class Proof:
    """That a user knows the password, in the way that the server asks for."""

    def __init__(self, user: str, password: str) -> None:
        self._user = user.encode()
        self._password = password.encode()
        self._scram = Scram(password)

    def of(self, asked: int, challenge: bytes) -> bytes:
        """The next message to the server; none where it is satisfied."""
        match asked:
            case 0 | 12:  # `AuthenticationOk`, and the server's own proof.
                return b""
            case 3:
                said = self._password + b"\0"
            case 5:
                inner = hashlib.md5(self._password + self._user).hexdigest()  # noqa: S324 - As PostgreSQL does.
                outer = hashlib.md5(inner.encode() + challenge).hexdigest()  # noqa: S324 - The same.
                said = f"md5{outer}\0".encode()
            case 10:
                said = self._scram.first
            case 11:
                said = self._scram.final(challenge)
            case _:
                raise EngineError(f"PostgreSQL asks the sandbox for authentication {asked}.")
        return message(b"p", said)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = HEAD.unpack(await reader.readexactly(HEAD.size))
    return kind, await reader.readexactly(length - 4)


def message(kind: bytes, body: bytes) -> bytes:
    """A message as both sides send it: a letter, its length, its body."""
    return HEAD.pack(kind, len(body) + 4) + body


def _row(body: bytes) -> Row:
    found: list[str | None] = []
    at = 2
    for _ in range(int.from_bytes(body[:2])):
        length = int.from_bytes(body[at : at + 4], signed=True)
        at += 4
        found.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return tuple(found)


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'" if "\\" not in text else escaped(text)


def escaped(text: str) -> str:
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
