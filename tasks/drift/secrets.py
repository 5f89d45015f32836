"""Secrets: in the vault and in time, and in the cluster what the vault holds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tasks.drift.finding import Finding, Severity
from tasks.step import step

SOON = timedelta(days=30)
GRACE = timedelta(days=8)  # `rotate` comes once a week; what is due ends in 30 days (`SOON`).
TOGETHER = {"jwt-set"}  # What is of no use in two versions at once.


@dataclass(frozen=True)
class Place:
    """What a remedy's commands name."""

    environment: str
    vault: str


class Needed(Protocol):
    """A secret of the catalogue; `days` is the age at which it is rotated, if it is."""

    @property
    def name(self) -> str: ...
    @property
    def origin(self) -> str: ...
    @property
    def readers(self) -> tuple[str, ...]: ...


class Described(Protocol):
    """What the vault tells of a secret's current version without its value."""

    @property
    def created(self) -> datetime | None: ...
    @property
    def expires(self) -> datetime | None: ...
    @property
    def enabled(self) -> bool: ...


@step("look-into-vault")
def describe(
    described: Callable[[str], Mapping[str, Described]], vault_uri: str
) -> Mapping[str, Described]:
    """What the vault holds, by name; no value is read."""
    return described(vault_uri)


def vault(
    needed: Sequence[Needed],
    held: Mapping[str, Described],
    periods: Mapping[str, int],
    place: Place,
    now: datetime,
) -> Iterator[Finding]:
    """What is absent, switched off, too old or near its end; `periods` is in days by name."""
    for secret in needed:
        where = f"vault {secret.name}"
        by_age = secret.name in periods
        if (one := held.get(secret.name)) is None:
            severity: Severity = "critical" if secret.readers else "warning"
            what = "The vault does not hold it."
            if secret.readers:
                what += f" {', '.join(secret.readers)} read it."
            yield Finding("secret-missing", severity, where, what, remedy(secret, place))
        elif not one.enabled:
            enable = f"`az keyvault secret set-attributes {named(secret, place)} --enabled true`."
            what = "It is disabled: External Secrets cannot read it."
            yield Finding("secret-disabled", "critical", where, what, enable)
        elif one.expires and one.expires <= now:
            yield Finding(
                "secret-expired",
                "critical",
                where,
                f"It expired on {one.expires:%Y-%m-%d}.",
                rotate(secret, place, by_age=by_age),
            )
        elif late(one, periods.get(secret.name), now):
            yield Finding(
                "rotation-overdue",
                "warning",
                where,
                f"It was made on {one.created:%Y-%m-%d}, and is due every {periods[secret.name]} "
                "days.",
                rotate(secret, place, by_age=by_age),
            )
        elif one.expires and one.expires <= now + notice(secret, by_age=by_age):
            yield Finding(
                "secret-expiring",
                "warning",
                where,
                f"It expires on {one.expires:%Y-%m-%d}.",
                rotate(secret, place, by_age=by_age),
            )


def late(one: Described, days: int | None, now: datetime) -> bool:
    """Whether a rotation should have come by now."""
    if not days or one.created is None:
        return False
    return one.created + timedelta(days=days) + GRACE < now


def notice(secret: Needed, *, by_age: bool) -> timedelta:
    """How long before its end it is told: what is due may wait for the next `rotate`."""
    return SOON - GRACE if by_age and secret.origin != "provided" else SOON


def named(secret: Needed, place: Place) -> str:
    return f"--vault-name {place.vault} --name {secret.name}"


def remedy(secret: Needed, place: Place) -> str:
    if secret.origin == "provided":
        return f"Put it into the vault: `az keyvault secret set {named(secret, place)} --file …`."
    return f"`python -m flows seed-secrets --environment {place.environment}` makes or recovers it."


