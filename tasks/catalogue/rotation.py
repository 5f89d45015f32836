"""How a secret is replaced, how often, and together with which others."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "replace",  # One move: one service of ours knows it.
    "accepted",  # Its verifier accepts a list, so old and new work side by side for a while.
    "tokens",  # A signing key: verified for as long as its tokens live.
    "account key",  # One of two keys that Azure makes.
    "administrator",  # Azure is told the new one.
    "on demand",  # Somebody is refused meanwhile, or outside of the cluster: only when asked.
    "fixed",  # What was stored depends on it.
    "provided",  # Somebody else's: reported when old, never changed.
    "follows",  # Written together with what it follows.
]


@dataclass(frozen=True)
class Rotation:
    """`unit` is shared by all that change together; `why` explains what never rotates by age."""

    kind: Kind
    days: int | None
    unit: str
    why: str = ""
