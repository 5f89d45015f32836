"""What is going on in the sandbox."""

import json
import re
import sys
from collections import Counter
from typing import Annotated, Any

from cyclopts import Parameter
from rich.markup import escape

from sandbox.commands.control import found, told
from sandbox.commands.terminal import Machine, StateDirectory, left, out, printable, show
from sandbox.state import DEFAULT, State

NARROW = 30  # Letters of a name or role; four columns of them stay below a hundred.
KINDS = 2  # Of what is inside of a resource, that are named.
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def status(
    *,
    every: Annotated[
        bool, Parameter(name="--all", negative="", help="A row for each resource, in full.")
    ] = False,
    state: StateDirectory = DEFAULT,
    machine: Machine = False,
) -> None:
    """Show what Azure is busy with and does not know yet, what exists, and who may do what.

    Resources inside of others are counted below these; --all shows each of them.

    For example:

        python -m sandbox status
        python -m sandbox status --json | jq '.propagations[].seconds'
    """
    running, azurerm = found(State(state)), State(state).provider()
    answer = told(running, "/status")
    if machine:
        here = {"pid": running.pid, "proxy": running.proxy, "azurerm": azurerm}
        sys.stdout.write(json.dumps({**here, **answer}) + "\n")
        return
    seed = "" if answer["seed"] is None else f", seed {answer['seed']}"
    out.print(
        f"[green]up[/] on {running.proxy}, pid {running.pid}, profile {answer['profile']}, "
        f"scale {answer['scale']:g}{seed}, {answer['resources']} resources"
    )
    engines = ", ".join(engine(name, at) for name, at in answer["engines"].items())
    out.print(f"[dim]engines: {engines}; azurerm: {escape(azurerm)}[/]")
    goings_on(answer)
    for group in answer["groups"]:
        rows = resources(group["resources"], every=every)
        if not rows:
            out.print(f"\n[bold]{heading(group)}[/]")
        show(heading(group), ("name", "type", "state"), rows)
    for cluster in answer["clusters"]:
        show(f"Pods of {cluster['name']}", ("namespace", "pods"), pods(cluster))
    access = [holder(one, every=every) for one in answer["access"]]
    show("Who may do what", ("principal", "role", "scope", "known"), access)


def goings_on(answer: dict[str, Any]) -> None:
    """What will be different soon, or is wrong."""
    busy = [[one["state"], place(one["id"]), left(one["seconds"])] for one in answer["busy"]]
    show("Azure is busy", ("state", "resource", "ready"), busy)
    pending = [
        [
            one["change"],
            *map(brief, (one["role"], one["name"], place(one["scope"]))),
            left(one["seconds"]),
        ]
        for one in answer["propagations"]
    ]
    show("Roles still propagating", ("change", "role", "to", "scope", "everywhere"), pending)
    faults = [
        [one["id"], one["state"], str(one["hits"]), one["description"]] for one in answer["weather"]
    ]
    show("Weather", ("fault", "state", "hits", "what it does"), faults)


def engine(name: str, at: str) -> str:
    return f"{name} installed" if at else f"{name} missing (scripts/engines.sh {name})"


def heading(group: dict[str, Any]) -> str:
    state = "" if group["state"] == "Succeeded" else f", {group['state']}"
    empty = "" if group["resources"] else ", empty"
    return escape(printable(f"{group['name']} ({group['location']}{state}{empty})"))


def resources(several: list[dict[str, Any]], *, every: bool) -> list[list[str]]:
    """A row for each that stands for itself; below it, how many are well inside of it."""
    if every:
        return [[one["name"], one["type"], condition(one)] for one in several]
    keys = {one["id"].lower() for one in several}
    inside: dict[str, Counter[str]] = {}
    shown = []
    for one in several:
        around = outermost(one["id"].lower(), keys)
        if around and one["state"] == "Succeeded":
            inside.setdefault(around, Counter())[one["type"].rpartition("/")[2]] += 1
        else:
            shown.append(one)
    rows = []
    for one in shown:
        rows.append([brief(one["name"]), kind(one), condition(one)])
        if one["id"].lower() in inside:
            rows.append([f"  {counted(inside[one['id'].lower()])}", "", ""])
    return rows


def outermost(key: str, keys: set[str]) -> str:
    """Of the resources around another one, the one that is in none; empty without any."""
    parts = key.split("/")
    around = ("/".join(parts[:end]) for end in range(1, len(parts)))
    return next((one for one in around if one in keys), "")


def counted(inside: Counter[str]) -> str:
    """`83 configurations, 4 databases, 2 more`."""
    most = inside.most_common(KINDS)
    rest = sum(inside.values()) - sum(count for _, count in most)
    words = [f"{count} {noun(name, count)}" for name, count in most]
    return ", ".join([*words, f"{rest} more"] if rest else words)


def noun(plural: str, count: int) -> str:
    words = HUMP.sub(" ", plural).lower()
    if count > 1:
        return words
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


def kind(one: dict[str, Any]) -> str:
    """Without what is the same everywhere, and for the parts of a resource without its provider."""
    provider, _, name = str(one["type"]).partition("/")
    return name if "/" in name else f"{provider.removeprefix('Microsoft.')}/{name}"


def condition(one: dict[str, Any]) -> str:
    ready = f" {left(one['seconds'])}" if one["seconds"] else ""
    why = f": {one['failure']}" if one["failure"] else ""
    return f"{one['state']}{ready}{why}"


def holder(one: dict[str, Any], *, every: bool) -> list[str]:
    known = "everywhere" if one["everywhere"] else "not yet"
    cells = [one["name"], one["role"], place(one["scope"])]
    return [
        *(cells if every else map(brief, cells)),
        known if one["change"] == "granted" else "revoked",
    ]


def place(scope: str) -> str:
    """The name of a scope's resource or group; a subscription has none that is short."""
    parts = scope.strip("/").split("/")
    if len(parts) <= len(("subscriptions", "id")):
        return parts[0].removesuffix("s") or "everything"
    return parts[-1]


def brief(text: str) -> str:
    """A name that leaves place for others; both ends of a long one tell it apart."""
    if len(text) <= NARROW:
        return text
    half = NARROW // 2
    return f"{text[: half - 1]}…{text[-half:]}"


def pods(cluster: dict[str, Any]) -> list[list[str]]:
    counted = Counter((pod["namespace"], pod["status"]) for pod in cluster["pods"])
    spaces = sorted({space for space, _ in counted})
    return [
        [space, ", ".join(f"{n} {word}" for (at, word), n in counted.items() if at == space)]
        for space in spaces
    ]
