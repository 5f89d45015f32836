"""Bodies of Azure: values at dotted paths, and whole objects translated in both directions."""

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.terraform_provider.plan import match
from sandbox.terraform_provider.tree import TIMEOUTS, Node
from sandbox.terraform_provider.values import UNKNOWN, Object, is_zero, same


def get(body: Any, path: str) -> Any:
    """The value at a path such as `properties.pools.0.name`, or None."""
    found = body
    for part in path.split(".") if path else []:
        if isinstance(found, list):
            index = int(part) if part.isdigit() else len(found)
            found = found[index] if index < len(found) else None
        else:
            found = found.get(part) if isinstance(found, dict) else None
    return found


def put(body: Any, path: str, value: Any) -> None:
    """Set the value at a path, growing objects and lists on the way; None removes it."""
    part, _, rest = path.partition(".")
    if isinstance(body, list):
        index = int(part)
        if value is None and not rest:
            del body[index : index + 1]
            return
        body.extend({} for _ in range(len(body), index + 1))
        if rest:
            put(body[index], rest, value)
        else:
            body[index] = value
    elif not rest:
        if value is None:
            body.pop(part, None)
        else:
            body[part] = value
    elif value is not None or isinstance(body.get(part), (dict, list)):
        if not isinstance(body.get(part), (dict, list)):
            body[part] = [] if rest.partition(".")[0].isdigit() else {}
        put(body[part], rest, value)


def objects(value: Any) -> list[Object]:
    """The known elements of a block, however many it may have."""
    elements = value if isinstance(value, list) else [value]
    return [element for element in elements if isinstance(element, dict)]


# --- To Azure ---------------------------------------------------------------------------------


def encode(nodes: Sequence[Node], value: Object, body: Object, prior: Object | None = None) -> None:
    """Write an object into a body; unknown leaves what Azure has, and null removes what was set."""
    for node in nodes:
        wanted, before = value.get(node.name), (prior or {}).get(node.name)
        if node.name == TIMEOUTS or wanted is UNKNOWN or node.chosen_by_azure:
            continue
        if node.block is not None:
            encode_block(node, wanted, body, before)
        elif not node.children:
            encode_attribute(node, wanted, body, before)


def encode_attribute(node: Node, wanted: Any, body: Object, before: Any) -> None:
    place = node.place
    if not place.writable or not place.stored:
        return
    if place.put is not None:
        if wanted is not None:
            place.put(body, wanted)
    elif place.path is not None:
        if wanted is not None:
            put(body, place.path, place.codec.encode(wanted))
        elif not is_zero(before):  # A switch that is no longer set is turned off.
            put(body, place.path, place.codec.encode(False) if node.type == "bool" else None)


def encode_block(node: Node, wanted: Any, body: Object, before: Any) -> None:
    block = node.block
    if block is None or block.at is None or not block.writable:
        return
    elements = objects(wanted)
    if not elements and not before:
        return
    if not node.single:
        put(body, block.at, encode_list(node, elements, get(body, block.at), objects(before)))
    elif elements:
        if block.at and not isinstance(get(body, block.at), dict):
            put(body, block.at, {})
        target = get(body, block.at)
        target.update(block.on)
        encode(node.children, elements[0], target, next(iter(objects(before)), None))
    elif block.at:
        put(body, block.at, dict(block.off) or None)


def encode_list(node: Node, elements: list[Any], current: Any, olds: list[Object]) -> list[Object]:
    """Elements with a name keep what else Azure says about them, and lose what was taken away."""
    known = {
        element["name"]: element
        for element in current or []
        if isinstance(element, dict) and "name" in element
    }
    written = []
    for element in elements:
        name = element.get("name")
        body = copy.deepcopy(known.get(name, {}))
        old = next((one for one in olds if one.get("name") == name), None)
        encode(node.children, element, body, old if body else None)
        written.append(body)
    return written


# --- From Azure -------------------------------------------------------------------------------


