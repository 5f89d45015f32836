"""A real PostgreSQL with Azure's restricted administrator, and the bootstrap's own script on it."""

import asyncio
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.cloud import postgresql
from sandbox.engines.postgresql import engine
from sandbox.engines.postgresql.server import Database, Server, Wanted

STEPS = Path(__file__).parents[2] / "charts" / "supabase" / "files" / "database"
ADMINISTRATOR, ADMINISTRATORS_PASSWORD = "pgadmin", "Correct-Horse-9"
PROJECT = "supabase"
KEYS = {  # The key of the Secret that lists the logins of a role.
    "authenticator": "pg-rest-accepted",
    "supabase_auth_admin": "pg-auth-accepted",
    "supabase_storage_admin": "pg-storage-accepted",
    "supabase_admin": "pg-realtime-accepted",
    "postgres": "pg-meta-accepted",
    "supabase_functions": "pg-functions-accepted",
}
PATIENCE = 60  # Seconds, on a loaded machine.
ALLOWED = "PGCRYPTO,UUID-OSSP,PG_STAT_STATEMENTS,VECTOR,CITEXT"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a server there is nothing to prove; in CI its absence is a failure."""
    missing = "" if engine.present() else engine.absence()
    missing = missing or ("" if shutil.which("psql") else "There is no psql on this machine.")
    if not missing or os.environ.get("CI") == "true":
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=missing))


@dataclass
class Result:
    """How a run of the script ended, and its lines."""

    code: int
    said: str

    @property
    def lines(self) -> list[str]:
        return self.said.splitlines()

    def line(self, start: str) -> str:
        return next((line for line in self.lines if line.startswith(start)), "")

    @property
    def differences(self) -> list[str]:
        """The rows of verify, without their indentation."""
        rows = (line.strip() for line in self.lines)
        return [row for row in rows if row.startswith(("required | ", "optional | "))]


@dataclass
class Lab:
    """A server, and what is asked of it."""

    server: Server
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def sockets(self) -> Path:
        return self.server.postmaster.sockets

    @property
    def folder(self) -> Path:
        return self.server.folder

    def bootstrap(
        self,
        command: str = "apply",
        *,
        database: str = PROJECT,
        steps: Path = STEPS,
        secrets: Mapping[str, str] | None = None,
        **settings: str,
    ) -> Result:
        """Run the script as its Job does, from a folder with the Secret's files."""
        kept = self.folder / "secrets"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        for name, value in (self.secrets if secrets is None else secrets).items():
            (kept / name).write_text(value)
        done = subprocess.run(
            ["sh", str(steps / "bootstrap.sh"), command],
            env={
                "PATH": os.environ["PATH"],
                "PGHOST": str(self.sockets),
                "PGDATABASE": database,
                "EXTENSIONS": "pgcrypto uuid-ossp",
                "OPTIONAL_EXTENSIONS": "pg_stat_statements",
                "PATIENCE": str(PATIENCE),
                "CHART": "supabase-1.0.0",
                "SECRETS": str(kept),
            }
            | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # As in a pod, there is no terminal.
            text=True,
            check=False,
        )
        return Result(done.returncode, done.stdout)

    def connect(
        self, user: str = ADMINISTRATOR, password: str = "", database: str = PROJECT
    ) -> "psycopg.Connection[Any]":
        """A session as a service of a role opens it, or as the very user whose password is told."""
        if user in KEYS and not password:
            user, _, password = self.secrets[KEYS[user]].partition(",")[0].partition(":")
        return psycopg.connect(
            host=str(self.sockets),
            user=user,
            password=password or self.secrets["pg-password"],
            dbname=database,
            autocommit=True,
        )

    def ask(self, statement: str, user: str = ADMINISTRATOR, database: str = PROJECT) -> Any:
        """All rows that a statement in a session of its own returns."""
        with self.connect(user, database=database) as session:
            done = session.execute(statement.encode())
            return done.fetchall() if done.description else []

    def superuser(self, database: str = PROJECT) -> "psycopg.Connection[Any]":
        """A session of Azure itself: it seeds drift, and reads what the administrator may not."""
        return psycopg.connect(
            host=str(self.sockets),
            user=engine.SUPERUSER,
            password=self.server.engine.password,
            dbname=database,
        )

    def run(self, *statements: str, user: str = ADMINISTRATOR, database: str = PROJECT) -> None:
        with self.connect(user, database=database) as session:
            for statement in statements:
                session.execute(statement.encode())


def password(login: str) -> str:
    """Of one login, another for each."""
    return hashlib.sha256(login.encode()).hexdigest()


def accepted(*logins: str) -> str:
    """The value of a key that lists these."""
    return ",".join(f"{login}:{password(login)}" for login in logins)


def passwords() -> dict[str, str]:
    """A Secret as it is at first: one login for each role."""
    made = {key: accepted(f"{role}_1") for role, key in KEYS.items()}
    return made | {"pg-username": ADMINISTRATOR, "pg-password": ADMINISTRATORS_PASSWORD}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A server as Azure hands it over: an administrator and an empty database."""
    folder = tmp_path_factory.mktemp("server").resolve()
    server = Server(engine.find(postgresql.configurations.catalogue()), folder)
    parameters = {"azure.extensions": ALLOWED, "wal_level": "logical"}
    wanted = Wanted(
        login=ADMINISTRATOR,
        password=ADMINISTRATORS_PASSWORD,
        parameters=parameters,
        in_force=parameters,
        databases=(Database(PROJECT),),
    )
    asyncio.run(server.bring_to(wanted))
    try:
        yield Lab(server, passwords())
    finally:
        asyncio.run(server.remove())


@pytest.fixture(scope="module")
def lab(empty: Lab) -> Lab:
    """The same after its first bootstrap."""
    result = empty.bootstrap()
    assert result.code == 0, result.said
    return empty
