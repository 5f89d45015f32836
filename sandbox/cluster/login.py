"""What a pod presents to a PostgreSQL server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

URLS = ("GOTRUE_DB_DATABASE_URL", "PGRST_DB_URI", "DATABASE_URL", "SUPABASE_DB_URL")
PREFIXES = ("PG_META_DB_", "DB_")
PLAIN = ("disable", "allow")  # Modes of clients that begin without encryption.


@dataclass(frozen=True)
class Login:
    """Who wants to be let in where; equal ones are the same to a server."""

    host: str
    user: str
    password: str = field(repr=False)
    database: str
    encrypted: bool = True

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Self | None:
        """The login that a container's variables hold: an address, or single variables."""
        for name in URLS:
            if env.get(name):
                return cls.from_url(env[name], env)
        for prefix in PREFIXES:
            if env.get(f"{prefix}HOST"):
                mode = env.get(f"{prefix}SSL_MODE", "disable")
                return cls(
                    env[f"{prefix}HOST"],
                    env.get(f"{prefix}USER", "postgres"),
                    env.get(f"{prefix}PASSWORD", ""),
                    env.get(f"{prefix}NAME", "postgres"),
                    mode not in PLAIN or env.get(f"{prefix}SSL") == "true",
                )
        return None

    @classmethod
    def from_url(cls, url: str, env: Mapping[str, str]) -> Self:
        """From an address; clients of PostgreSQL read from `PG…` what it leaves out."""
        found = urlsplit(url)
        mode = (parse_qs(found.query).get("sslmode") or [env.get("PGSSLMODE", "")])[0]
        return cls(
            found.hostname or env.get("PGHOST", ""),
            unquote(found.username or "") or env.get("PGUSER", ""),
            unquote(found.password or "") or env.get("PGPASSWORD", ""),
            unquote(found.path.strip("/")) or env.get("PGDATABASE", ""),
            mode not in PLAIN,
        )
