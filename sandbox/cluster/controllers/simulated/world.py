"""What outlives a simulated container: its database, and the files behind the S3 service."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sandbox.cluster.controllers.simulated.tables import Tables


@dataclass
class Bucket:
    """A bucket of storage: its row, and those of the files in it."""

    id: str
    public: bool
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # By path: kind, size, version.


@dataclass
class Database:
    """What the services of one database keep there."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # By id.
    tables: Tables = field(default_factory=Tables)
    buckets: dict[str, Bucket] = field(default_factory=dict)


class World:
    """Lives as long as the cluster runs in this sandbox; a restart begins a new one."""

    def __init__(self) -> None:
        self._databases: defaultdict[tuple[str, str], Database] = defaultdict(Database)
        self.objects: defaultdict[str, dict[str, bytes]] = defaultdict(dict)  # By account.
        self.channels: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)

    def database(self, env: Mapping[str, str]) -> Database:
        """The database that a container's variables name."""
        return self._databases[place(env)]


def place(env: Mapping[str, str]) -> tuple[str, str]:
    """Host and name of a database, from an address or from single variables."""
    for name in ("GOTRUE_DB_DATABASE_URL", "PGRST_DB_URI", "DATABASE_URL"):
        if env.get(name):
            found = urlsplit(env[name])
            return found.hostname or "", found.path.strip("/")
    for prefix in ("PG_META_DB_", "DB_"):
        if env.get(f"{prefix}HOST"):
            return env[f"{prefix}HOST"], env.get(f"{prefix}NAME", "")
    return "", ""
