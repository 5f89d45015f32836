"""Label selectors, field selectors, and the selectors inside objects."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cluster.api.errors import bad_request

REQUIREMENT = re.compile(r"(?:[^,(]|\([^)]*\))+")  # Commas inside parentheses do not split.
SET_BASED = re.compile(r"^(\S+)\s+(in|notin)\s*\(([^)]*)\)$")
EQUALITY = re.compile(r"^([^!=\s]+)\s*(!=|==|=)\s*(\S*)$")
PRESENCE = re.compile(r"^(!?)\s*([\w./-]+)$")

Match = Callable[[Mapping[str, Any]], bool]


def labels(text: str) -> Match:
    """Read a label selector into a question about an object."""
    tests = [_requirement(part.strip()) for part in REQUIREMENT.findall(text) if part.strip()]
    return lambda found: all(test(found["metadata"].get("labels") or {}) for test in tests)


def _requirement(text: str) -> Match:
    if found := SET_BASED.match(text):
        key, operator, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        return lambda labels: (labels.get(key) in values) == (operator == "in")
    if found := EQUALITY.match(text):
        key, operator, value = found.groups()
        return lambda labels: (labels.get(key) == value) == (operator != "!=")
    if found := PRESENCE.match(text):
        absent, key = found.groups()
        return lambda labels: (key in labels) != bool(absent)
    raise bad_request(f'unable to parse requirement: found "{text}", expected a label selector')


def fields(text: str) -> Match:
    """Read a field selector, which compares any dotted path for equality."""
    tests = []
    for part in filter(None, text.split(",")):
        found = EQUALITY.match(part.strip())
        if not found:
            raise bad_request(f'invalid field selector: "{part}"; can\'t understand it')
        path, operator, value = found.groups()
        tests.append((path, value, operator != "!="))
    return lambda found: all(
        (_text(at(found, path)) == value) == wanted for path, value, wanted in tests
    )


def at(found: Any, path: str) -> Any:
    """The value at a dotted path, or None."""
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Does a LabelSelector object choose these labels? An empty one chooses all, none nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(expression, labels) for expression in expressions
    )


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key: str = str(expression.get("key", ""))
    values = expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


FORMS = {"In": "{} in ({})", "NotIn": "{} notin ({})", "Exists": "{}", "DoesNotExist": "!{}"}


def written(selector: Mapping[str, Any]) -> str:
    """A LabelSelector object as the text that `labelSelector=` takes."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    parts += [
        FORMS.get(each.get("operator"), "").format(
            each.get("key"), ",".join(each.get("values") or ())
        )
        for each in selector.get("matchExpressions") or ()
    ]
    return ",".join(parts)
