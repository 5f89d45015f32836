"""A server as Azure runs it: brought to what is wanted, again and again."""

import asyncio
import hmac
import json
import logging
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.engines.postgresql import client, configuration
from sandbox.engines.postgresql.client import identifier, literal
from sandbox.engines.postgresql.engine import COLLATION, SUPERUSER, Engine, system_locales
from sandbox.engines.postgresql.errors import EngineError, StatementError
from sandbox.engines.postgresql.process import LOOK, Postmaster, end_stray

LOG = logging.getLogger(__name__)
ADMINISTRATOR = "azure_pg_admin"
DONE = "done.json"
RELOADING = 10.0  # Seconds until a reload must have been noticed.


@dataclass(frozen=True)
class Database:
    """A database that was made through Azure's interface, not in SQL."""

    name: str
    charset: str = "UTF8"
    collation: str = COLLATION


@dataclass(frozen=True)
class Wanted:
    """What Azure has promised about a server."""

    login: str
    password: str = field(repr=False)
    parameters: Mapping[str, str]
    in_force: Mapping[str, str]
    """The same, but static ones as they were at the last restart."""
    databases: tuple[Database, ...] = ()
    restarts: int = 0
    bypasses_row_security: bool = True


class Server:
    """Data in a folder, and a process while it runs."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.folder = folder
        self.postmaster = Postmaster(engine, folder)
        self.retired = False
        """Stopped for good: whoever still waits to use it must not start it again."""
        self._applied: Wanted | None = None
        self._changing = asyncio.Lock()

    @property
    def running(self) -> bool:
        return self.postmaster.pid is not None

    async def bring_to(self, wanted: Wanted) -> dict[str, str]:
        """Start it if need be, and apply what differs; databases that failed, and why."""
        async with self._changing:
            if self.retired:
                raise EngineError("the database system is shutting down")
            applied = self._applied if self.running else None
            if applied == wanted:
                return {}
            if applied and applied.restarts != wanted.restarts:
                await self.postmaster.stop()
                applied = None
            if applied is None:
                await self._start(wanted)
            current = applied.parameters if applied else wanted.in_force
            if current != wanted.parameters:
                await self._reload(wanted.parameters)
            done = self._done()
            if done["administrator"] != self._mark(wanted):
                await self._set_administrator(wanted)
                done["administrator"] = self._mark(wanted)
            failed = await self._bring_databases(wanted, done["databases"])
            (self.folder / DONE).write_text(json.dumps(done))
            self._applied = wanted
            return failed

    async def stop(self) -> None:
        """End the process and every session for good; the data stay for another `Server`."""
        self.retired = True
        async with self._changing:
            await self.postmaster.stop()

    async def remove(self) -> None:
        """End the process, and forget the data."""
        await self.stop()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def execute(self, *statements: str, database: str = "postgres") -> list[client.Row]:
        """Run statements as the service itself."""
        password = (self.folder / "superuser").read_text()
        socket = self.postmaster.socket
        return await client.execute(socket, SUPERUSER, password, database, *statements)

    async def _start(self, wanted: Wanted) -> None:
        await asyncio.to_thread(self._prepare, wanted.in_force)
        self.postmaster.spawn()
        await self.postmaster.ready()
        LOG.info("PostgreSQL runs as process %s in %s", self.postmaster.pid, self.folder)

    def _prepare(self, parameters: Mapping[str, str]) -> None:
        data = self.postmaster.data
        end_stray(data)
        if not data.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self.folder / "data.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(self.engine.cluster, fresh, symlinks=True)
            secret = self.folder / "superuser"
            secret.touch(mode=0o600)
            secret.write_text(self.engine.password)
            fresh.rename(data)
        major = (data / "PG_VERSION").read_text().strip()
        if major != str(self.engine.version):
            raise EngineError(
                f"The data of this server are PostgreSQL {major}'s, and this machine has "
                f"{self.engine.version}. Install the old one again, or make the server anew."
            )
        configuration.write_frame(data)
        configuration.write_parameters(data, self.engine, parameters)

    async def _reload(self, parameters: Mapping[str, str]) -> None:
        """Return once new sessions meet the new values."""
        asked = "SELECT pg_conf_load_time()"
        before = await self.execute(asked)
        configuration.write_parameters(self.postmaster.data, self.engine, parameters)
        self.postmaster.reload()
        deadline = time.monotonic() + RELOADING
        while await self.execute(asked) == before:
            if time.monotonic() > deadline:
                raise EngineError("PostgreSQL does not read its new parameters.")
            await asyncio.sleep(LOOK)
        wrong = await self.execute(
            "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL "
            "AND error <> 'setting could not be applied'"
        )
        for name, error in wrong:
            LOG.warning("PostgreSQL refuses the parameter %s: %s", name, error)

    async def _set_administrator(self, wanted: Wanted) -> None:
        """Azure's administrator can nearly everything, and is no superuser."""
        name = identifier(wanted.login)
        bypass = "BYPASSRLS" if wanted.bypasses_row_security else "NOBYPASSRLS"
        known = await self.execute(
            f"SELECT 1 FROM pg_roles WHERE rolname = {literal(wanted.login)}"  # noqa: S608  # Quoted.
        )
        verb = "ALTER" if known else "CREATE"
        await self.execute(
            # A statement with a password is nothing for the log, should it fail.
            "SET log_min_error_statement = panic; SET log_statement = none",
            f"{verb} ROLE {name} LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE REPLICATION "
            f"{bypass} PASSWORD {literal(wanted.password)}",
            f"GRANT {ADMINISTRATOR} TO {name} WITH ADMIN OPTION",
        )

    async def _bring_databases(self, wanted: Wanted, made: list[str]) -> dict[str, str]:
        """Make and drop what Azure's interface has; what SQL has made or dropped is left alone."""
        failed = {}
        for database in wanted.databases:
            if database.name in made:
                continue
            try:
                await self._create(database, wanted.login)
            except StatementError as error:
                failed[database.name] = str(error)
            else:
                made.append(database.name)
        for name in set(made) - {database.name for database in wanted.databases}:
            await self.execute(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")
            made.remove(name)
        return failed

    def _done(self) -> dict[str, Any]:
        """What this server was told once, and may have changed in SQL since."""
        try:
            found: dict[str, Any] = json.loads((self.folder / DONE).read_text())
        except (OSError, ValueError):
            found = {"administrator": "", "databases": []}
        return found

    def _mark(self, wanted: Wanted) -> str:
        """Tells one password from another, without telling it."""
        key = (self.folder / "superuser").read_bytes()
        return hmac.digest(key, wanted.password.encode(), "sha256").hex()

    async def _create(self, database: Database, owner: str) -> None:
        name = identifier(database.name)
        known = await self.execute(
            f"SELECT 1 FROM pg_database WHERE datname = {literal(database.name)}"  # noqa: S608
        )
        if not known:
            statement = f"CREATE DATABASE {name}{options(database)}"
            await self.execute(statement, f"ALTER DATABASE {name} OWNER TO {identifier(owner)}")


def options(database: Database) -> str:
    """Charset and collation, unless they are what every database has anyway."""
    if (database.charset.upper(), database.collation.lower()) == ("UTF8", COLLATION.lower()):
        return ""
    text = f" TEMPLATE template0 ENCODING {literal(database.charset)}"
    if database.collation in system_locales():
        return f"{text} LOCALE_PROVIDER libc LOCALE {literal(database.collation)}"
    if database.collation in ("C", "POSIX"):
        return f"{text} LOCALE_PROVIDER libc LOCALE 'C'"
    language = database.collation.partition(".")[0].replace("_", "-")
    return f"{text} LOCALE_PROVIDER icu ICU_LOCALE {literal(language)}"
