"""The weather of a running sandbox: what goes wrong, for whom, and how often it did."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import cyclopts
import yaml
from cyclopts import Group, Parameter
from rich.markup import escape

from sandbox.commands.control import ask, found, told
from sandbox.commands.terminal import Machine, StateDirectory, err, out, show
from sandbox.state import DEFAULT, SandboxError, State

HELP = """Let things go wrong in the running sandbox; docs/sandbox/weather.md.

For example:

    python -m sandbox faults use throttled-monday
    python -m sandbox faults add --host "*.vault.azure.net" --status 503 --probability 0.5
    python -m sandbox faults clear
"""
faults = cyclopts.App(name="faults", help=HELP)

MATCH, HIT, EFFECT = Group("What is hit"), Group("How often"), Group("What happens then")
Match = Annotated[str, Parameter(group=MATCH)]
Methods = Annotated[tuple[str, ...], Parameter(group=MATCH, negative=())]
Once = Annotated[str, Parameter(group=EFFECT, help="A request, as in 'POST */secrets'.")]
Seconds = Annotated[float | None, Parameter(group=EFFECT)]
Text = Annotated[str, Parameter(group=EFFECT)]
Number = Annotated[int | None, Parameter(group=EFFECT)]
Switch = Annotated[bool, Parameter(group=EFFECT, negative="")]
Headers = Annotated[
    tuple[str, ...], Parameter(name="--header", group=EFFECT, negative=(), help="name=value")
]


FIELD = re.compile(r"^faults\.0(?:\.(?P<path>[\w.]+))?: ", re.MULTILINE)
OPTIONS = {  # Fields whose options have names of their own.
    "window.from": "from",
    "then.answer.headers": "header",
    "then.fail.code": "fail",
    "then.evict.reason": "evict",
    "then.token.lifetime": "token-lifetime",
    "then.token.not_before": "token-not-before",
    "then.slow.factor": "slow-factor",
    "then.slow.seconds": "slow-seconds",
}
WHOLE = ("when", "then", "window", "answer", "token", "slow")  # Fields that hold several options.


@faults.command(name="add")
def add(  # noqa: PLR0913  # Every field of a fault has its option.
    *,
    id: Annotated[str, Parameter(help="Its own name; one is made up without.")] = "",  # noqa: A002  # As in a plan.
    method: Methods = (),
    host: Match = "",
    path: Match = "",
    path_regex: Match = "",
    principal: Match = "",
    network: Match = "",
    type: Match = "",  # noqa: A002  # As in a plan.
    change: Match = "",
    command: Match = "",
    operation: Match = "",
    calls: Annotated[str, Parameter(group=HIT, help="3 | 2..4 | 2.. | 'every 5'")] = "",
    probability: Annotated[float | None, Parameter(group=HIT)] = None,
    since: Annotated[float | None, Parameter(name="--from", group=HIT)] = None,
    until: Annotated[float | None, Parameter(group=HIT)] = None,
    wall: Annotated[bool, Parameter(group=HIT, negative="", help="Real seconds.")] = False,
    status: Number = None,
    code: Text = "",
    message: Text = "",
    body: Text = "",
    header: Headers = (),
    retry_after: Seconds = None,
    delay: Seconds = None,
    reset: Text = "",
    truncate: Number = None,
    stuck: Switch = False,
    fail: Annotated[str, Parameter(group=EFFECT, help="Code; --message says the rest.")] = "",
    after: Seconds = None,
    evict: Annotated[str, Parameter(group=EFFECT, help="Reason; with --after or --once.")] = "",
    once: Once = "",
    unreachable: Text = "",
    flap: Switch = False,
    token_lifetime: Seconds = None,
    token_not_before: Seconds = None,
    slow_factor: Seconds = None,
    slow_seconds: Seconds = None,
    state: StateDirectory = DEFAULT,
) -> None:
    """Add one fault, for example: --method GET --status 429 --retry-after 10 --calls 'every 3'."""
    when = {
        "method": list(method),
        "host": host,
        "path": path,
        "path_regex": path_regex,
        "principal": principal,
        "network": network,
        "type": type,
        "change": change,
        "command": command,
        "operation": operation,
    }
    answer = {
        "status": status,
        "code": code,
        "message": "" if fail else message,
        "body": body,
        "headers": dict(pair(one) for one in header),
        "retry_after": retry_after,
    }
    asked = dict(zip(("method", "path"), once.split(maxsplit=1), strict=False))
    effect = {
        "answer": given(answer),
        "delay": delay,
        "reset": reset,
        "truncate": truncate,
        "stuck": stuck,
        "fail": given({"code": fail, "message": message or fail, "after": after}) if fail else "",
        "evict": given({"reason": evict, "after": after, "once": asked}) if evict else "",
        "unreachable": unreachable,
        "flap": flap,
        "token": given({"lifetime": token_lifetime, "not_before": token_not_before}),
        "slow": given({"factor": slow_factor, "seconds": slow_seconds}),
    }
    fault = {
        "id": id,
        "when": given(when),
        "calls": int(calls) if calls.isdecimal() else calls,
        "probability": probability,
        "window": given({"from": since, "until": until, "wall": wall}),
    }
    text = yaml.safe_dump({"faults": [given(fault) | {"then": given(effect)}]})
    try:
        added({"text": text}, state)
    except SandboxError as error:
        raise SandboxError(FIELD.sub(as_typed, error.message), error.hint) from error


@faults.command(name="list")
def listed(*, state: StateDirectory = DEFAULT, machine: Machine = False) -> None:
    """Show what is about, and how often it has hit."""
    answer = told(found(State(state)), "/faults")
    if machine:
        sys.stdout.write(json.dumps(answer["faults"]) + "\n")
        return
    if not answer["faults"]:
        err.print("Fair weather: no fault is about.")
    rows = [
        [one["id"], one["state"], str(one["hits"]), str(one["seen"]), left(one), one["description"]]
        for one in answer["faults"]
    ]
    show("Faults", ("name", "state", "hits", "of", "left", "what"), rows)


@faults.command
def remove(*names: str, state: StateDirectory = DEFAULT) -> None:
    """Remove faults by their names, or all of a scenario; what was stuck goes on."""
    running = found(State(state))
    for name in names:
        tell_gone(ask(running, "DELETE", f"/faults/{quote(name)}"))


@faults.command
def clear(*, state: StateDirectory = DEFAULT) -> None:
    """Remove every fault."""
    tell_gone(ask(found(State(state)), "DELETE", "/faults"))


@faults.command
def use(scenario: str, *, state: StateDirectory = DEFAULT) -> None:
    """Let the faults of a scenario come; `scenarios` shows them."""
    added({"scenario": scenario}, state)


@faults.command
def plan(file: Path, *, state: StateDirectory = DEFAULT) -> None:
    """Let the faults of a plan come, which is a YAML file."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SandboxError(f"{file} cannot be read: {why}.") from error
    added({"text": text, "file": file.name}, state)


