"""When Azure may touch a cluster: the two forms of maintenance windows."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.mapping import Block, Entries
from sandbox.terraform_provider.values import Object

FLAT = (
    "$schedule"  # Azure has an object per frequency; Terraform has one, with the frequency in it.
)
KINDS = {
    "Daily": ("daily", "intervalDays"),
    "Weekly": ("weekly", "intervalWeeks"),
    "AbsoluteMonthly": ("absoluteMonthly", "intervalMonths"),
    "RelativeMonthly": ("relativeMonthly", "intervalMonths"),
}
MEMBERS = ("dayOfWeek", "dayOfMonth", "weekIndex")
WINDOW: Entries = {
    "allowed": Block("timeInWeek", {"hours": "hourSlots"}),
    "not_allowed": Block("notAllowedTime"),
}


def schedule(part: str) -> Block:
    """A window of the newer form, kept in a part of the cluster."""
    return Block(
        f"{part}.properties.maintenanceWindow",
        {
            "duration": "durationHours",
            "frequency": f"{FLAT}.frequency",
            "interval": f"{FLAT}.interval",
            "day_of_week": f"{FLAT}.dayOfWeek",
            "day_of_month": f"{FLAT}.dayOfMonth",
            "week_index": f"{FLAT}.weekIndex",
            "not_allowed": Block("notAllowedDates"),
        },
    )


def flatten(configuration: Object | None) -> None:
    """From Azure's form to the table's."""
    window = bodies.get(configuration, "properties.maintenanceWindow")
    if window is None:
        return
    for frequency, (kind, interval) in KINDS.items():
        found = (window.get("schedule") or {}).get(kind)
        if found is not None:
            members = {name: found.get(name) for name in MEMBERS}
            window[FLAT] = {"frequency": frequency, "interval": found.get(interval), **members}


def unflatten(configuration: Object | None) -> None:
    """From the table's form to Azure's."""
    window = bodies.get(configuration, "properties.maintenanceWindow")
    flat = (window or {}).pop(FLAT, None)
    if flat is None:
        return
    kind, interval = KINDS[flat["frequency"]]
    members = {name: flat[name] for name in MEMBERS if flat.get(name) is not None}
    window["schedule"] = {kind: {interval: flat.get("interval"), **members}}
