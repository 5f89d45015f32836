"""A vault, a cluster and clients in memory, as far as a rotation can tell them from real ones."""

import json
import random
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import jwt

from tasks import catalogue, rotation
from tasks.catalogue import Facts
from tasks.rotation import MOVES, Policy, Safe, begun, early

FACTS = Facts("account", "boss", "postgres", "db.example.com")
VERIFIERS = ("rest", "realtime", "storage", "functions")
PROVED = {"jwt-set", "realtime-metrics-token"}  # Signatures, which take their time to check.
OVERLAP = 7  # Days in which clients outside take up new API keys.
OFTEN = 0.5  # Of all moments: a node is drained, or External Secrets looks by itself.


class Killed(BaseException):
    """The worker is gone, as after kill -9."""


class ProbeError(Exception):
    """The platform does not answer as it should."""


@dataclass
class Fuse:
    """Lets so many changes happen; the next one finds the worker dead."""

    left: int | None = None
    weather: Callable[[], None] = lambda: None

    def burn(self) -> None:
        self.weather()
        if self.left is not None:
            if self.left == 0:
                self.left = None
                raise Killed
            self.left -= 1


@dataclass(frozen=True)
class Version:
    value: str
    version: str
    created: datetime
    expires: datetime | None
    tags: Mapping[str, str]


@dataclass
class FakeVault:
    fuse: Fuse
    versions: dict[str, list[Version]] = field(default_factory=dict)
    first: dict[tuple[str, str], int] = field(default_factory=dict)  # Day of each generation.
    day: int = 0
    numbers: Iterator[int] = field(default_factory=count)

    def read(self, names: Collection[str]) -> dict[str, Version]:
        return {name: self.versions[name][-1] for name in names if name in self.versions}

    def version(self, name: str, version: str) -> Version | None:
        return next((one for one in self.versions[name] if one.version == version), None)

    def write(
        self, name: str, value: str, tags: Mapping[str, str], expires: datetime | None
    ) -> str:
        self.fuse.burn()
        made = Version(value, str(next(self.numbers)), datetime.now(UTC), expires, dict(tags))
        self.versions.setdefault(name, []).append(made)
        self.first.setdefault((name, tags.get("generation", "")), self.day)
        return made.version

    def tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        self.fuse.burn()
        assert self.versions[name][-1].version == version
        self.versions[name][-1] = replace(self.versions[name][-1], tags=dict(tags))

    def value(self, name: str) -> str:
        return self.versions[name][-1].value

    def grow_older(self, by: timedelta) -> None:
        """Everything happened that much earlier."""
        for versions in self.versions.values():
            versions[:] = [
                replace(
                    one,
                    created=one.created - by,
                    expires=one.expires and one.expires - by,
                    tags={
                        k: _earlier(v, by) if "-at" in k or "since" in k else v
                        for k, v in one.tags.items()
                    },
                )
                for one in versions
            ]


def _earlier(text: str, by: timedelta) -> str:
    return (datetime.fromisoformat(text) - by).isoformat()


@dataclass
class FakeAccount:
    fuse: Fuse
    keys: dict[str, str] = field(default_factory=lambda: {"key1": "one-0", "key2": "two-0"})
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def value(self, name: str) -> str:
        return self.keys[name]

    def regenerate(self, name: str) -> str:
        self.fuse.burn()
        self.keys[name] = f"{name}-{next(self.numbers)}"
        return self.keys[name]


