"""The weather of one cloud: which faults are about, what they have hit, and whom they hit next."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.arm import ResourceId
from sandbox.latency import Latency
from sandbox.weather.active import Active
from sandbox.weather.effects import Failure, Token
from sandbox.weather.evictions import Evictions
from sandbox.weather.faults import Calls, Fault, Seen

TIMEOUT = 30.0  # Real seconds after which a client gives up to connect; Go's default.
FLAPPING = Calls(every=2)  # Of the questions about one resource.


class UnknownFaultError(LookupError):
    """No fault has this name."""


@dataclass(frozen=True)
class Outage:
    """A host that cannot be reached: the client learns it after so many real seconds."""

    fault: str
    sentence: str
    status: int
    seconds: float


@dataclass(frozen=True)
class Trouble:
    """What awaits an operation that begins; a stuck one ends when its fault is removed."""

    fault: str
    failure: Failure | None = None

    @property
    def stuck(self) -> bool:
        return self.failure is None


class Line(Protocol):
    """The connection below a request, as the front hands it down."""

    def close(self) -> None:
        """End it once what was said has arrived."""

    def reset(self) -> None:
        """Break it off."""


class Weather:
    """Asked at the one place each where something can be hit; without faults nothing is."""

    def __init__(
        self, latency: Latency | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.latency = latency or Latency()
        self.latency.bend = self.duration
        self.now = clock
        self.names: Callable[[str], Iterable[str]] = lambda _principal: ()
        """The other names of a principal, given its object id."""
        self.evictions = Evictions(self.fitting, self.strikes)
        self.lines: set[tuple[str, str, Line]] = set()
        """Host, network and connection of the requests under way."""
        self.removed: list[Callable[[Active], None]] = []
        self._active: dict[str, Active] = {}

    # --- What is about ---------------------------------------------------------------------------

    def add(self, faults: Iterable[Fault], scenario: str = "") -> list[str]:
        """Let faults come; one with a known name replaces that one. Their names."""
        return [self._add(fault, scenario) for fault in faults]

    def _add(self, fault: Fault, scenario: str) -> str:
        name = self._name(fault, scenario)
        if name in self._active:
            self.remove(name)
        now, window = self.now(), fault.window
        scale = 1.0 if window.wall else self.latency.scale
        closes = None if window.until is None else now + window.until * scale
        chosen = "calls" in fault.model_fields_set
        calls = fault.calls if chosen or not fault.then.flap else FLAPPING
        luck = random.Random(f"{self.latency.seed} {name}")  # noqa: S311  # Weather, not cryptography.
        opens = now + window.since * scale
        active = Active(name, fault, scenario, now, opens, closes, calls, luck)
        self._active[name] = active
        if fault.then.unreachable:
            self._break_off(active)
        return name

    def _break_off(self, active: Active) -> None:
        """What hangs on a host that is gone, such as a watch, ends now."""
        for host, network, line in list(self.lines):
            if active.fault.when.matches({"host": host, "network": network}):
                line.reset()

    def _name(self, fault: Fault, scenario: str) -> str:
        prefix = f"{scenario}/" if scenario else ""
        if fault.id:
            return f"{prefix}{fault.id}"
        taken, number = f"{prefix}{fault.then.name}", 1
        while f"{taken}-{number}" in self._active:
            number += 1
        return f"{taken}-{number}"

    def remove(self, name: str) -> None:
        """Let a fault go; what was stuck because of it goes on."""
        try:
            gone = self._active.pop(name)
        except KeyError as error:
            raise UnknownFaultError(name) from error
        for tell in self.removed:
            tell(gone)

    def clear(self) -> None:
        """Fair weather."""
        for name in list(self._active):
            self.remove(name)

    @property
    def bad(self) -> bool:
        """Is any fault about."""
        return bool(self._active)

    def active(self) -> list[dict[str, Any]]:
        """Every fault that was added: id, description, state, hits, and the seconds left."""
        now = self.now()
        return [one.show(now) for one in self._active.values()]

    # --- Whom it hits ----------------------------------------------------------------------------

    def fitting(self, kind: str, seen: Seen) -> list[Active]:
        """The faults that may hit this, in the order of their arrival."""
        return [
            one
            for one in self._active.values()
            if one.effect.kind == kind and one.fault.when.matches(seen)
        ]

    def strikes(self, one: Active, key: str = "") -> bool:
        """Does the fault hit this call, which it fits."""
        return self._active.get(one.id) is one and one.strikes(key, self.now())

    def struck(self, kind: str, seen: Seen, key: str = "") -> Iterator[Active]:
        """The faults that hit this; a later one sees only what the earlier ones let pass."""
        return (one for one in self.fitting(kind, seen) if self.strikes(one, key))

    def hit(self, kind: str, seen: Seen, key: str = "") -> Active | None:
        """The first fault that hits this, counted as a hit."""
        found = next(self.struck(kind, seen, key), None)
        if found:
            found.hits += 1
        return found

    def principal(self, *known: str) -> tuple[str, ...]:
        """All names of a caller, in lower case, to match it by."""
        also = (name for one in known for name in self.names(one))
        return tuple(name.lower() for name in (*known, *also) if name)

    def operation(self, resource: ResourceId, change: str) -> Trouble | None:
        """What awaits an operation on a resource that begins now."""
        seen: Seen = {"path": str(resource), "type": resource.kind, "change": change}
        found = self.hit("operation", seen)
        return Trouble(found.id, found.effect.fail) if found else None

    def duration(self, operation: str, seconds: float) -> float:
        """How many seconds of Azure an operation of latency.yaml takes in this weather."""
        found = self.hit("duration", {"operation": operation})
        if found is None or found.effect.slow is None:
            return seconds
        slow = found.effect.slow
        return seconds * slow.factor if slow.factor else slow.seconds or 0.0

    def forgets(self, principal: str, scope: ResourceId, key: str) -> bool:
        """Does the server that is asked know no roles of the principal this time."""
        if not self.bad:
            return False
        seen: Seen = {"path": str(scope), "principal": self.principal(principal)}
        return self.hit("roles", seen, key) is not None

    def token(self, audience: str, *principal: str) -> Token | None:
        """How the validity of a new token is wrong."""
        host = audience.removeprefix("https://").rstrip("/")
        found = self.hit("token", {"host": host, "principal": self.principal(*principal)})
        return found.effect.token if found else None

    def outage(self, host: str, network: str) -> Outage | None:
        """Why a host cannot be reached from a network now."""
        found = self.hit("connection", {"host": host, "network": network})
        if found is None:
            return None
        if found.effect.unreachable == "refused":
            sentence, status, wait = "connect: connection refused", 502, 0.0
        else:
            sentence, status, wait = "i/o timeout", 504, TIMEOUT
        return Outage(
            found.id, f"dial tcp {host}:443: {sentence}", status, found.effect.delay or wait
        )
