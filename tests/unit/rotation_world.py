"""A vault, a cluster and clients in memory, as far as a rotation can tell them from real ones."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

from tasks import catalogue, rotation
from tasks.catalogue import Facts
from tasks.rotation import MOVES, Policy, Safe, begun

FACTS = Facts("account", "boss", "postgres", "db.example.com")
VERIFIERS = ("rest", "realtime", "storage", "functions")
LONGEST = timedelta(days=7)  # The longest overlap: clients take up new API keys within it.


class Killed(BaseException):
    """The worker is gone, as after kill -9."""


@dataclass
class Fuse:
    """Lets so many changes happen; the next one finds the worker dead."""

    left: int | None = None

    def burn(self) -> None:
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
    numbers: Iterator[int] = field(default_factory=count)

    def read(self, names: Collection[str]) -> dict[str, Version]:
        return {name: self.versions[name][-1] for name in names if name in self.versions}

    def write(
        self, name: str, value: str, tags: Mapping[str, str], expires: datetime | None
    ) -> str:
        self.fuse.burn()
        made = Version(value, str(next(self.numbers)), datetime.now(UTC), expires, dict(tags))
        self.versions.setdefault(name, []).append(made)
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
                    tags={k: _earlier(v, by) if "-at" in k or "since" in k else v
                          for k, v in one.tags.items()},
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


@dataclass
class World:
    """What the promises are about: whoever presents something is accepted, at every moment."""

    fuse: Fuse = field(default_factory=Fuse)

    def __post_init__(self) -> None:
        self.vault = FakeVault(self.fuse)
        self.account = FakeAccount(self.fuse)
        self.secrets = catalogue.of()
        self.consumers = {one.name: one for one in catalogue.consumers(self.secrets)}
        self.units = rotation.units(self.secrets)
        self.safe = Safe(self.vault, self.account, Policy())
        self.synced: dict[str, dict[str, str]] = {}
        self.live: dict[str, dict[str, str]] = {}
        self.logins: list[str] = []
        self.administrator = ""
        self.broken: set[str] = set()  # Generations of nothing: what the probe finds wrong.
        self.seed()
        self.sync()
        self.release()
        self.client = self.vault.value("publishable-key")

    # --- What the flow does -----------------------------------------------------------------------

    def seed(self) -> None:
        """As `seed-secrets`: what is missing is made, what follows is brought in line."""
        values: dict[str, str] = {}
        for secret in self.secrets:
            held = self.vault.read([secret.name])
            value = held[secret.name].value if held else None
            if secret.name == "azure-storage-account-key":
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
            self.sync_one(name)

    def sync_one(self, name: str) -> None:
        self.fuse.burn()
        found = {}
        for key in self.consumers[name].keys:
            value = self.vault.value(key.remote)
            found[key.name] = json.loads(value)[key.part] if key.part else value
        self.synced[name] = found
        self.check()

    def release(self) -> None:
        self.fuse.burn()
        self.administrator = self.vault.value("pg-password")
        self.fuse.burn()
        assert self.synced["database"]["pg-password"] == self.administrator
        self.logins = [
            login
            for name, value in self.synced["database"].items()
            if name.startswith("pg-") and name.endswith("-accepted")
            for login in value.split(",")
        ]
        for name in self.consumers:
            self.restart(name)

    def restart(self, name: str) -> None:
        self.fuse.burn()
        self.live[name] = dict(self.synced[name])
        self.check()

    def bring(self) -> None:
        self.sync()
        self.release()
        if self.broken & set(self.live):
            raise LookupError(self.broken)
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
        switched = []
        for move in MOVES:
            moved = rotation.make.fn(self.safe, chosen, move, begin)
            if move == "switch":
                self.seed()
                switched += [one.unit.name for one in moved]
            if moved:
                self.bring_or_back()
        return switched

    def bring_or_back(self) -> None:
        try:
            self.bring()
        except LookupError:
            rotation.go_back.fn(self.safe, self.units)
            self.sync()
            self.release()
            raise

    # --- What must hold ---------------------------------------------------------------------------

    def days(self, number: float) -> None:
        """Time goes by; clients outside take up what the vault presents."""
        self.vault.grow_older(timedelta(days=number))
        if timedelta(days=number) >= LONGEST:
            self.client = self.vault.value("publishable-key")

    def check(self) -> None:
        if set(self.live) != set(self.consumers) or not hasattr(self, "client"):
            return  # The very first release.
        for name in ("auth", "rest", "realtime", "storage", "meta", "functions"):
            own = self.live[name]
            login = f"{own[f'pg-{name}-username']}:{own[f'pg-{name}-password']}"
            assert login in self.logins, f"{name} cannot sign in"
        storage, proxy = self.live["storage"], self.live["s3proxy"]
        pair = f"{storage['keyId']}:{storage['accessKey']}"
        assert pair in proxy["supabase-storage-creds-accepted"].split(",")
        assert proxy["azure-storage-account-key"] in self.account.keys.values()
        gateway = self.live["gateway"]
        for held in (self.client, self.live["studio"]["publishable-key"]):
            assert held in gateway["publishable-key-accepted"].split(",")
        signed = json.loads(self.live["auth"]["jwt-keys"])[0]["kid"]
        for name in VERIFIERS:
            known = {key.get("kid") for key in json.loads(self.live[name]["jwt-jwks"])["keys"]}
            assert signed in known, f"{name} refuses what auth signs"
            assert _kid(gateway["anon-key-asymmetric"]) in known

    @property
    def at_rest(self) -> bool:
        return not any(one.under_way for one in rotation.survey.fn(self.safe, self.units))


def _kid(token: str) -> str:
    import jwt  # noqa: PLC0415

    return str(jwt.get_unverified_header(token)["kid"])
