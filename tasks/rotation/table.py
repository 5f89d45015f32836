"""What a rotation shows: names, numbers and dates, never a value."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from prefect.artifacts import create_table_artifact
from rich.console import Console
from rich.table import Table

from tasks import wait
from tasks.rotation.standing import Round, Standing
from tasks.rotation.units import Unit

Row = dict[str, str]
WIDE = 500  # Columns: a log has no end of its lines.
STILL = {"test", "metrics"}  # Readers that nothing restarts: a Job, and a scrape.
NEXT = {
    "stage": "accept the next value",
    "switch": "present the next value",
    "retire": "end the old value",
    None: "",
}
DONE = {
    "stage": "next value accepted",
    "switch": "next value presented",
    "retire": "old value ended",
    None: "what a dead run had left",
}


def outlook(standings: Sequence[Standing], units: Sequence[Unit], now: datetime) -> list[Row]:
    """What rotates, the next one first; then what does not, and why."""
    never = now + timedelta(days=365_000)
    ordered = sorted(standings, key=lambda one: one.due or never)
    shown = {one.unit.name for one in standings}
    return [_row(one, now) for one in ordered] + [
        _still(unit) for unit in units if unit.name not in shown
    ]


def _row(one: Standing, now: datetime) -> Row:
    return {
        "name": _names(one.unit),
        "unit": one.unit.name,
        "generation": str(one.generation),
        "age": f"{(now - one.made).days} d",
        "due": _due(one, now),
        "next move": NEXT[one.move] if one.settled else "bring it into the cluster",
        "restarts": _restarts(one.unit.readers),
    }


def _still(unit: Unit) -> Row:
    blank = {"generation": "", "age": "", "due": "never", "next move": unit.why, "restarts": ""}
    return {"name": _names(unit), "unit": unit.name} | blank


def _names(unit: Unit) -> str:
    return ", ".join(secret.name for secret in unit.members or unit.beside)


def _due(one: Standing, now: datetime) -> str:
    if one.due is None:
        return "on demand"
    return "now" if one.is_due(now) else day(one.due)


def _restarts(readers: Sequence[str]) -> str:
    return ", ".join(name for name in readers if name not in STILL)


def day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def done(rounds: Sequence[Round], after: Sequence[Standing]) -> list[Row]:
    """What this run did with each unit that it touched: versions, restarts, and when it is due."""
    touched = {one.unit.name: one for one in after}
    told: dict[str, list[str]] = {}
    restarted: dict[str, set[str]] = {}
    took: dict[str, float] = {}
    for turn in rounds:
        for one in turn.moved:
            name = one.unit.name
            told.setdefault(name, []).append(DONE[turn.move])
            restarted.setdefault(name, set()).update(one.restarts)
            took[name] = took.get(name, 0) + turn.seconds
    return [
        {
            "unit": name,
            "what was done": ", ".join(moves),
            "generation": str(touched[name].generation),
            "versions": ", ".join(f"{n} {v[:8]}" for n, v in touched[name].versions),
            "took": f"{took[name]:.0f} s",
            "restarted": _restarts(sorted(restarted[name])),
            "next": _after(touched[name]),
        }
        for name, moves in told.items()
    ]


def _after(one: Standing) -> str:
    if one.due is None:
        return "on demand"
    return f"{NEXT[one.move]}: {day(one.due)}"


def show(environment: str, rows: Sequence[Row], description: str) -> str:
    """As an artifact of the run; returns the same for a terminal."""
    key = f"rotation-{environment}"
    wait.display(create_table_artifact, list(rows), key=key, description=description)
    return text(rows)


def text(rows: Sequence[Row]) -> str:
    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row.values())
    console = Console(width=WIDE, no_color=True, highlight=False)
    with console.capture() as told:
        console.print(table)
    return "\n".join(line.rstrip() for line in told.get().splitlines())


def summary(arrived: Sequence[Standing], after: Sequence[Standing]) -> str:
    """The run in a few sentences: what is new, which old values still end, what comes next."""
    names = ", ".join(one.unit.name for one in arrived)
    told = [f"In use since this run: {names}." if names else "No secret was replaced."]
    told += [
        f"The next value of {one.unit.name} is presented by the first run after {day(one.due)}."
        for one in after
        if one.phase == "staged" and one.due
    ]
    ends = [one for one in after if one.phase == "switched" and one.due]
    told += [
        f"The old value of {one.unit.name} ends with the first run after {day(one.due)}."
        for one in ends
        if one.due
    ]
    later = [one for one in after if one.phase == "at rest" and one.move and one.due]
    if later:
        first = min(later, key=lambda one: str(one.due))
        told.append(f"Next due: {first.unit.name}, {day(first.due)}." if first.due else "")
    return " ".join(told)
