"""Who reads what in the cluster: one Kubernetes Secret for each consumer, with its keys only."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tasks.catalogue.secret import Secret

OWN_NAME = {"s3proxy"}  # Consumers with a chart of their own; the others belong to Supabase.


@dataclass(frozen=True)
class Key:
    """One key of a Secret, and where its value is: a name in the vault, or a part of its JSON."""

    name: str
    remote: str
    part: str = ""


@dataclass(frozen=True)
class Consumer:
    """A part of the platform that reads secrets."""

    name: str
    keys: tuple[Key, ...]

    @property
    def secret(self) -> str:
        """The Kubernetes Secret that it reads."""
        return self.name if self.name in OWN_NAME else f"supabase-{self.name}"

    def values(self) -> dict[str, Any]:
        """As the platform chart is told."""
        data = [
            {"secretKey": key.name, "remoteKey": key.remote}
            | ({"property": key.part} if key.part else {})
            for key in self.keys
        ]
        return {"name": self.secret, "data": data}


def consumers(catalogue: tuple[Secret, ...], without: Collection[str] = ()) -> tuple[Consumer, ...]:
    """Everybody who reads something; `without` names what this environment has no use for."""
    read = [secret for secret in catalogue if secret.name not in without]
    names = sorted({reader for secret in read for reader in secret.readers})
    return tuple(
        Consumer(name, tuple(key for secret in read for key in keys(secret, name)))
        for name in names
    )


def keys(secret: Secret, reader: str) -> tuple[Key, ...]:
    """What this reader gets of a secret."""
    if secret.parts:
        parts = [part for part in secret.parts if reader in part.readers]
        return tuple(Key(part.key, secret.name, part.name) for part in parts)
    return (Key(secret.name, secret.name),) if reader in secret.readers else ()
