"""
Faults as values: what is hit, how often, and what happens then.

A fault is checked once, when it is read. What it may be matched by follows from its effect: a
request has a sender and a host, an operation has a resource, a command has a text.
"""

import re
from fnmatch import translate
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sandbox.weather.effects import Effect, Frozen, upper

Change = Literal["create", "update", "delete"]
Seen = dict[str, str | tuple[str, ...]]
MATCHED = {
    "request": ("method", "host", "path", "path_regex", "principal", "network"),
    "operation": ("path", "path_regex", "type", "change"),
    "command": ("path", "path_regex", "command"),
    "connection": ("host", "network"),
    "roles": ("path", "path_regex", "principal"),
    "token": ("host", "principal"),
    "duration": ("operation",),
}


class Calls(Frozen):
    """Which of the calls that match are hit; the first is number 1."""

    FORM: ClassVar = re.compile(r"^(?:every +(?P<every>\d+)|(?P<first>\d+)\.\.(?P<last>\d*))$")

    every: int = Field(default=1, ge=1)
    ranges: tuple[tuple[int, int | None], ...] = ()

    @classmethod
    def read(cls, given: Any) -> Any:
        """`3`, `[1, 3]`, `2..4`, `2..` or `every 5`."""
        if isinstance(given, cls):
            return given
        numbers = given if isinstance(given, list) else [given]
        if all(isinstance(one, int) and not isinstance(one, bool) and one > 0 for one in numbers):
            return cls(ranges=tuple((one, one) for one in numbers))
        found = cls.FORM.match(str(given).strip())
        if found and found["every"] and int(found["every"]):
            return cls(every=int(found["every"]))
        if found and found["first"]:
            first, last = int(found["first"]), int(found["last"] or 0) or None
            if first and (last is None or last >= first):
                return cls(ranges=((first, last),))
        raise ValueError("calls are 3, [1, 3], 2..4, 2.. or every 5, counted from 1")

    def __contains__(self, call: int) -> bool:
        if self.ranges:
            return any(low <= call and (high is None or call <= high) for low, high in self.ranges)
        return call % self.every == 0

    @property
    def last(self) -> int | None:
        """The last call that can be hit; None when there is none."""
        ends = [high for _, high in self.ranges]
        return max(end or 0 for end in ends) if ends and None not in ends else None

    def __str__(self) -> str:
        if not self.ranges:
            return f"every {self.every}" if self.every > 1 else "all"
        return ", ".join(
            str(low) if low == high else f"{low}..{high or ''}" for low, high in self.ranges
        )


class When(Frozen):
    """What a fault is matched by; patterns ignore letter case, and `*` also stands for slashes."""

    method: Annotated[tuple[str, ...], BeforeValidator(upper)] = Field(
        default=(), description="HTTP method, or a list of them."
    )
    host: str = Field(default="", description="Pattern of the host name.")
    path: str = Field(default="", description="Pattern of the path, or of the resource id.")
    path_regex: str = Field(default="", description="The same as a regular expression.")
    principal: str = Field(default="", description="Object id, application id or name.")
    network: str = Field(default="", description="Pattern of the network that the caller is in.")
    type: str = Field(default="", description="Pattern of the resource type.")
    change: Change | None = Field(default=None, description="What is done to the resource.")
    command: str = Field(default="", description="Pattern of the text of a run-command.")
    operation: str = Field(default="", description="Pattern of names in latency.yaml.")

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        try:
            re.compile(self.path_regex)
        except re.error as error:
            raise ValueError(f"path_regex is no regular expression: {error}") from error
        if self.path and self.path_regex:
            raise ValueError("path and path_regex exclude each other")
        return self

    @cached_property
    def _patterns(self) -> dict[str, re.Pattern[str]]:
        globs = ("host", "path", "network", "type", "command", "operation")
        found = {
            name: re.compile(translate(getattr(self, name)), re.IGNORECASE)
            for name in globs
            if getattr(self, name)
        }
        if self.path_regex:
            found["path"] = re.compile(self.path_regex, re.IGNORECASE)
        return found

    def matches(self, seen: Seen) -> bool:
        """Is this what happens now."""
        if self.method and seen.get("method") not in self.method:
            return False
        if self.change and seen.get("change") != self.change:
            return False
        if self.principal and self.principal.lower() not in seen.get("principal", ()):
            return False
        return all(
            pattern.search(str(seen.get(name, ""))) for name, pattern in self._patterns.items()
        )

    def __str__(self) -> str:
        said = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        parts = (
            f"{name} {','.join(value) if isinstance(value, tuple) else value}"
            for name, value in said.items()
            if value
        )
        return ", ".join(parts)


class Window(Frozen):
    """When a fault is about, counted from its arrival."""

    since: float = Field(default=0.0, ge=0, alias="from", description="Seconds after it was added.")
    until: float | None = Field(default=None, gt=0, description="Seconds; it stays without.")
    wall: bool = Field(default=False, description="Real seconds, which `--scale` leaves alone.")

    @model_validator(mode="after")
    def _is_open(self) -> Self:
        if self.until is not None and self.until <= self.since:
            raise ValueError("the window closes before it opens: until is more than from")
        return self


class Fault(Frozen):
    """One entry of a plan."""

    id: str = Field(default="", pattern=r"^[a-zA-Z0-9][\w./-]*$|^$", description="Its own name.")
    when: When = When()
    calls: Annotated[Calls, BeforeValidator(Calls.read)] = Field(
        default=Calls(), description="3, [1, 3], 2..4, 2.. or every 5; all without."
    )
    probability: float = Field(default=1.0, gt=0, le=1, description="Of being hit, by the seed.")
    window: Window = Window()
    then: Effect

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        kind = self.then.kind
        for name in sorted(self.when.model_fields_set):
            if name not in MATCHED[kind]:
                raise ValueError(
                    f"{name} cannot be matched by {self.then.name}, which hits a {NOUNS[kind]}: "
                    f"use {', '.join(MATCHED[kind])}"
                )
        return self

    def __str__(self) -> str:
        parts = [f"{str(self.when) or f'any {NOUNS[self.then.kind]}'} → {self.then}"]
        if "calls" in self.model_fields_set:
            parts.append(f"calls {self.calls}")
        if self.probability < 1:
            parts.append(f"{self.probability:.0%}")
        return "; ".join(parts)


NOUNS = {
    "request": "request",
    "operation": "long operation",
    "command": "command",
    "connection": "connection",
    "roles": "question about roles",
    "token": "new token",
    "duration": "duration",
}


class Plan(Frozen):
    """A file of faults; a scenario also says what it imitates, and how that is known."""

    description: str = ""
    source: str = ""
    faults: tuple[Fault, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_its_own(self) -> Self:
        names = [fault.id for fault in self.faults if fault.id]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two faults have the same id: {', '.join(twice)}")
        return self
