"""Does the cluster hold what the vault holds, key by key, and if not, which one and why."""

import base64
import hashlib
import json
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import unquote_plus

from tasks import wait
from tasks.catalogue import Consumer
from tasks.catalogue.consumers import Key
from tasks.cluster import Cluster, Script
from tasks.errors import NotReadyError, RefusedError
from tasks.step import step

RUNBOOK = "docs/runbook.md, 'Secrets do not arrive'."
SHOWN = 150  # Signs of an event: so many at its begin, which names the key, and at its end.

# Signs in the operator's event, and what they point at.
CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"ForbiddenByRbac",
        "The reader lacks Key Vault Secrets User on {where}, or the role still spreads.",
    ),
    (
        r"ForbiddenByFirewall|ForbiddenByConnection",
        "The firewall of {vault} refuses the cluster: it needs its subnet or private endpoint.",
    ),
    (r"SecretNotFound|does not exist", "{vault} lacks {name}: run seed-secrets."),
    (r"SecretDisabled|not enabled", "{name} is disabled in {vault}: enable it there."),
    (
        r"AADSTS7002\d+",
        "The reader's federated credential names another issuer or service account: run provision.",
    ),
)
SILENT = "The operator says nothing: look at the pods in the namespace external-secrets."


class Stored(Protocol):
    """A version in the vault."""

    @property
    def value(self) -> str: ...
    @property
    def version(self) -> str: ...


@dataclass(frozen=True)
class Source:
    """Where the Secrets come from; `read` is for this module's step only, as it opens values."""

    vault_uri: str
    consumers: tuple[Consumer, ...]
    read: Callable[[str, Sequence[str]], Mapping[str, Stored]]

    @property
    def vault(self) -> str:
        return self.vault_uri.removeprefix("https://").partition(".")[0]


@dataclass(frozen=True)
class Synced:
    """Every Secret holds what the vault holds; its revision tells the versions of its keys."""

    names: tuple[str, ...]
    revisions: Mapping[str, str]


@dataclass(frozen=True)
class Late:
    """One ExternalSecret that is behind, and the operator's newest word on it."""

    name: str
    reason: str = ""
    missing: tuple[str, ...] = ()
    whole: bool = False  # Whether that is every key that it should have.
    differing: tuple[str, ...] = ()
    event: str = ""

    def __str__(self) -> str:
        parts = [
            "has no Secret yet" if self.whole else "",
            f"lacks {', '.join(self.missing)}" if self.missing and not self.whole else "",
            f"holds something older in {', '.join(self.differing)}" if self.differing else "",
            f"{self.reason} ({shortened(self.event)})" if self.event else self.reason,
        ]
        return f"{self.name}: " + "; ".join(filter(None, parts))


@dataclass(frozen=True)
class Content:
    """What one key of one Secret has to hold, and the vault's name and version behind it."""

    secret: str
    key: str
    name: str
    version: str
    value: str = field(repr=False)

    def expected(self, salt: str) -> str:
        """A line for the script: base64 is how the cluster keeps any bytes."""
        encoded = base64.b64encode(self.value.encode()).decode()
        digest = hashlib.sha256(f"{salt}{encoded}".encode()).hexdigest()
        return f"{self.secret} {self.key} {digest}\n"


@dataclass(frozen=True)
class Expectation:
    """Tells, at the last moment, what every key has to hold, for a script that only looks."""

    source: Source

    def file(self) -> bytes:
        return expected(read(self.source))


def expected(contents: Sequence[Content]) -> bytes:
    """What a script compares with: a salt, and a digest for each key."""
    salt = secrets.token_hex(16)  # Of this try alone: a digest says nothing about any other.
    return "".join([f"{salt}\n", *(one.expected(salt) for one in contents)]).encode()


