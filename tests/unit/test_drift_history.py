"""What is told once, what is told when it ends, and what may stay."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tasks.drift.finding import Finding, Severity
from tasks.drift.history import Entry, continued
from tasks.drift.ignore import Sifted, sift
from tasks.environment import Ignore

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def finding(
    where: str = "there", severity: Severity = "warning", kind: str = "moved", source: str = "s"
) -> Finding:
    return Finding(kind, severity, where, "It moved.", "Move it back.", source)


def seen(*findings: Finding) -> Sifted:
    return Sifted(findings, ())


# --- History --------------------------------------------------------------------------------------


def after(*findings: Finding, hours: int = 1, known: tuple[Entry, ...] = (), **more: Any) -> Any:
    return continued(known, seen(*findings), NOW + timedelta(hours=hours), **more)


def test_a_finding_is_news_once() -> None:
    first = after(finding())
    second = after(finding(), hours=2, known=first.entries)

    assert [one.where for one in first.new] == ["there"]
    assert second.new == ()
    assert second.entries[0].first < second.entries[0].last


def test_a_finding_that_became_worse_is_news() -> None:
    first = after(finding())

    assert after(finding(severity="critical"), known=first.entries).new
    assert not after(finding(severity="info"), known=first.entries).new


def test_another_value_at_the_same_place_is_the_same_finding() -> None:
    other = Finding("moved", "warning", "there", "It moved further.", "Move it back.", "s")

    assert other.fingerprint == finding().fingerprint


def test_the_end_is_told_once_and_a_return_is_news() -> None:
    first = after(finding())
    ended = after(hours=2, known=first.entries)
    quiet = after(hours=3, known=ended.entries)
    back = after(finding(), hours=4, known=quiet.entries)

    assert [one.where for one in ended.resolved] == ["there"]
    assert quiet.resolved == ()
    assert back.new


def test_what_cannot_be_seen_is_not_resolved() -> None:
    first = after(finding(source="cluster/pods"), finding("elsewhere", source="vault"))

    blind = after(hours=2, known=first.entries, blind={"cluster"})

    assert [one.where for one in blind.resolved] == ["elsewhere"]
    assert "there" in {one.where for one in blind.entries if not one.resolved}


def test_what_may_stay_from_now_on_is_neither_news_nor_resolved() -> None:
    first = after(finding())

    later = continued(first.entries, Sifted((), ((finding(), "a trial"),)), NOW)

    assert (later.entries, later.new, later.resolved) == ((), (), ())


def test_what_is_long_over_is_forgotten() -> None:
    ended = after(hours=2, known=after(finding()).entries)

    assert after(hours=24 * 29, known=ended.entries).entries
    assert not after(hours=24 * 32, known=ended.entries).entries


# --- Rules ----------------------------------------------------------------------------------------


def rule(until: date, **more: str) -> Ignore:
    return Ignore(reason="A trial.", until=until, **more)


def test_a_rule_holds_to_the_end_of_its_last_day() -> None:
    today = NOW.date()

    held = sift([finding()], [rule(today, where="th*")], "dev", today)
    over = sift([finding()], [rule(today, where="th*")], "dev", today + timedelta(days=1))

    assert held.counted == ()
    assert held.ignored[0][1] == "A trial. (until 2026-11-23)"
    assert {one.kind for one in over.counted} == {"moved", "ignore-expired"}


def test_brackets_of_an_address_are_no_wildcards() -> None:
    address = 'module.cluster.azurerm_kubernetes_cluster_node_pool.this["apps"] node_count'

    found = sift([finding(address)], [rule(date.max, where='*this["apps"]*')], "dev", NOW.date())

    assert found.counted == ()


def test_a_rule_that_matches_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="match everything"):
        rule(date.max)
