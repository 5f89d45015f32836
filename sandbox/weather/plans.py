"""Plans as files: read, checked, and refused with the field and the line that is wrong."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from sandbox.weather.effects import Answer, Effect, Eviction, Failure, Once, Slow, Token
from sandbox.weather.faults import Fault, Plan, When, Window

SCENARIOS = Path(__file__).with_name("scenarios")
MODELS: dict[str, type[BaseModel]] = {  # What stands below a field, to name its neighbours.
    "faults": Fault,
    "when": When,
    "window": Window,
    "then": Effect,
    "answer": Answer,
    "fail": Failure,
    "evict": Eviction,
    "once": Once,
    "token": Token,
    "slow": Slow,
}


class PlanError(ValueError):
    """A plan that cannot be followed; one sentence for each thing that is wrong."""


def parse(text: str, name: str) -> Plan:
    """
    The plan in a YAML text; `name` is where the text comes from.

    A list is a plan of these faults, and a fault a plan of one.
    """
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PlanError(f"{name or 'The plan'} is no YAML: {error}") from error
    prefix: tuple[str | int, ...] = ()
    if isinstance(document, list):
        document, prefix = {"faults": document}, ("faults",)
    elif isinstance(document, dict) and "then" in document:
        document, prefix = {"faults": [document]}, ("faults", 0)
    try:
        return Plan.model_validate(document)
    except ValidationError as error:
        told = (sentence(one, root, name, prefix) for one in telling(error.errors()))
        raise PlanError("\n".join(told)) from error


def load(path: Path) -> Plan:
    """The plan in a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError(unreadable(path, error)) from error
    return parse(text, path.name)


def unreadable(path: Path, error: OSError | UnicodeDecodeError) -> str:
    """Why a file cannot be read, in a sentence."""
    why = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
    return f"{path} cannot be read: {why}."


def scenarios() -> dict[str, Plan]:
    """The plans that ship with the sandbox, by name."""
    return {path.stem: load(path) for path in sorted(SCENARIOS.glob("*.yaml"))}


def scenario(name: str) -> Plan:
    """One of them."""
    path = SCENARIOS / f"{name}.yaml"
    known = sorted(path.stem for path in SCENARIOS.glob("*.yaml"))
    if name not in known:
        close = get_close_matches(name, known, n=1)
        meant = f"Did you mean {close[0]}? " if close else ""
        raise PlanError(f"There is no scenario {name!r}. {meant}There are: {', '.join(known)}.")
    return load(path)


def choose(chosen: str) -> tuple[Plan, str]:
    """A plan by the name of a scenario, or by the path of a file; and the scenario's name."""
    if "/" in chosen or chosen.endswith((".yaml", ".yml")):
        return load(Path(chosen)), ""
    return scenario(chosen), chosen


def telling(errors: list[Any]) -> list[Any]:
    """Without what only follows: a list whose entries are wrong is also too short."""
    causes = [one for one in errors if one["type"] != "too_short"]
    return causes or errors


def sentence(one: Any, root: Any, name: str, prefix: tuple[str | int, ...]) -> str:
    """What is wrong, where."""
    place = [part for part in one["loc"] if not str(part).startswith("function-")]
    field = ".".join(str(part) for part in place) or "the plan"
    if one["type"] == "extra_forbidden":
        neighbours = fields(place[:-1])
        close = get_close_matches(str(place[-1]), neighbours, n=1)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(neighbours)}"
        what = f"no such field; {meant}"
    elif one["type"] == "missing":
        what = "it is missing"
    else:
        what = one["msg"].removeprefix("Value error, ")
    line = line_of(root, place[len(prefix) :] if tuple(place[: len(prefix)]) == prefix else place)
    where = f"{name}, line {line}: " if name and line else f"{name}: " if name else ""
    return f"{where}{field}: {what}" + ("" if what.endswith("?") else ".")


def fields(place: list[str | int]) -> list[str]:
    words = [part for part in place if isinstance(part, str)]
    model = MODELS.get(words[-1], Plan) if words else Plan
    return [found.alias or name for name, found in model.model_fields.items()]


def line_of(root: Any, place: list[str | int]) -> int:
    """The line of a field, or of the nearest thing around it that the file has."""
    line = root.start_mark.line + 1 if root else 0
    for node in steps(root, place):
        line = node.start_mark.line + 1
    return line


def steps(node: Any, place: list[str | int]) -> Iterator[Any]:
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                return
            yield pair[0]
            node = pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return
            node = node.value[part]
            yield node
        else:
            return