@step("sync-external-secrets")
def sync(cluster: Cluster, namespace: str, source: Source, patience: float) -> Synced:
    """Nudge those that failed or are behind the vault; return when every key has caught up."""
    contents = read(source)
    script = Script(
        "secrets",
        files={"expected": expected(contents)},
        environment={"NAMESPACE": namespace, "PATIENCE": str(max(2, round(patience)))},
    )
    found = cluster.run(script).document
    names = tuple(line.split()[0] for line in found["states"])
    if absent := sorted({one.secret for one in contents} - set(names)):
        raise RefusedError(
            f"The cluster has no ExternalSecret {', '.join(absent)}.",
            "Run configure, which makes one for each reader.",
        )
    if late := read_late(found, contents):
        raise NotReadyError(
            f"{len(late)} of {len(names)} secrets are not in the cluster yet: "
            + "; ".join(map(str, late)),
            advice(late, source),
        )
    wait.logger().info(
        "All %d Secrets hold what %s holds%s.",
        len(names),
        source.vault,
        f"; asked for {', '.join(found['nudged'])}" if found["nudged"] else "",
    )
    return Synced(names, revisions(contents))


def read(source: Source) -> tuple[Content, ...]:
    """What every key has to hold now."""
    wanted = [(one.secret, key) for one in source.consumers for key in one.keys]
    stored = source.read(source.vault_uri, sorted({key.remote for _, key in wanted}))
    values = {
        key: part_of(stored[key.remote].value, key) for _, key in wanted if key.remote in stored
    }
    if lacking := [f"{told(key)} (for {name})" for name, key in wanted if values.get(key) is None]:
        raise RefusedError(f"{source.vault} lacks {', '.join(lacking)}.", "Run seed-secrets.")
    return tuple(
        Content(name, key.name, key.remote, stored[key.remote].version, values[key] or "")
        for name, key in wanted
    )


def part_of(value: str, key: Key) -> str | None:
    """The key's own part of what the vault holds, as External Secrets takes it out."""
    if not key.part:
        return value
    try:
        found = json.loads(value)[key.part]
    except (ValueError, LookupError, TypeError):
        return None
    return found if isinstance(found, str) else json.dumps(found)


def told(key: Key) -> str:
    return f"{key.remote}/{key.part}" if key.part else key.remote


def revisions(contents: Sequence[Content]) -> dict[str, str]:
    """By Secret: changes with the version of anything that it holds."""
    behind: dict[str, set[str]] = {}
    for one in contents:
        behind.setdefault(one.secret, set()).add(f"{one.name}={one.version}")
    return {
        secret: hashlib.sha256("\n".join(sorted(versions)).encode()).hexdigest()[:12]
        for secret, versions in behind.items()
    }


def read_late(found: Mapping[str, Any], contents: Sequence[Content] = ()) -> list[Late]:
    """Those that are not ready, with their newest event, and those whose content differs."""
    keys = Counter(one.secret for one in contents)
    events = dict(line.split(maxsplit=1) for line in found["events"])
    wrong = [line.split() for line in found["wrong"]]
    late = []
    for line in found["states"]:
        name, ready, reason = (*line.split(), "", "")[:3]
        missing = tuple(key for secret, key, what in wrong if (secret, what) == (name, "missing"))
        one = Late(
            name,
            "" if ready == "True" else reason or "not looked at yet",
            missing,
            bool(missing) and len(missing) == keys[name],
            tuple(key for secret, key, what in wrong if (secret, what) == (name, "differs")),
            "" if ready == "True" else read_event(events.get(name, "")),
        )
        if one.reason or one.missing or one.differing:
            late.append(one)
    return late


def read_event(message: str) -> str:
    return " ".join(unquote_plus(message).split())


def shortened(event: str) -> str:
    return event if len(event) <= 2 * SHOWN else f"{event[:SHOWN]} … {event[-SHOWN:]}"


def advice(late: Sequence[Late], source: Source) -> str:
    """What the events point at, each thing once."""
    return " ".join([*dict.fromkeys(causes(late, source)), f"See {RUNBOOK}"])


def causes(late: Sequence[Late], source: Source) -> Iterator[str]:
    for one in late:
        named = re.search(r"\(key: ([\w-]+)\)", one.event)
        name = named[1] if named else "a name"
        where = f"{source.vault} (it asked for {name})" if named else source.vault
        for sign, cause in CAUSES:
            if re.search(sign, one.event):
                yield cause.format(vault=source.vault, name=name, where=where)
        if one.reason and not one.event:
            yield SILENT
