"""
Draw what waits for what in each Terraform stack, or say which picture is stale.

    python scripts/resource_graph.py            says what is stale, and ends with 1
    python scripts/resource_graph.py --write    draws docs/pictures/<stack>.svg
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts.check_terraform import laboratory

PICTURES = Path(__file__).parents[1] / "docs/pictures"
STACKS = ("foundation", "platform")
NODE = re.compile(r'^\s*"([^"]+)" \[label=')
EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)"')

ROW, COLUMN, BOX_WIDTH, BOX_HEIGHT, TOP, LEFT = 40, 370, 312, 32, 64, 20
COLOURS = ("#dbeafe", "#ede9fe", "#ccfbf1", "#ffedd5", "#dcfce7", "#fce7f3", "#fef9c3", "#e0e7ff")
GREY = "#e5e7eb"  # Of what stands in no module.
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
  font-family="system-ui, sans-serif" font-size="12">
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="{left}" y="24" font-size="15" font-weight="600">terraform/{stack}</text>
<text x="{left}" y="44" fill="#475569">{said}</text>"""


@dataclass(frozen=True)
class Graph:
    """Resources by address, and what each waits for."""

    needs: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, dot: str) -> "Graph":
        """From what `terraform graph` prints; what is only read (data) is left out."""
        lines = dot.splitlines()
        nodes = [found[1] for line in lines if (found := NODE.match(line))]
        needs: dict[str, set[str]] = {node: set() for node in nodes if not is_data(node)}
        for line in lines:
            found = EDGE.match(line)
            if found and not is_data(found[1]) and not is_data(found[2]):
                needs.setdefault(found[1], set()).add(found[2])
                needs.setdefault(found[2], set())
        return cls({node: frozenset(other) for node, other in needs.items()})

    @cached_property
    def depth(self) -> Mapping[str, int]:
        """How many others come one after the other before it."""
        depth: dict[str, int] = {}

        def of(node: str) -> int:
            if node not in depth:
                depth[node] = 1 + max((of(need) for need in self.needs[node]), default=-1)
            return depth[node]

        for node in self.needs:
            of(node)
        return depth

    @cached_property
    def edges(self) -> list[tuple[str, str]]:
        """From what waits to what it waits for, without those that a longer way implies."""
        return [
            (node, need)
            for node, needs in sorted(self.needs.items())
            for need in sorted(needs)
            if not any(need in self._before(other) for other in needs - {need})
        ]

    def _before(self, node: str) -> set[str]:
        found = set(self.needs[node])
        for need in self.needs[node]:
            found |= self._before(need)
        return found

    def longest(self, seconds: Mapping[str, float]) -> tuple[float, list[str]]:
        """The chain whose durations sum up to the most, first resource first."""
        best: dict[str, tuple[float, list[str]]] = {}
        for node in sorted(self.needs, key=lambda node: self.depth[node]):
            before = max((best[need] for need in self.needs[node]), default=(0.0, []))
            best[node] = (before[0] + seconds.get(node, 0.0), [*before[1], node])
        return max(best.values(), default=(0.0, []))


def is_data(address: str) -> bool:
    return "data." in f".{address}".replace(".data.", "data.")


def short(address: str) -> tuple[str, str]:
    """Module and resource, without what every name begins with."""
    *modules, kind, name = address.split(".")
    module = " ".join(part for part in modules if part != "module")
    kind = kind.removeprefix("azurerm_").replace("_", " ")
    return module, kind if name == "this" else f"{kind}: {name}"


def columns(graph: Graph) -> list[list[str]]:
    """Resources by depth, each near those that it waits for."""
    found: dict[int, list[str]] = defaultdict(list)
    for node, depth in graph.depth.items():
        found[depth].append(node)
    ordered = [
        sorted(found[depth], key=lambda node: (short(node)[0], node)) for depth in sorted(found)
    ]
    for before, here in pairwise(ordered):
        place = {node: index for index, node in enumerate(before)}

        def near(node: str, place: Mapping[str, int] = place) -> tuple[float, str]:
            at = [place[need] for need in graph.needs[node] if need in place]
            return (sum(at) / len(at) if at else len(place), node)

        here.sort(key=near)
    return ordered


def svg(stack: str, graph: Graph) -> str:
    """What waits for what, from left to right; a colour for each module."""
    ordered = columns(graph)
    modules = sorted({short(node)[0] for node in graph.needs} - {""})
    colour = {module: COLOURS[index % len(COLOURS)] for index, module in enumerate(modules)}
    place = {
        node: (LEFT + x * COLUMN, TOP + y * ROW)
        for x, column in enumerate(ordered)
        for y, node in enumerate(column)
    }
    width = LEFT * 2 + COLUMN * (len(ordered) - 1) + BOX_WIDTH
    height = TOP + ROW * max(map(len, ordered)) + 12
    said = f"{len(graph.needs)} kinds of resources, at most {len(ordered)} one after the other"
    parts = [HEAD.format(width=width, height=height, left=LEFT, stack=stack, said=said)]
    parts += [line(place[need], place[node]) for node, need in graph.edges]
    for node, (x, y) in place.items():
        parts += box(node, x, y, colour)
    return "\n".join([*parts, "</svg>", ""])


def line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT // 2
    bend = f"M{x1},{y1} C{x1 + 30},{y1} {x2 - 30},{y2} {x2},{y2}"
    return f'<path d="{bend}" fill="none" stroke="#94a3b8" stroke-width="1.2"/>'


def box(node: str, x: int, y: int, colour: Mapping[str, str]) -> Iterator[str]:
    module, resource = short(node)
    fill = colour.get(module, GREY)
    yield f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="5" fill="{fill}"/>'
    where = escape(module or "the stack itself")
    yield f'<text x="{x + 8}" y="{y + 13}" font-size="10" fill="#475569">{where}</text>'
    yield f'<text x="{x + 8}" y="{y + 26}">{escape(resource)}</text>'


def pictures() -> Iterator[tuple[Path, str]]:
    with laboratory() as terraform:
        for stack in STACKS:
            for arguments in (("init", "-backend=false", "-input=false", "-no-color"), ("graph",)):
                code, text = terraform(stack, *arguments)
                if code:
                    raise SystemExit(text)
            yield PICTURES / f"{stack}.svg", svg(stack, Graph.read(text))


def main(arguments: list[str]) -> int:
    stale = [
        (file, text) for file, text in pictures() if not file.exists() or file.read_text() != text
    ]
    for file, text in stale:
        if "--write" in arguments:
            file.write_text(text)
        else:
            sys.stdout.write(f"docs/pictures/{file.name} is stale\n")
    if stale and "--write" not in arguments:
        sys.stdout.write("Draw them: python scripts/resource_graph.py --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
