"""
What Terraform would change: the rules of the SDK that azurerm is built on.

Null and zero are one value to that SDK, defaults may stand on attributes that are not computed, and
a value that Azure spells differently keeps the spelling of state. Terraform accepts such plans from
providers of the "legacy type system".
"""

from collections.abc import Sequence
from typing import Any

from sandbox.terraform_provider.errors import Path
from sandbox.terraform_provider.tree import TIMEOUTS, Node
from sandbox.terraform_provider.values import UNKNOWN, Object, is_zero, same

KEYS = ("name", "category", "service", "id", "key")


class Planner:
    """Plans one object; collects the paths whose change needs a new object."""

    def __init__(self, *, existing: bool) -> None:
        self.existing = existing
        self.replacements: list[Path] = []

    def object(
        self, nodes: Sequence[Node], config: Object, prior: Object | None, path: Path = ()
    ) -> Object:
        return {node.name: self.member(node, config, prior, (*path, node.name)) for node in nodes}

    def member(self, node: Node, config: Object, prior: Object | None, path: Path) -> Any:
        wanted, before = config.get(node.name), (prior or {}).get(node.name)
        if node.name == TIMEOUTS:
            return wanted
        if node.write_only:
            return None
        if node.children and is_written(node, wanted):
            value = self.elements(node, wanted, before, path)
        elif node.is_block and wanted is not UNKNOWN:
            value = self.omitted_block(node, before)
        elif wanted is None:
            value = self.omitted_attribute(node, prior, before)
        else:
            value = spelled_like(node, wanted, before)
        if self.existing and node.force_new and is_replaced(node, wanted, before, value):
            self.replacements.append(path)
        return value

    def elements(self, node: Node, wanted: Any, before: Any, path: Path) -> Any:
        """The elements of a block, each planned against the one that it continues."""
        if node.nesting == "single":
            return self.object(node.children, wanted, before, path)
        olds = before if isinstance(before, list) else []
        partners = pair(node, wanted, olds)
        if node.ordered:
            return [
                self.element(node, element, partner, (*path, index))
                for index, (element, partner) in enumerate(zip(wanted, partners, strict=True))
            ]
        inner = Planner(existing=self.existing)
        planned = [
            inner.element(node, element, partner, path)
            for element, partner in zip(wanted, partners, strict=True)
        ]
        if inner.replacements and not same(planned, olds, ordered=False):
            self.replacements.append(path)  # No path can name an element of a set.
        return planned

    def element(self, node: Node, wanted: Any, before: Object | None, path: Path) -> Any:
        return UNKNOWN if wanted is UNKNOWN else self.object(node.children, wanted, before, path)

    def omitted_block(self, node: Node, before: Any) -> Any:
        if node.computed and before:
            return before
        if node.computed and not self.existing:
            return UNKNOWN
        return node.nothing

    def omitted_attribute(self, node: Node, prior: Object | None, before: Any) -> Any:
        if node.default is not None:
            return node.default
        if node.computed:
            return UNKNOWN if prior is None else before
        return before if is_zero(before) else None


def is_written(node: Node, wanted: Any) -> bool:
    """Whether the configuration has the block; an empty list counts where it is an attribute."""
    if wanted is UNKNOWN or wanted is None:
        return False
    return bool(wanted) or not node.is_block


def spelled_like(node: Node, wanted: Any, before: Any) -> Any:
    """The wanted value, in the spelling of state when it means the same."""
    if wanted is UNKNOWN:
        return UNKNOWN
    value = node.place.codec.normalize(wanted)
    if before is not None and same(value, before, ordered=node.ordered):
        return before
    return value


def is_replaced(node: Node, wanted: Any, before: Any, value: Any) -> bool:
    if value is UNKNOWN:
        return wanted is UNKNOWN or not node.computed
    if node.children:
        return bool(before) != bool(value)
    return not same(before, value, ordered=node.ordered)


def pair(node: Node, elements: list[Any], olds: list[Any]) -> list[Object | None]:
    """The old element that each new one continues: lists by place, sets by name or likeness."""
    if node.ordered:
        return [olds[index] if index < len(olds) else None for index in range(len(elements))]
    return match(node.children, elements, olds)


def match(nodes: Sequence[Node], elements: list[Any], olds: list[Any]) -> list[Object | None]:
    names = {node.name for node in nodes}
    key = next((name for name in KEYS if name in names), None)
    left = [old for old in olds if isinstance(old, dict)]
    partners: list[Object | None] = []
    for element in elements:
        partner = best(nodes, key, element, left) if isinstance(element, dict) else None
        if partner is not None:
            left.remove(partner)
        partners.append(partner)
    return partners


def best(
    nodes: Sequence[Node], key: str | None, element: Object, candidates: list[Object]
) -> Object | None:
    """The candidate with the same key that has most in common."""

    def likeness(old: Object) -> int:
        members = [name.name for name in nodes if not is_zero(element.get(name.name))]
        return sum(same(element[name], old.get(name), ordered=False) for name in members)

    possible = [old for old in candidates if key is None or same(old.get(key), element.get(key))]
    return max(possible, key=likeness, default=None)
