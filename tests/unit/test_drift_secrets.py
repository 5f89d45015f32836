"""Secrets in the vault and in the cluster, and which of them are not as they should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tasks import drift

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLACE = drift.Place("dev", "demo-kv")
COPIED = "2026-11-20T12:00:00Z"


@dataclass(frozen=True)
class Described:
    created: datetime | None = NOW - timedelta(days=10)
    expires: datetime | None = None
    enabled: bool = True


@dataclass(frozen=True)
class Needed:
    name: str = "key"
    origin: str = "generated"
    readers: tuple[str, ...] = ("auth",)


@dataclass(frozen=True)
class Key:
    name: str
    remote: str
    part: str = ""


@dataclass(frozen=True)
class Reader:
    secret: str
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Seen:
    parts: Mapping[str, list[str]]
    blind: Mapping[str, str] = field(default_factory=dict)

    def lines(self, part: str) -> list[str]:
        return self.parts.get(part, [])


def in_days(days: int) -> datetime:
    return NOW + timedelta(days=days)


@pytest.mark.parametrize(
    ("held", "kind", "severity"),
    [
        (None, "secret-missing", "critical"),
        (Described(enabled=False), "secret-disabled", "critical"),
        (Described(expires=in_days(-1)), "secret-expired", "critical"),
        (Described(expires=in_days(21)), "secret-expiring", "warning"),
        (Described(created=in_days(-99)), "rotation-overdue", "warning"),
        (Described(created=in_days(-99), expires=in_days(20)), "rotation-overdue", "warning"),
    ],
)
def test_each_trouble_in_the_vault_is_told_once(
    held: Described | None, kind: str, severity: str
) -> None:
    present = {"key": held} if held else {}

    (found,) = drift.vault([Needed()], present, {"key": 90}, PLACE, NOW)

    assert (found.kind, found.severity, found.where) == (kind, severity, "vault key")


def test_a_secret_in_its_time_is_no_finding() -> None:
    held = {"key": Described(created=in_days(-97), expires=in_days(40))}

    assert not list(drift.vault([Needed()], held, {"key": 90}, PLACE, NOW))


@pytest.mark.parametrize("age", range(80, 98))
def test_what_is_due_waits_in_silence_for_the_weekly_rotation(age: int) -> None:
    held = {"key": Described(created=in_days(-age), expires=in_days(90 + 30 - age))}

    assert not list(drift.vault([Needed()], held, {"key": 90}, PLACE, NOW))


@pytest.mark.parametrize("origin", ["generated", "provided"])
def test_what_no_rotation_replaces_is_told_a_month_before_its_end(origin: str) -> None:
    periods = {"key": 365} if origin == "provided" else {}
    held = {"key": Described(expires=in_days(29))}

    (found,) = drift.vault([Needed(origin=origin)], held, periods, PLACE, NOW)

    assert found.kind == "secret-expiring"


def test_what_a_person_provides_is_asked_of_a_person() -> None:
    (found,) = drift.vault([Needed(origin="provided")], {}, {}, PLACE, NOW)

    assert "az keyvault secret set --vault-name demo-kv --name key" in found.remedy


AUTH = Reader("supabase-auth", (Key("jwt-keys", "jwt-set", "jwt-keys"), Key("mail", "mail")))
REST = Reader("supabase-rest", (Key("jwt-jwks", "jwt-set", "jwt-jwks"),))
READY = [f"{name} True {COPIED} SecretSynced" for name in ("supabase-auth", "supabase-rest")]
OLD, NEW = Described(in_days(-10)), Described(in_days(-1))


def found(contents: list[str], held: Mapping[str, Described], states: list[str]) -> list[str]:
    seen = Seen({"states": states, "contents": contents})
    told = drift.synced(seen, [AUTH, REST], held, "dev")
    return [f"{one.kind} {one.where}" for one in told]


def test_what_differs_from_an_older_version_was_edited() -> None:
    held = {"jwt-set": OLD, "mail": OLD}

    assert found(["supabase-auth mail differs"], held, READY) == [
        "secret-edited Secret supabase-auth"
    ]


def test_what_differs_from_a_newer_version_was_not_copied_yet() -> None:
    held = {"jwt-set": OLD, "mail": NEW}

    assert found(["supabase-auth mail differs"], held, READY) == [
        "secret-not-synced Secret supabase-auth"
    ]


def test_a_set_of_which_some_hold_the_new_version_is_mixed() -> None:
    held = {"jwt-set": NEW, "mail": OLD}

    assert found(["supabase-rest jwt-jwks differs"], held, READY) == [
        "secret-not-synced Secret supabase-rest",
        "set-mixed vault jwt-set",
    ]


def test_a_set_of_which_all_hold_the_old_version_is_only_late() -> None:
    lines = ["supabase-rest jwt-jwks differs", "supabase-auth jwt-keys differs"]

    assert "set-mixed vault jwt-set" not in found(lines, {"jwt-set": NEW, "mail": OLD}, READY)


def test_a_reader_without_external_secret_is_told() -> None:
    assert found([], {"jwt-set": OLD, "mail": OLD}, READY[:1]) == [
        "secret-not-synced Secret supabase-rest"
    ]


def test_states_that_could_not_be_read_prove_nothing() -> None:
    seen = Seen({}, {"states": "Forbidden"})

    assert not list(drift.synced(seen, [AUTH, REST], {}, "dev"))