class World:
    """What the promises are about: whoever presents something is accepted, at every moment."""

    def __init__(self, seed: int = 0) -> None:
        self.fuse = Fuse()
        self.vault = FakeVault(self.fuse)
        self.account = FakeAccount(self.fuse)
        self.secrets = catalogue.of()
        self.consumers = {one.name: one for one in catalogue.consumers(self.secrets)}
        self.units = rotation.units(self.secrets)
        self.safe = Safe(self.vault, self.account, Policy())
        self.synced: dict[str, dict[str, str]] = {}
        self.live: dict[str, dict[str, str]] = {}
        self.logins: list[str] = []
        self.broken = False  # Whether the probe finds something wrong.
        self.day = 0
        self.asked = 0  # The day on which clients outside last took up an API key.
        self.client = ""
        self.sessions: set[str] = set()  # Keys that signed tokens which are still valid.
        self.seed()
        self.sync()
        self.release()
        self.days(0)
        self.client = self.vault.value("publishable-key")
        self.chance = random.Random(seed)  # noqa: S311 # Weather, and no key.
        self.fuse.weather = self.weather

    # --- What the flow does -----------------------------------------------------------------------

    def seed(self) -> None:
        """As `seed-secrets`: what is missing is made, what follows is brought in line."""
        values: dict[str, str] = {}
        for secret in self.secrets:
            held = self.vault.read([secret.name])
            value = held[secret.name].value if held else None
            if value is not None and secret.name in PROVED:
                made = None
            elif secret.name == "azure-storage-account-key":
                made = self.account.value("key1") if value is None else None
            elif value is not None and secret.fits(value, values, FACTS):
                made = None
            else:
                made = secret.make(values | ({secret.name: value} if value else {}), FACTS)
            values[secret.name] = made or value or ""
            if made is not None:
                self.vault.write(secret.name, made, {"generation": "1"}, None)

    def sync(self) -> None:
        for name in self.consumers:
            self.fuse.burn()
            self.sync_one(name)

    def release(self) -> None:
        """The administrator, the database's Job, then everybody in any order."""
        self.fuse.burn()
        assert self.synced["database"]["pg-password"] == self.vault.value("pg-password")
        self.logins = [
            login
            for name, value in self.synced["database"].items()
            if name.startswith("pg-") and name.endswith("-accepted")
            for login in value.split(",")
        ]
        for name in self.consumers:
            self.fuse.burn()
            self.restart(name)

    def weather(self) -> None:
        """What happens by itself, at any time: Secrets are refreshed, pods are moved."""
        for happen in (self.sync_one, self.restart):
            if self.chance.random() < OFTEN:
                happen(self.chance.choice(list(self.consumers)))

    def sync_one(self, name: str) -> None:
        found = {}
        for key in self.consumers[name].keys:
            value = self.vault.value(key.remote)
            found[key.name] = json.loads(value)[key.part] if key.part else value
        self.synced[name] = found
        self.check()

    def restart(self, name: str) -> None:
        self.live[name] = dict(self.synced[name])
        if name == "auth":
            self.sessions.add(signer(self.live[name]))
        self.check()

    def bring(self) -> None:
        rotation.expect.fn(self.safe, self.units)
        self.sync()
        self.release()
        if self.broken:
            raise ProbeError
        rotation.settle.fn(self.safe, self.units)

    def rotate(self, *only: str) -> list[str]:
        """As `flows.rotate`; what it has switched, in order."""
        self.seed()
        chosen = rotation.chosen(self.units, only)
        before = rotation.survey.fn(self.safe, self.units)
        if not all(one.settled for one in before):
            self.bring_or_back()
        named = {unit.name for unit in chosen} if only else set()
        begin = begun(before, named, datetime.now(UTC))
        if ending := {one.unit.name: one.unit for one in early(before, named)}:
            rotation.make.fn(self.safe, tuple(ending.values()), "retire", set(ending))
            self.bring_or_back()
        begin |= set(ending)
        switched = []
        for move in MOVES:
            if move == "switch":
                self.vault.grow_older(timedelta(minutes=10))  # The run sits it out.
            moved = rotation.make.fn(self.safe, chosen, move, begin if move != "retire" else ())
            if move == "switch":
                self.seed()
                switched += [one.unit.name for one in moved]
            if moved:
                self.bring_or_back()
        return switched

    def bring_or_back(self) -> None:
        try:
            self.bring()
        except ProbeError:
            rotation.go_back.fn(self.safe, self.units)
            self.seed()
            self.sync()
            self.release()
            raise

    # --- What must hold ---------------------------------------------------------------------------

    def days(self, number: int) -> None:
        """Time goes by: tokens end after an hour, clients outside ask for their key in time."""
        self.vault.grow_older(timedelta(days=number))
        self.day += number
        self.vault.day = self.day
        if number or not self.sessions:
            self.sessions = {signer(self.live["auth"])}
        if self.day - self.asked >= OVERLAP:
            self.asked, self.client = self.day, self.vault.value("publishable-key")

    def check(self) -> None:
        if not self.client:
            return  # The first release is still on its way.
        for name in ("auth", "rest", "realtime", "storage", "meta", "functions"):
            own = self.live[name]
            login = f"{own[f'pg-{name}-username']}:{own[f'pg-{name}-password']}"
            assert login in self.logins, f"{name} cannot sign in"
        storage, proxy, gateway = (self.live[name] for name in ("storage", "s3proxy", "gateway"))
        pair = f"{storage['keyId']}:{storage['accessKey']}"
        assert pair in proxy["supabase-storage-creds-accepted"].split(",")
        assert proxy["azure-storage-account-key"] in self.account.keys.values()
        for held in (self.client, self.live["studio"]["publishable-key"]):
            assert held in gateway["publishable-key-accepted"].split(",")
        translated = str(jwt.get_unverified_header(gateway["anon-key-asymmetric"])["kid"])
        for name in VERIFIERS:
            known = {key.get("kid") for key in json.loads(self.live[name]["jwt-jwks"])["keys"]}
            assert self.sessions | {translated} <= known, f"{name} refuses a token"

    @property
    def at_rest(self) -> bool:
        return not any(one.under_way for one in rotation.survey.fn(self.safe, self.units))


def signer(auth: Mapping[str, str]) -> str:
    """The key with which auth signs, by its id."""
    return str(json.loads(auth["jwt-keys"])[0]["kid"])
