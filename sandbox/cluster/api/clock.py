"""Time as Kubernetes writes it."""

from datetime import UTC, datetime

FORM = "%Y-%m-%dT%H:%M:%SZ"


def now() -> str:
    return datetime.now(UTC).strftime(FORM)


def age(since: str) -> str:
    """How long ago, the way `kubectl get` shows it."""
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        return "<unknown>"
    return duration(int((datetime.now(UTC) - moment).total_seconds()))


# From so many seconds on: the unit, and the smaller unit that is shown beside it, as in kubectl.
STEPS = (
    (8 * 86400, 86400, "d", 0, ""),
    (2 * 86400, 86400, "d", 3600, "h"),
    (8 * 3600, 3600, "h", 0, ""),
    (3 * 3600, 3600, "h", 60, "m"),
    (10 * 60, 60, "m", 0, ""),
    (2 * 60, 60, "m", 1, "s"),
    (0, 1, "s", 0, ""),
)


def duration(seconds: int) -> str:
    """Two units while the smaller one still matters, one later."""
    seconds = max(0, seconds)
    unit, name, small, small_name = next(step[1:] for step in STEPS if seconds >= step[0])
    text = f"{seconds // unit}{name}"
    rest = seconds % unit // small if small else 0
    return text + (f"{rest}{small_name}" if rest else "")
