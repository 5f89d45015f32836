"""How long Azure takes: durations of one profile, drawn by a seed and scaled by one factor."""

import functools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import yaml

Profile = Literal["instant", "typical", "worst"]

DATA = Path(__file__).with_suffix(".yaml")


@dataclass(frozen=True)
class Distribution:
    """A triangle over the seconds that something takes; it is a number where all three are one."""

    low: float
    mode: float
    high: float

    @classmethod
    def read(cls, given: Any) -> Self:
        """`{low: 60, mode: 180, high: 300}`, or `600` for what takes exactly that."""
        if isinstance(given, dict):
            found = cls(**given)
            if not 0 <= found.low <= found.mode <= found.high:
                raise ValueError(f"{given} is no distribution: low, mode, high rise from 0.")
            return found
        return cls(given, given, given)

    @property
    def mean(self) -> float:
        return (self.low + self.mode + self.high) / 3

    def draw(self, luck: random.Random) -> float:
        return luck.triangular(self.low, self.high, self.mode)


@functools.cache
def durations() -> dict[str, dict[str, Distribution]]:
    """Distributions by operation and profile, as in `latency.yaml`."""
    found = yaml.safe_load(DATA.read_text())
    return {
        operation: {name: Distribution.read(entry[name]) for name in ("typical", "worst")}
        for operation, entry in found.items()
    }


def unchanged(_operation: str, seconds: float) -> float:
    return seconds


@dataclass
class Latency:
    """The pace of one sandbox; `scale` 0.05 makes twenty minutes of Azure one minute here."""

    profile: Profile = "instant"
    scale: float = 1.0
    own: tuple[tuple[str, float], ...] = ()  # Operations that take other times than the profile's.
    seed: int | None = None  # Without one, everything takes its mean time.
    bend: Callable[[str, float], float] = field(default=unchanged, compare=False, repr=False)
    """What the weather makes of a duration."""
    uses: Counter[str] = field(default_factory=Counter, init=False, compare=False, repr=False)
    """How many durations of each operation were drawn; the next draw follows from it."""

    def fresh(self) -> Self:
        """The same pace from its beginning, in fair weather."""
        return replace(self, bend=unchanged)

    def seconds(self, operation: str) -> float:
        """How long an operation of `latency.yaml` takes here, this time."""
        drawn = self._drawn(operation)
        return self.scaled(self.bend(operation, drawn)) if self.passes else 0.0

    def usual(self, operation: str) -> float:
        """How long it takes on average: for hints and pauses, which draw nothing."""
        own = dict(self.own).get(operation)
        mean = self._distribution(operation).mean if own is None else own
        return self.scaled(mean)

    @property
    def passes(self) -> bool:
        """Does anything take time."""
        return self.profile != "instant"

    def _distribution(self, operation: str) -> Distribution:
        if operation not in durations():
            raise KeyError(f"{operation!r} has no duration: add it to {DATA.name}.")
        return durations()[operation]["worst" if self.profile == "worst" else "typical"]

    def _drawn(self, operation: str) -> float:
        """Each operation counts its own draws, so that others do not change them."""
        found = self._distribution(operation)
        own = dict(self.own).get(operation)
        if own is not None or self.seed is None:
            return found.mean if own is None else own
        self.uses[operation] += 1
        luck = random.Random(f"{self.seed} {operation} {self.uses[operation]}")  # noqa: S311  # Weather, not cryptography.
        return found.draw(luck)

    def scaled(self, seconds: float) -> float:
        """A fixed interval of Azure, at the pace of this sandbox."""
        return seconds * self.scale if self.passes else 0.0