def rotate(secret: Needed, place: Place, *, by_age: bool) -> str:
    """What is due is rotated; who gave an end to something else knows why."""
    if secret.origin == "provided":
        command = f"`az keyvault secret set {named(secret, place)} --file …`"
        return f"Put a new one into the vault: {command}."
    if by_age:
        return f"`python -m flows rotate --environment {place.environment} --only {secret.name}`."
    return (
        "It does not rotate by age, so somebody gave it this end. Give it a later one: "
        f"`az keyvault secret set-attributes {named(secret, place)} --expires …`."
    )


class Key(Protocol):
    """One key of a Kubernetes Secret, and the name in the vault that it comes from."""

    @property
    def name(self) -> str: ...
    @property
    def remote(self) -> str: ...
    @property
    def part(self) -> str: ...


class Reader(Protocol):
    """A part of the platform that reads one Kubernetes Secret."""

    @property
    def secret(self) -> str: ...
    @property
    def keys(self) -> Sequence[Key]: ...


class Seen(Protocol):
    """Of `states` lines `name ready when reason`, of `contents` lines `secret key what`."""

    def lines(self, part: str) -> list[str]: ...
    @property
    def blind(self) -> Mapping[str, str]: ...


def synced(
    seen: Seen, readers: Sequence[Reader], held: Mapping[str, Described], environment: str
) -> Iterator[Finding]:
    """
    Secrets in the cluster that are not the vault's.

    What differs although it was copied after the vault's version was made has been edited.
    """
    if "states" in seen.blind:
        return
    known = {
        name: (ready, when, why) for name, ready, when, why in map(_state, seen.lines("states"))
    }
    differing = {tuple(line.split()[:2]) for line in seen.lines("contents")}
    configure = f"`python -m flows configure --environment {environment}`"
    behind: dict[str, set[str]] = {}  # Secrets that hold an older version, by the vault's name.
    for reader in readers:
        ready, when, why = known.get(reader.secret, ("False", "", "there is no ExternalSecret"))
        keys = [key for key in reader.keys if (reader.secret, key.name) in differing]
        late = [key for key in keys if ready != "True" or _newer(held.get(key.remote), when)]
        for key in late:
            behind.setdefault(key.remote, set()).add(reader.secret)
        if ready != "True" or late:
            names = ", ".join(key.name for key in late)
            reason = f"External Secrets says: {why}" if ready != "True" else "not copied yet"
            yield Finding(
                "secret-not-synced",
                "warning",
                f"Secret {reader.secret}",
                f"It may be behind the vault{f' in {names}' if names else ''}; {reason}.",
                f"{configure} copies it, and says what stands in the way.",
                "cluster/states",
            )
        if edited := [key.name for key in keys if key not in late]:
            yield Finding(
                "secret-edited",
                "critical",
                f"Secret {reader.secret}",
                f"Somebody changed {', '.join(edited)} in the cluster: it is not the vault's.",
                f"{configure} brings the vault's value back; a value that is meant to stay belongs "
                "into the vault.",
                "cluster/contents",
            )
    yield from _mixed(readers, behind, environment)


def _mixed(
    readers: Sequence[Reader], behind: Mapping[str, set[str]], environment: str
) -> Iterator[Finding]:
    """Of the set that signs and verifies tokens, some hold the new version and some an older."""
    for name in TOGETHER & set(behind):
        holders = {one.secret for one in readers if any(key.remote == name for key in one.keys)}
        if current := holders - behind[name]:
            yield Finding(
                "set-mixed",
                "critical",
                f"vault {name}",
                f"{', '.join(sorted(behind[name]))} hold an older version than "
                f"{', '.join(sorted(current))}: services refuse each other's tokens.",
                f"`python -m flows deploy --environment {environment}` brings all to the vault's.",
                "cluster/states",
            )


def _state(line: str) -> tuple[str, str, str, str]:
    name, ready, when, *why = [*line.split(), "", "", ""][: max(4, len(line.split()))]
    return name, ready, when, " ".join(filter(None, why)) or "nothing"


def _newer(version: Described | None, when: str) -> bool:
    """Whether the vault's version was made after the Secret was copied."""
    if version is None or version.created is None or not when:
        return True
    return version.created >= datetime.fromisoformat(when)
