"""A small client of PostgreSQL's protocol, for what the sandbox itself has to tell a server."""

import asyncio
import struct
from pathlib import Path

from sandbox.engines.postgresql.errors import EngineError, StatementError

PROTOCOL = 3 << 16
AUTHENTICATED, PASSWORD = 0, 3
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
    while True:
        kind, body = await _message(reader)
        if kind == b"R":
            asked = int.from_bytes(body[:4])
            if asked == PASSWORD:
                writer.write(message(b"p", password.encode() + b"\0"))
            elif asked != AUTHENTICATED:
                raise EngineError(f"PostgreSQL asks the sandbox for authentication {asked}.")
        elif kind == b"E":
            fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
            raise StatementError(fields[b"M"], fields[b"C"])
        elif kind == b"D":
            rows.append(_row(body))
        elif kind == b"Z":
            if not left:
                return rows
            writer.write(message(b"Q", left.pop(0).encode() + b"\0"))


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