def decode(
    nodes: Sequence[Node], body: Object, prior: Object | None, fixed: Mapping[str, Any]
) -> Object:
    """
    Read an object from a body.

    `prior` decides what Azure cannot tell: null or zero, the order of elements, secrets; `fixed`
    comes from the id.
    """
    before = prior or {}
    return {
        node.name: fixed[node.name]
        if node.name in fixed
        else decode_member(node, body, before.get(node.name))
        for node in nodes
    }


def decode_member(node: Node, body: Object, before: Any) -> Any:
    before = None if before is UNKNOWN else before
    if node.name == TIMEOUTS:
        return before
    if node.write_only:
        return None
    if node.block is not None:
        return decode_block(node, body, before)
    if node.children or not node.place.stored or not node.place.readable:
        return before if before is not None else node.default if not node.children else node.nothing
    return remembered(node, read_value(node, body), before)


def read_value(node: Node, body: Object) -> Any:
    place = node.place
    if place.get is not None:
        return cast(node.type, place.get(body))
    raw = get(body, place.path or "")
    return cast(node.type, place.codec.decode(raw) if raw is not None else None)


def remembered(node: Node, value: Any, before: Any) -> Any:
    """Azure's value, in the words of state where both mean the same."""
    if value is None:
        keeps = before is not None and (node.sensitive or is_zero(before))
        return before if keeps else node.default
    if before is None:
        told = node.default is not None or node.required or node.chosen_by_azure
        return value if told or not is_zero(value) else None
    return before if same(value, before, ordered=node.ordered) else value


def cast(kind: Any, value: Any) -> Any:
    """Azure sometimes writes a number as text, or a structure where Terraform has a string."""
    if value is None:
        return None
    if isinstance(kind, list):
        return cast_collection(kind, value)
    if kind == "string":
        return value if isinstance(value, str) else json.dumps(value)
    if kind == "number" and isinstance(value, str):
        return float(value) if "." in value else int(value)
    if kind == "bool" and isinstance(value, str):
        return value.lower() == "true"
    return value


def cast_collection(kind: list[Any], value: Any) -> Any:
    if kind[0] == "map" and isinstance(value, dict):
        return {key: cast(kind[1], member) for key, member in value.items() if member is not None}
    if kind[0] in ("list", "set") and isinstance(value, list):
        return [cast(kind[1], element) for element in value]
    return None


def decode_block(node: Node, body: Object, before: Any) -> Any:
    block = node.block
    if block is None or block.at is None:
        return before if before is not None else node.nothing
    nothing = before if before == [] else node.nothing
    found = get(body, block.at)
    olds = objects(before)
    if isinstance(found, dict):
        element = decode_single(node, found, next(iter(olds), None))
        if element is None:
            return nothing
        return element if node.nesting == "single" else [element]
    if isinstance(found, list) and not node.single:
        return decode_list(node, found, olds) or nothing
    return nothing


def decode_single(node: Node, found: Object, before: Object | None) -> Object | None:
    """The one element of a block, or None when Azure's object does not amount to a block."""
    shown = node.block.shown(found) if node.block else None
    if shown is False:
        return None
    element = decode(node.children, found, before, {})
    if shown or before is not None or node.required or node.chosen_by_azure:
        return element
    tells = any(
        not is_zero(element.get(child.name)) and element.get(child.name) != child.default
        for child in node.children
    )
    return element if tells else None


def decode_list(node: Node, found: list[Any], olds: list[Any]) -> list[Object]:
    """Elements in the order of state; new ones follow."""
    fresh = [decode(node.children, element, None, {}) for element in found]
    partners = match(node.children, fresh, olds)
    placed = [
        (
            next((i for i, old in enumerate(olds) if old is partner), len(olds) + index),
            decode(node.children, element, partner, {}),
        )
        for index, (element, partner) in enumerate(zip(found, partners, strict=True))
    ]
    return [element for _, element in sorted(placed, key=lambda item: item[0])]
