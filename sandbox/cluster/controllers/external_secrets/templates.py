"""Templates as the operator's engine v2 fills them in: names, calls and pipes, no blocks."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
TOKEN = re.compile(r'\s*([()|]|"(?:[^"\\]|\\.)*"|\d+|\.[A-Za-z_]\w*|\.|[A-Za-z]\w*)')


class TemplateError(Exception):
    """The template asks for something that is not there, or not simulated."""


class Texts(dict[str, str]):
    """What was read; unlike a map of JSON, it is empty at a name that it lacks."""


class UnknownError(Exception):
    """A function or form that is not simulated."""


def index(value: Any, *places: Any) -> Any:
    """What lies there, step by step; a map of JSON that lacks a name has no value."""
    for place in places:
        if isinstance(value, list):
            if place >= len(value):
                raise TemplateError("error calling index: reflect: slice index out of range")
            value = value[place]
        elif isinstance(value, Texts):
            value = value.get(place, "")
        elif isinstance(value, dict):
            value = value.get(place)
        else:
            raise TemplateError(f"error calling index: can't index item of type {kind(value)}")
    return value


def pluck(name: str, *maps: Any) -> list[Any]:
    """The values under a name, of the maps that have it."""
    for one in maps:
        if not isinstance(one, dict):
            raise TemplateError(
                f"wrong type for value; expected map[string]interface {{}}; got {kind(one)}"
            )
    return [one[name] for one in maps if name in one]


def must_from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise TemplateError("error calling mustFromJson: invalid JSON") from error


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "index": index,
    "pluck": pluck,
    "mustFromJson": must_from_json,
}


def kind(value: Any) -> str:
    """A type as Go calls it."""
    names: dict[type, str] = {
        dict: "map[string]interface {}",
        list: "[]interface {}",
        str: "string",
    }
    return names.get(type(value), "nil" if value is None else "float64")


def rendered(text: str, data: Mapping[str, str]) -> str:
    """One text of `template.data`."""

    def filled(match: re.Match[str]) -> str:
        try:
            value = pipeline(tokens(match[1]), Texts(data))
        except UnknownError as error:
            raise TemplateError(f"the sandbox does not simulate the template {match[0]}") from error
        return "<no value>" if value is None else shown(value, match[0])

    return ACTION.sub(filled, text)


def shown(value: Any, where: str) -> str:
    """Texts and whole numbers; Go's ways to print the rest are not simulated."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise TemplateError(f"the sandbox does not print the {kind(value)} of the template {where}")


def tokens(text: str) -> list[str]:
    found, place = [], 0
    while place < len(text.rstrip()):
        match = TOKEN.match(text, place)
        if match is None:
            raise UnknownError(text)
        found.append(match[1])
        place = match.end()
    return found


def pipeline(left: list[str], data: Texts) -> Any:
    """Up to a closing parenthesis; what one command gives goes into the next as its last."""
    value = command(left, data)
    while left and left[0] == "|":
        left.pop(0)
        value = command(left, data, value)
    return value


def command(left: list[str], data: Texts, *piped: Any) -> Any:
    name = left.pop(0) if left else ""
    if name not in FUNCTIONS:
        if piped:
            raise UnknownError(name)
        return operand(name, left, data)
    arguments = []
    while left and left[0] not in {")", "|"}:
        arguments.append(operand(left.pop(0), left, data))
    return FUNCTIONS[name](*arguments, *piped)


def operand(sign: str, left: list[str], data: Texts) -> Any:
    if sign == "(":
        value = pipeline(left, data)
        if not left or left.pop(0) != ")":
            raise UnknownError(sign)
        return value
    if sign == ".":
        return data
    if sign.startswith("."):
        return member(data, sign[1:])
    if sign.startswith('"'):
        return json.loads(sign)
    if sign.isdigit():
        return int(sign)
    raise UnknownError(sign)


def member(data: Texts, name: str) -> str:
    if name not in data:
        raise TemplateError(f'map has no entry for key "{name}"')
    return data[name]