@faults.command(name="scenarios")
def scenarios(*, machine: Machine = False) -> None:
    """Show the scenarios that ship with the sandbox."""
    from sandbox.weather import plans  # noqa: PLC0415  # The other commands are quick without it.

    found = plans.scenarios()
    if machine:
        told = {name: {"description": one.description} for name, one in found.items()}
        sys.stdout.write(json.dumps(told) + "\n")
        return
    for name, one in found.items():
        out.print(f"[bold]{escape(name)}[/]  {escape(one.description)}")


# --- What these commands share ---------------------------------------------------------------


def given(fields: dict[str, Any]) -> dict[str, Any]:
    """The options that were typed."""
    return {
        name: value
        for name, value in fields.items()
        if value not in ("", None, [], {}) and value is not False
    }


def as_typed(field: re.Match[str]) -> str:
    """The option of a field, where there is one."""
    names = [part for part in (field["path"] or "").split(".") if not part.isdecimal()]
    path, last = ".".join(names), names[-1]
    if not last or last in WHOLE:
        return ""
    if path.startswith("then.evict.once"):
        last = "once"
    return f"--{OPTIONS.get(path, last.replace('_', '-'))}: "


def pair(header: str) -> tuple[str, str]:
    name, equals, value = header.partition("=")
    if not equals:
        raise SandboxError(f"{header!r} is no header.", "Write it as Retry-After=5.")
    return name.strip(), value.strip()


def added(asked: dict[str, str], state: Path) -> None:
    names = json.loads(ask(found(State(state)), "POST", "/faults", asked))["added"]
    err.print(f"[yellow]Added[/] {escape(', '.join(names))}.")


def tell_gone(answer: bytes) -> None:
    names = json.loads(answer)["removed"]
    err.print(f"Removed {escape(', '.join(names))}." if names else "Fair weather already.")


def left(one: dict[str, Any]) -> str:
    return "" if one["left"] is None else f"{one['left']:.0f} s"
