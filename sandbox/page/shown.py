"""How the templates say things."""

import re
from collections import Counter
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

FIELDS = ("method", "status", "host", "path", "principal", "fault")
WORDS = re.compile(r"[A-Z]?[^A-Z/.@-]*[/.@-]?|.", re.DOTALL)
GOOD = ("succeeded", "running", "completed", "ready")
BAD = ("failed", "error", "crashloopbackoff", "imagepullbackoff", "canceled", "oomkilled", "over")


def short(kind: str) -> str:
    """A resource type without the name of its maker."""
    return kind.removeprefix("Microsoft.")


def breakable(text: str) -> Markup:
    """A long name that may go on in the next line where one of its words ends."""
    return Markup("<wbr>").join(escape(word) for word in WORDS.findall(text) if word)


def tone(state: str) -> str:
    """The class of a state: good, bad, or on its way."""
    word = state.lower()
    if word in GOOD:
        return "good"
    return "bad" if word in BAD or "err" in word or "backoff" in word else "busy"


def status_tone(status: int) -> str:
    return {2: "good", 3: "good", 4: "warn", 5: "bad"}.get(status // 100, "none")


def epoch(moment: str) -> float:
    """A moment as Azure writes it, in seconds."""
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def left(until: str, now: float) -> str:
    """The time left, in words."""
    seconds = round(epoch(until) - now)
    if seconds <= 0:
        return "now"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def clock(moment: str) -> str:
    return moment[11:19]


def place(scope: str) -> str:
    """The end of a scope that tells scopes apart."""
    words = scope.strip("/").split("/")
    return words[-1] if len(words) > 2 else "subscription"  # noqa: PLR2004  # Its own id.


def by_namespace(pods: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]], str]]:
    """Pods of each namespace, and how many are well."""
    spaces = sorted({pod["namespace"] for pod in pods})
    found = []
    for space in spaces:
        inside = [pod for pod in pods if pod["namespace"] == space]
        words = Counter(pod["status"] for pod in inside)
        found.append((space, inside, ", ".join(f"{n} {word}" for word, n in words.items())))
    return found


FILTERS = {
    "breakable": breakable,
    "short": short,
    "tone": tone,
    "status_tone": status_tone,
    "left": left,
    "clock": clock,
    "place": place,
    "by_namespace": by_namespace,
}
