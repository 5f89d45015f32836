"""The shape of a type: each attribute with its schema, the SDK's rules, its place at Azure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.terraform_provider.mapping import EVERYWHERE, Block, Entry, Field, camel
from sandbox.terraform_provider.values import Object

TIMEOUTS = "timeouts"
FLAGS = ("required", "optional", "computed", "sensitive", "write_only")


@dataclass(frozen=True)
class Node:
    """One attribute or block."""

    name: str
    type: Any = None
    place: Field = field(default_factory=Field)
    block: Block | None = None
    children: tuple["Node", ...] = ()
    nesting: str = ""  # list, set or single, when there are children
    is_block: bool = False  # in the schema too, so that "none" is an empty list instead of null
    single: bool = False  # at most one element
    required: bool = False
    optional: bool = False
    computed: bool = False
    sensitive: bool = False
    write_only: bool = False
    force_new: bool = False
    default: Any = None

    @property
    def path(self) -> str | None:
        return self.block.at if self.block else self.place.path

    @property
    def ordered(self) -> bool:
        return self.nesting != "set" and not (isinstance(self.type, list) and self.type[0] == "set")

    @property
    def chosen_by_azure(self) -> bool:
        return self.computed and not self.optional and not self.is_block

    @property
    def nothing(self) -> Any:
        """What state says when there is no block."""
        return [] if self.is_block and self.nesting != "single" else None


def is_object_list(kind: Any) -> bool:
    """Some blocks are attributes in the schema: a list or set of objects."""
    return (
        isinstance(kind, list)
        and kind[0] in ("list", "set")
        and isinstance(kind[1], list)
        and kind[1][0] == "object"
    )


def entry(name: str, entries: Mapping[str, Entry], prefix: str) -> Entry:
    """What the table says about an attribute; the convention, where it says nothing."""
    found = entries.get(name)
    if found is None and prefix == "properties.":
        found = EVERYWHERE.get(name)
    if found is None:
        found = prefix + camel(name)
    return found


def as_block(found: Entry, name: str, prefix: str) -> Block | None:
    """The entry as a block; None when Azure does not know it."""
    if isinstance(found, Block):
        if found.at is not None:
            return found
        return Block(
            prefix + camel(name), found.fields, found.inner, found.on, found.off, found.writable
        )
    if isinstance(found, Field):
        return Block(found.path, writable=found.writable) if found.path is not None else None
    return Block(found)


def as_field(found: Entry) -> Field:
    if isinstance(found, Block):
        raise TypeError(f"A block ({found.at}) is in the place of an attribute.")
    return Field(found) if isinstance(found, str) else found


def inner_rules(rule: Object) -> Object:
    inner = rule.get("elem")
    return inner if isinstance(inner, dict) else {}


def attribute(
    name: str, spec: Object, rule: Object, entries: Mapping[str, Entry], prefix: str
) -> Node:
    found = entry(name, entries, prefix)
    common: dict[str, Any] = {flag: bool(spec.get(flag)) for flag in FLAGS}
    common |= {"default": rule.get("default"), "force_new": bool(rule.get("force_new"))}
    kind = spec["type"]
    if not is_object_list(kind):
        return Node(name, kind, as_field(found), **common)
    block = as_block(found, name, prefix)
    members = {key: {"type": inner, "optional": True} for key, inner in kind[1][1].items()}
    return Node(
        name,
        kind,
        block=block,
        children=build({"attributes": members}, inner_rules(rule), block) if block else (),
        nesting=kind[0],
        single=rule.get("max") == 1,
        **common,
    )


def nested(
    name: str, spec: Object, rule: Object, entries: Mapping[str, Entry], prefix: str
) -> Node:
    if name == TIMEOUTS:
        return Node(name, nesting="single", is_block=True)
    block = as_block(entry(name, entries, prefix), name, prefix)
    return Node(
        name,
        block=block,
        children=build(spec["block"], inner_rules(rule), block or Block("")),
        nesting=spec["nesting_mode"],
        is_block=True,
        single=spec["nesting_mode"] == "single" or spec.get("max_items") == 1,
        required=spec.get("min_items", 0) > 0,
        computed=bool(rule.get("computed")),
        force_new=bool(rule.get("force_new")),
    )


def build(
    schema: Object, rules: Object, table: Block, prefix: str | None = None
) -> tuple[Node, ...]:
    """The nodes of one block; `prefix` is where attributes without an entry live."""
    start = table.inner if prefix is None else prefix
    attributes = [
        attribute(name, spec, rules.get(name) or {}, table.fields, start)
        for name, spec in schema.get("attributes", {}).items()
    ]
    blocks = [
        nested(name, spec, rules.get(name) or {}, table.fields, start)
        for name, spec in schema.get("block_types", {}).items()
    ]
    return (*attributes, *blocks)


def conform(nodes: tuple[Node, ...], value: Object | None) -> Object:
    """Exactly the attributes of the schema: what is missing is null, what is unknown is dropped."""
    given = value or {}
    return {node.name: conform_member(node, given.get(node.name)) for node in nodes}


def conform_member(node: Node, member: Any) -> Any:
    if member is None:
        return node.nothing
    if node.children and isinstance(member, list):
        return [
            conform(node.children, element) if isinstance(element, dict) else element
            for element in member
        ]
    if node.children and isinstance(member, dict):
        return conform(node.children, member)
    return member
