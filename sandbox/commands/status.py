"""What is going on in the sandbox."""

import json
import sys

from sandbox.commands.control import found, told
from sandbox.commands.terminal import Machine, StateDirectory, left, out, show
from sandbox.state import DEFAULT, State


def status(*, state: StateDirectory = DEFAULT, machine: Machine = False) -> None:
    """Show what is going on: what Azure is busy with, and which roles it does not know yet."""
    running = found(State(state))
    answer = told(running, "/status")
    if machine:
        sys.stdout.write(json.dumps({"pid": running.pid, "proxy": running.proxy, **answer}) + "\n")
        return
    out.print(
        f"[green]up[/] on {running.proxy}, pid {running.pid}, profile {answer['profile']}, "
        f"scale {answer['scale']:g}, {answer['resources']} resources"
    )
    busy = [[one["state"], one["id"], left(one["seconds"])] for one in answer["busy"]]
    show("Azure is busy", ("state", "resource", "ready"), busy)
    pending = [
        [one["change"], one["role"], one["name"], one["scope"], left(one["seconds"])]
        for one in answer["propagations"]
    ]
    show("Roles still propagating", ("change", "role", "to", "scope", "everywhere"), pending)
