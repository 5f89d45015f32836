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


def duration(seconds: int) -> str:
    """Two units while the smaller one still matters, as kubectl shortens durations."""
    if seconds < 0:
        return "0s"
    if seconds < 2 * 60:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 10:  # noqa: PLR2004 (these are kubectl's own steps)
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if hours < 3:  # noqa: PLR2004
        return f"{minutes}m"
    if hours < 8:  # noqa: PLR2004
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:  # noqa: PLR2004
        return f"{hours}h"
    if days < 8:  # noqa: PLR2004
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    return f"{days}d"
