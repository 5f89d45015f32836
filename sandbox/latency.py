"""How long Azure takes: one profile of durations, scaled by one factor."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml

Profile = Literal["instant", "typical", "worst"]

DATA = Path(__file__).with_suffix(".yaml")


@functools.cache
def durations() -> dict[str, dict[str, float]]:
    """Seconds by operation and profile, as in `latency.yaml`."""
    found: dict[str, dict[str, float]] = yaml.safe_load(DATA.read_text())
    return found


@dataclass(frozen=True)
class Latency:
    """The pace of one sandbox; `scale` 0.05 makes twenty minutes of Azure one minute here."""

    profile: Profile = "instant"
    scale: float = 1.0
    own: tuple[tuple[str, float], ...] = ()  # Operations that take other times than the profile's.

    def seconds(self, operation: str) -> float:
        """How long an operation of `latency.yaml` takes here."""
        if operation not in durations():
            raise KeyError(f"{operation!r} has no duration: add it to {DATA.name}.")
        if self.profile == "instant":
            return 0.0
        return self.scaled(dict(self.own).get(operation, durations()[operation][self.profile]))

    def scaled(self, seconds: float) -> float:
        """A fixed interval of Azure, at the pace of this sandbox."""
        return 0.0 if self.profile == "instant" else seconds * self.scale
