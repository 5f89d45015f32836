"""The files that configure a server: the sandbox's frame, and the parameters that Azure shows."""

from collections.abc import Mapping
from pathlib import Path

from sandbox.engines.postgresql.engine import SUPERUSER, Engine

FRAME = "postgresql.conf"
PARAMETERS = "parameters.conf"
ENFORCED_OUTSIDE = ("require_secure_transport",)  # By the door; PostgreSQL does not know it.
# Small and quick: a killed process loses nothing, a power cut may.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "16MB",
    "min_wal_size": "8MB",
    "max_wal_size": "64MB",
    "wal_recycle": "off",
    "huge_pages": "off",
    "fsync": "off",
    "full_page_writes": "off",
}
# Any password fits `md5`, however it is kept; nobody is let in without one.
ACCESS = f"""\
local all {SUPERUSER} password
local azure_maintenance all reject
local all all md5
local replication all md5
"""


def write_frame(data: Path) -> None:
    """What does not change in the life of a server."""
    lines = [f"{name} = {quoted(value)}\n" for name, value in SETTINGS.items()]
    (data / FRAME).write_text("".join(lines) + f"include '{PARAMETERS}'\n")
    (data / "pg_hba.conf").write_text(ACCESS)


def write_parameters(data: Path, engine: Engine, parameters: Mapping[str, str]) -> None:
    """Azure's server parameters; read at a start and at a reload."""
    lines = [
        f"{name} = {quoted(fitting(engine, name, value))}\n"
        for name, value in parameters.items()
        if name not in ENFORCED_OUTSIDE
    ]
    fresh = data / f"{PARAMETERS}.new"
    fresh.write_text("".join(lines))
    fresh.replace(data / PARAMETERS)


def fitting(engine: Engine, name: str, value: str) -> str:
    """Leave out libraries that this engine lacks, for it would not start with them."""
    if name != "shared_preload_libraries":
        return value
    wanted = (one.strip() for one in value.split(","))
    return ",".join(one for one in wanted if engine.has_library(one))


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
