"""What is going on in the sandbox."""

import json
import sys
from collections import Counter
from typing import Any

from rich.markup import escape

from sandbox.commands.control import found, told
from sandbox.commands.terminal import Machine, StateDirectory, left, out, printable, show
from sandbox.request_log import shortened
from sandbox.state import DEFAULT, State


def status(*, state: StateDirectory = DEFAULT, machine: Machine = False) -> None:
    """Show what exists, who may do what, what Azure is busy with and what it does not know yet.

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
    engines = [
        f"{name} {'installed' if at else 'missing'}" for name, at in answer["engines"].items()
    ]
    out.print(f"[dim]engines: {', '.join(engines)}; azurerm: {escape(azurerm)}[/]")
    for group in answer["groups"]:
        if not group["resources"]:
            out.print(f"\n[bold]{heading(group)}[/]")
        show(
            heading(group),
            ("name", "type", "state"),
            [resource(each) for each in group["resources"]],
        )
    for cluster in answer["clusters"]:
        show(f"Pods of {cluster['name']}", ("namespace", "pods"), pods(cluster))
    show(
        "Who may do what", ("principal", "role", "scope", "known"), [*map(holder, answer["access"])]
    )
    pending = [
        [one["change"], one["role"], one["name"], shortened(one["scope"]), left(one["seconds"])]
        for one in answer["propagations"]
    ]
    show("Roles still propagating", ("change", "role", "to", "scope", "everywhere"), pending)
    busy = [[one["state"], shortened(one["id"]), left(one["seconds"])] for one in answer["busy"]]
    show("Azure is busy", ("state", "resource", "ready"), busy)
    faults = [
        [one["id"], one["state"], str(one["hits"]), one["description"]] for one in answer["weather"]
    ]
    show("Weather", ("fault", "state", "hits", "what it does"), faults)


def heading(group: dict[str, Any]) -> str:
    state = "" if group["state"] == "Succeeded" else f", {group['state']}"
    empty = "" if group["resources"] else ", empty"
    return escape(printable(f"{group['name']} ({group['location']}{state}{empty})"))


def resource(one: dict[str, Any]) -> list[str]:
    ready = f" {left(one['seconds'])}" if one["seconds"] else ""
    why = f": {one['failure']}" if one["failure"] else ""
    return [one["name"], one["type"], f"{one['state']}{ready}{why}"]


def holder(one: dict[str, Any]) -> list[str]:
    scope = shortened(one["scope"])
    known = "everywhere" if one["everywhere"] else "not yet everywhere"
    return [
        one["name"],
        one["role"],
        scope,
        known if one["change"] == "granted" else "revoked",
    ]


def pods(cluster: dict[str, Any]) -> list[list[str]]:
    counted = Counter((pod["namespace"], pod["status"]) for pod in cluster["pods"])
    spaces = sorted({space for space, _ in counted})
    return [
        [space, ", ".join(f"{n} {word}" for (at, word), n in counted.items() if at == space)]
        for space in spaces
    ]
