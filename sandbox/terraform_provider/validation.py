"""
Rules between attributes, and for single values, in the words of the SDK that azurerm is built on.

Terraform itself checks types and required attributes.
"""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.terraform_provider.checks import Table
from sandbox.terraform_provider.errors import Path, ProviderError
from sandbox.terraform_provider.values import UNKNOWN, Object

Lookup = Callable[[str], Any]


def lookup(configuration: Object) -> Lookup:
    """Find the value at a dotted path such as `identity.0.type`; a missing or empty one is None."""

    def find(path: str) -> Any:
        found: Any = configuration
        for part in path.split("."):
            if found is UNKNOWN:
                return UNKNOWN
            if isinstance(found, list):
                found = found[int(part)] if int(part) < len(found) else None
            else:
                found = found.get(part) if isinstance(found, dict) else None
        return None if found == [] else found

    return find


def quoted(names: list[str]) -> str:
    return f"`{','.join(names)}`"


def conflicts(rule: Object, name: str, find: Lookup) -> Iterator[tuple[str, str]]:
    for other in rule.get("conflicts_with", []):
        if other != name and find(other) not in (None, UNKNOWN):
            yield "Conflicting configuration arguments", f'"{name}": conflicts with {other}'


def companions(rule: Object, name: str, find: Lookup) -> Iterator[tuple[str, str]]:
    others = [other for other in rule.get("required_with", []) if other != name]
    everybody = quoted(sorted({*others, name}))
    for other in others:
        if find(other) is None:
            yield "Missing required argument", f'"{name}": all of {everybody} must be specified'


def exactly_one(rule: Object, name: str, find: Lookup) -> Iterator[tuple[str, str]]:
    members = rule.get("exactly_one_of", [])
    values = [find(member) for member in members]
    given = [member for member in members if find(member) is not None]
    if not members or UNKNOWN in values or len(given) == 1:
        return
    wish = f"one of {quoted(members)} must be specified"
    if given:
        wish = (
            f"only one of {quoted(members)} can be specified, but {quoted(given)} were specified."
        )
    yield "Invalid combination of arguments", f'"{name}": {wish}'


def at_least_one(rule: Object, name: str, find: Lookup) -> Iterator[tuple[str, str]]:
    members = rule.get("at_least_one_of", [])
    if members and all(find(member) is None for member in members):
        told = f'"{name}": one of {quoted(members)} must be specified'
        yield "Missing required argument", told


def violations(rule: Object, name: str, value: Any, find: Lookup) -> Iterator[tuple[str, str]]:
    if value is not None and value != [] and value is not UNKNOWN:
        yield from conflicts(rule, name, find)
        yield from companions(rule, name, find)
    yield from exactly_one(rule, name, find)
    yield from at_least_one(rule, name, find)


def check(
    rules: Object, value: Object, find: Lookup, prefix: str = "", path: Path = ()
) -> Iterator[ProviderError]:
    """Every violation in an object and in the blocks inside it, each at its place."""
    for attribute, rule in rules.items():
        name, here, member = prefix + attribute, (*path, attribute), value.get(attribute)
        for summary, detail in violations(rule, name, member, find):
            yield ProviderError(summary, detail, here)
        inner = rule.get("elem")
        if isinstance(inner, dict) and isinstance(member, list) and rule.get("t") == "List":
            for index, element in enumerate(member):
                if isinstance(element, dict):
                    deeper = f"{name}.{index}."
                    yield from check(inner, element, find, deeper, (*here, index))


def check_values(
    table: Table, type_name: str, rules: Object, configuration: Object
) -> Iterator[ProviderError]:
    """Every value that azurerm refuses, at its place; what is not known yet passes."""
    for place, rule in table.of(type_name).items():
        parts = place.replace("[]", ".[]").split(".")
        for value, key, path in found_at(parts, rules, configuration):
            for complaint in table.complaints(rule, key, value):
                yield ProviderError(complaint, path=path)


def found_at(
    parts: list[str], rules: Object, value: Any, key: str = "", path: Path = ()
) -> Iterator[tuple[Any, str, Path]]:
    """The known values at a place, each with the name and the path that errors give it."""
    name, *rest = parts
    member = value.get(name) if isinstance(value, dict) else None
    here, way = f"{key}.{name}" if key else name, (*path, name)
    if member is None or member is UNKNOWN:
        return
    if not rest:
        yield member, here, way
        return
    rule = rules.get(name) or {}
    inner = rule.get("elem")
    for index, element in enumerate(member if isinstance(member, list) else ()):
        if element is None or element is UNKNOWN:
            continue
        deeper = (
            way if rule.get("t") == "Set" else (*way, index)
        )  # No path names an element of one.
        if rest == ["[]"]:
            yield element, f"{here}.{index}", deeper
        else:
            below = inner if isinstance(inner, dict) else {}
            yield from found_at(rest, below, element, f"{here}.{index}", deeper)
