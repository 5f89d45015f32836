"""The schemas of custom resources: prune the unknown, fill defaults in, refuse the invalid."""

import copy
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.cluster.api.errors import Cause, required, unsupported, wrong

Schema = Mapping[str, Any]

PRESERVE = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"
EMBEDDED = "x-kubernetes-embedded-resource"
OBJECT_FIELDS = ("apiVersion", "kind", "metadata")

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def prune(
    schema: Schema, value: Any, unknown: list[str], path: str = "", *, root: bool = True
) -> Any:
    """The value without fields that the schema does not name; their paths go to `unknown`."""
    if isinstance(value, list):
        items = schema.get("items") or {PRESERVE: True}
        return [
            prune(items, each, unknown, f"{path}[{index}]", root=False)
            for index, each in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    whole = root or schema.get(EMBEDDED)
    properties = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    kept = {}
    for name, each in value.items():
        inner = _join(path, name)
        if whole and name in OBJECT_FIELDS:
            kept[name] = each
        elif name in properties:
            kept[name] = prune(properties[name], each, unknown, inner, root=False)
        elif isinstance(more, dict):
            kept[name] = prune(more, each, unknown, inner, root=False)
        elif more or schema.get(PRESERVE) or not schema:
            kept[name] = each
        else:
            unknown.append(inner)
    return kept


def default(schema: Schema, value: Any) -> Any:
    """The value with the schema's defaults; a null that is not allowed counts as absent."""
    if isinstance(value, list):
        return [default(schema.get("items") or {}, each) for each in value]
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    properties = schema.get("properties") or {}
    for name, inner in properties.items():
        if filled.get(name) is None and not (name in filled and inner.get("nullable")):
            filled.pop(name, None)
            if "default" in inner:
                filled[name] = copy.deepcopy(inner["default"])
        if name in filled:
            filled[name] = default(inner, filled[name])
    if isinstance(more := schema.get("additionalProperties"), dict):
        for name in filled.keys() - properties.keys():
            filled[name] = default(more, filled[name])
    return filled


def validate(schema: Schema, value: Any, path: str = "", *, root: bool = True) -> Iterator[Cause]:
    """Everything in which a value breaks its schema, in the words of the API server."""
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if kind and not _is(kind, value):
        got = {dict: "object", list: "array", str: "string", bool: "boolean"}
        seen = "null" if value is None else got.get(type(value), "number")
        shown = value if isinstance(value, (str, int, float)) else seen
        yield wrong(path, shown, f'{path} in body must be of type {kind}: "{seen}"')
        return
    if (allowed := schema.get("enum")) and value not in allowed:
        yield unsupported(path, value, allowed)
    yield from _bounds(schema, value, path)
    if isinstance(value, dict):
        yield from _object(schema, value, path, root=root)
    elif isinstance(value, list) and (items := schema.get("items")):
        for index, each in enumerate(value):
            yield from validate(items, each, f"{path}[{index}]", root=False)
    yield from _combined(schema, value, path)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES.get(kind, (object,)))


def _object(schema: Schema, value: dict[str, Any], path: str, *, root: bool) -> Iterator[Cause]:
    for name in schema.get("required") or ():
        if name not in value:
            yield required(_join(path, name))
    properties = schema.get("properties") or {}
    more = schema.get("additionalProperties")
    for name, each in value.items():
        if root and name in OBJECT_FIELDS:
            continue
        if name in properties:
            yield from validate(properties[name], each, _join(path, name), root=False)
        elif isinstance(more, dict):
            yield from validate(more, each, _join(path, name), root=False)


LIMITS = {
    "minLength": (str, "should be at least {} chars long", lambda size, limit: size >= limit),
    "maxLength": (str, "should be at most {} chars long", lambda size, limit: size <= limit),
    "minItems": (list, "should have at least {} items", lambda size, limit: size >= limit),
    "maxItems": (list, "should have at most {} items", lambda size, limit: size <= limit),
    "minProperties": (
        dict,
        "should have at least {} properties",
        lambda size, limit: size >= limit,
    ),
    "maxProperties": (
        dict,
        "should have at most {} properties",
        lambda size, limit: size <= limit,
    ),
}


def _bounds(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for name, (kind, text, holds) in LIMITS.items():
        if name in schema and isinstance(value, kind) and not holds(len(value), schema[name]):
            yield wrong(path, value, f"{path} in body {text.format(schema[name])}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value):
            least = schema["minimum"]
            yield wrong(path, value, f"{path} in body should be greater than or equal to {least}")
        if value > schema.get("maximum", value):
            most = schema["maximum"]
            yield wrong(path, value, f"{path} in body should be less than or equal to {most}")
    pattern = schema.get("pattern")
    if pattern and isinstance(value, str) and not _pattern(pattern).search(value):
        yield wrong(path, value, f"{path} in body should match '{pattern}'")


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    """A Go expression in Python; one that Python cannot read matches everything."""
    try:
        return re.compile(text.replace(r"\z", r"\Z"))
    except re.error:
        return re.compile("")


def _combined(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    def fits(inner: Schema) -> bool:
        return not any(validate(inner, value, path, root=False))

    for inner in schema.get("allOf") or ():
        yield from validate(inner, value, path, root=False)
    if (options := schema.get("anyOf")) and not any(map(fits, options)):
        yield wrong(path, value, f"{path} in body must validate at least one schema (anyOf)")
    if (options := schema.get("oneOf")) and sum(map(fits, options)) != 1:
        yield wrong(path, value, f"{path} in body must validate one and only one schema (oneOf)")
    if (banned := schema.get("not")) and fits(banned):
        yield wrong(path, value, f"{path} in body must not validate the schema (not)")
