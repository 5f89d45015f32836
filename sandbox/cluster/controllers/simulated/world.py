"""What outlives a simulated container: its database, and the files behind the S3 service."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.cluster.controllers.simulated.tables import Table, Tables
from sandbox.cluster.login import Login

Kept = dict[str, Any]


@dataclass
class Bucket:
    """A bucket of storage: its row, and those of the files in it."""

    id: str
    public: bool
    files: dict[str, dict[str, Any]] = field(default_factory=dict)  # By path: kind and version.


@dataclass
class Database:
    """What the services of one database keep there."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)  # By id.
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)  # By id.
    tenants: dict[str, dict[str, Any]] = field(default_factory=dict)  # Of realtime, by name.
    buckets: dict[str, Bucket] = field(default_factory=dict)
    tables: Tables = field(default_factory=Tables)

    def dump(self) -> Kept:
        return {
            "users": self.users,
            "sessions": self.sessions,
            "tenants": self.tenants,
            "buckets": {name: asdict(bucket) for name, bucket in self.buckets.items()},
            "tables": {name: asdict(table) for name, table in self.tables.tables.items()},
        }

    @classmethod
    def load(cls, kept: Kept) -> "Database":
        buckets = {name: Bucket(**bucket) for name, bucket in kept["buckets"].items()}
        sessions = kept.get("sessions", {})  # Older sandboxes kept none.
        found = cls(kept["users"], sessions, kept["tenants"], buckets)
        found.tables.tables = {name: Table.load(one) for name, one in kept["tables"].items()}
        return found


class World:
    """All of it, for one cluster; what is kept of it survives a restart, open channels do not."""

    def __init__(self) -> None:
        self.changes = 0  # Grows with each request that is more than a question.
        self.objects: dict[tuple[str, str], bytes] = {}  # By storage account and path.
        self.channels: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
        self._databases: defaultdict[tuple[str, str], Database] = defaultdict(Database)

    def database(self, env: Mapping[str, str]) -> Database:
        """The database that a container's variables name."""
        return self._databases[place(env)]

    def dump(self) -> Kept:
        """By names that nothing in them can break."""
        kept: Kept = {
            json.dumps(["database", *names]): database.dump()
            for names, database in self._databases.items()
        }
        return kept | {
            json.dumps(["object", *names]): content for names, content in self.objects.items()
        }

    def load(self, kept: Kept) -> None:
        for name, value in kept.items():
            kind, first, second = json.loads(name)
            if kind == "database":
                self._databases[first, second] = Database.load(value)
            else:
                self.objects[first, second] = value


def place(env: Mapping[str, str]) -> tuple[str, str]:
    """Host and name of a database, from an address or from single variables."""
    found = Login.of(env)
    return (found.host, found.database) if found else ("", "")
