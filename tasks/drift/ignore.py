"""Drift that somebody has decided to live with, and decisions that have run out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from tasks.drift.finding import Finding


class Rule(Protocol):
    """Which findings may stay, why, and until when."""

    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def until(self) -> date: ...


@dataclass(frozen=True)
class Sifted:
    """Findings that count, and those that a rule lets be, with its reason."""

    counted: tuple[Finding, ...]
    ignored: tuple[tuple[Finding, str], ...]


def sift(findings: Sequence[Finding], rules: Sequence[Rule], name: str, today: date) -> Sifted:
    """A rule holds to the end of its last day; after it, it is a finding itself."""
    holding = [rule for rule in rules if today <= rule.until]
    counted, ignored = list(expired(rules, name, today)), []
    for finding in findings:
        rule = next((rule for rule in holding if applies(rule, finding)), None)
        if rule:
            ignored.append((finding, f"{rule.reason} (until {rule.until})"))
        else:
            counted.append(finding)
    return Sifted(tuple(counted), tuple(ignored))


def expired(rules: Sequence[Rule], name: str, today: date) -> Iterator[Finding]:
    for rule in rules:
        if today > rule.until:
            yield Finding(
                "ignore-expired",
                "warning",
                f"deployments/{name}.yaml ignore {rule.kind} at {rule.where}",
                f"The rule ended on {rule.until}; its reason was: {rule.reason}",
                "Correct what it hid and remove it, or give it another day.",
                "rules",
            )


def applies(rule: Rule, finding: Finding) -> bool:
    return fits(rule.kind, finding.kind) and fits(rule.where, finding.where)


def fits(pattern: str, text: str) -> bool:
    """`*` is any text; brackets stay brackets, since addresses of Terraform have them."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, text) is not None
