"""What changed outside of Terraform, and what the code would change: attribute by attribute."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.step import step
from tasks.terraform import failures
from tasks.terraform.commands import CHANGES, preview_command
from tasks.terraform.plans import KEEPERS
from tasks.terraform.progress import Progress
from tasks.terraform.runs import initialise, show, stream
from tasks.terraform.stacks import Stack

HIDDEN = "(sensitive)"
LONGEST = 60  # Signs of a value that are shown.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Deviation:
    """One attribute of one resource, its old and its new value; without attribute, the whole."""

    address: str
    attribute: str
    old: str
    new: str

    @property
    def keeps_data(self) -> bool:
        """Whether somebody's data lies in the resource."""
        return bool(set(KEEPERS) & set(self.address.split(".")))


@dataclass(frozen=True)
class Deviations:
    """`outside` leads from the state to what Azure has; `pending` from there to the code."""

    outside: tuple[Deviation, ...] = ()
    pending: tuple[Deviation, ...] = ()


@step("terraform-compare-{stack.name}")
def deviations(stack: Stack) -> Deviations:
    """
    Ask Azure for every resource, and compare it with state and code, without lock or change.

    One full plan tells both: what `-refresh-only` would tell is in it, too, and Azure is asked
    only once.
    """
    initialise(stack)
    progress = Progress()
    ended = stream(preview_command(stack), progress)
    try:
        if ended.code not in (0, CHANGES):
            what = f"terraform plan of {stack.name}"
            raise failures.failure(what, progress.errors, ended.complaint)
        return read_deviations(show(stack, str(stack.forecast_file)))
    finally:
        stack.forecast_file.unlink(missing_ok=True)


def read_deviations(shown: Mapping[str, Any]) -> Deviations:
    """
    Read `terraform show -json` of a plan.

    Azure fills in much that nobody has decided, and some of it follows from other resources: what
    the code does not set and an apply would not undo is no deviation.
    """
    pending = [
        one
        for entry in shown.get("resource_changes", [])
        if entry["mode"] == "managed"
        for one in _changes(entry)
    ]
    places = {(one.address, one.attribute) for one in pending}
    configured = dict(_expressions((shown.get("configuration") or {}).get("root_module") or {}))
    outside = []
    for entry in shown.get("resource_drift", []):
        expressions = configured.get(re.sub(r"\[[^\]]*\]", "", entry["address"]), {})
        for path, one in _differences(entry):
            if (one.address, one.attribute) in places or not path or _sets(expressions, path):
                outside.append(one)
    return Deviations(tuple(outside), tuple(pending))


def _changes(entry: Mapping[str, Any]) -> Iterator[Deviation]:
    actions = entry["change"]["actions"]
    if actions == ["update"]:
        yield from (one for _, one in _differences(entry))
    elif len(actions) > 1:
        paths = entry["change"].get("replace_paths") or []
        told = ", ".join(place(path) for path in paths)
        yield Deviation(entry["address"], "", "there", f"replaced for {told}" if told else "new")
    elif actions in (["create"], ["delete"]):
        states = ("absent", "there") if actions == ["create"] else ("there", "absent")
        yield Deviation(entry["address"], "", *states)


def _differences(entry: Mapping[str, Any]) -> Iterator[tuple[Path, Deviation]]:
    """Every attribute that is not the same before and after; what is not known yet follows."""
    change, address = entry["change"], entry["address"]
    if change["actions"] == ["delete"]:
        yield (), Deviation(address, "", "there", "absent")
        return
    hidden = [change.get(f"{side}_sensitive") for side in ("before", "after")]
    before, after = change.get("before") or {}, change.get("after") or {}
    for path in differing(before, after, change.get("after_unknown")):
        secret = any(_covered(mask, path) for mask in hidden)
        texts = [HIDDEN if secret else text(_at(side, path)) for side in (before, after)]
        yield path, Deviation(address, place(path), texts[0], texts[1])


def differing(before: Any, after: Any, unknown: Any = None, path: Path = ()) -> Iterator[Path]:
    """The places at which two values differ; nothing, empty text and empty list are the same."""
    if unknown is True or before == after or not (before or after or _plain(before, after)):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = unknown.get(key) if isinstance(unknown, Mapping) else None
            yield from differing(before.get(key), after.get(key), inner, (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for at, (old, new) in enumerate(zip(before, after, strict=True)):
            inner = unknown[at] if isinstance(unknown, list) and at < len(unknown) else None
            yield from differing(old, new, inner, (*path, at))
    else:
        yield path


def _plain(before: Any, after: Any) -> bool:
    """False and 0 say something, unlike nothing at all."""
    return any(isinstance(value, bool | int | float) for value in (before, after))


def _expressions(module: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What the code sets, by the address of the resource without its index."""
    for resource in module.get("resources", []):
        yield prefix + resource["address"], resource.get("expressions") or {}
    for name, call in (module.get("module_calls") or {}).items():
        yield from _expressions(call.get("module") or {}, f"{prefix}module.{name}.")


def _sets(expressions: Any, path: Path) -> bool:
    """Whether the code says anything about this place; a block is a list of such tables."""
    for part in path:
        if isinstance(expressions, list):
            at = part if isinstance(part, int) and part < len(expressions) else 0
            expressions = expressions[at] if expressions else {}
            if isinstance(part, int):
                continue
        if {"references", "constant_value"} & set(expressions):
            return True
        if part not in expressions:
            return False
        expressions = expressions[part]
    return True


def _covered(mask: Any, path: Path) -> bool:
    """Whether a mask of sensitive values hides this place, a part of it, or what it is part of."""
    for part in path:
        if mask is True:
            return True
        if isinstance(mask, Mapping):
            mask = mask.get(str(part))
        elif isinstance(mask, list) and isinstance(part, int) and part < len(mask):
            mask = mask[part]
        else:
            return False
    return "true" in json.dumps(mask or False)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, Mapping):
            value = value.get(str(part))
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def place(path: Sequence[str | int]) -> str:
    """A path as Terraform writes it."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(steps).lstrip(".")


def text(value: Any) -> str:
    """A value in one short line."""
    if value is None:
        return "unset"
    told = value if isinstance(value, str) else json.dumps(value)
    flat = " ".join(told.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"
