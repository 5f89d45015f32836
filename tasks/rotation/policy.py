"""How often, and how long side by side: the environment's word over the catalogue's."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tasks.environment import Rotation
from tasks.rotation.units import Unit

NEAR = timedelta(days=30)  # Before a version expires, it is due.
YEAR = 365  # Days after which what somebody else has issued is worth a word.


@dataclass(frozen=True)
class Policy:
    """What the environment says, and how many seconds an access token lives there."""

    settings: Rotation = field(default_factory=Rotation)
    token_seconds: float = 3600  # What the chart says where the values file is silent.

    def days(self, unit: Unit) -> int | None:
        if not unit.by_age:
            return YEAR if unit.kind == "provided" else None
        chosen: int | None = getattr(self.settings.every, unit.kind.replace(" ", "_"))
        return chosen or unit.days

    def expires(self, unit: Unit, now: datetime) -> datetime | None:
        days = self.days(unit)
        return None if days is None else now + timedelta(days=days) + NEAR

    def hearsay(self, unit: Unit) -> timedelta:
        """Until who verifies outside has heard of the next value, too."""
        return timedelta(seconds=self.settings.overlap.caches if unit.kind == "tokens" else 0)

    def overlap(self, unit: Unit) -> timedelta:
        """Clients outside hold the API keys; ours restart with each new value."""
        told = self.settings.overlap
        if unit.kind == "tokens":
            return timedelta(seconds=max(told.tokens, self.token_seconds))
        if not unit.overlaps:
            return timedelta()
        parts = {part.name for secret in unit.members for part in secret.parts}
        if not parts:
            return timedelta(seconds=told.api_keys)
        return timedelta(seconds=told.logins if "username" in parts else told.storage)
