"""When Azure may touch a cluster: the two forms of maintenance windows."""

from collections.abc import Callable
from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.mapping import Block, Entries, derived
from sandbox.terraform_provider.values import Object

KINDS = {
    "Daily": "daily",
    "Weekly": "weekly",
    "AbsoluteMonthly": "absoluteMonthly",
    "RelativeMonthly": "relativeMonthly",
}
INTERVALS = {"Daily": "intervalDays", "Weekly": "intervalWeeks"}
WINDOW: Entries = {
    "allowed": Block("timeInWeek", {"hours": "hourSlots"}),
    "not_allowed": Block("notAllowedTime"),
}


def interval_key(frequency: str) -> str:
    return INTERVALS.get(frequency, "intervalMonths")


def frequency(body: Object) -> str | None:
    schedule = body.get("schedule") or {}
    return next((name for name, kind in KINDS.items() if kind in schedule), None)


def put_frequency(body: Object, wanted: str) -> None:
    """Another frequency begins a new schedule."""
    kept = bodies.get(body, f"schedule.{KINDS[wanted]}") or {}
    body["schedule"] = {KINDS[wanted]: kept}


def current(body: Object) -> Object:
    schedule = body.get("schedule") or {}
    return next(iter(schedule.values()), {})


def interval(body: Object) -> Any:
    found = frequency(body)
    return current(body).get(interval_key(found)) if found else None


def put_interval(body: Object, wanted: int) -> None:
    current(body)[interval_key(frequency(body) or "")] = wanted


def member(name: str) -> tuple[Callable[[Object], Any], Callable[[Object, Any], None]]:
    def get(body: Object) -> Any:
        return current(body).get(name)

    def put(body: Object, wanted: Any) -> None:
        current(body)[name] = wanted

    return get, put


def schedule(part: str) -> Block:
    """A window of the newer form, kept in a part of the cluster."""
    return Block(
        f"{part}.properties.maintenanceWindow",
        {
            "duration": "durationHours",
            "frequency": derived(frequency, put_frequency),
            "interval": derived(interval, put_interval),
            "day_of_week": derived(*member("dayOfWeek")),
            "day_of_month": derived(*member("dayOfMonth")),
            "week_index": derived(*member("weekIndex")),
            "not_allowed": Block("notAllowedDates"),
        },
    )
