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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts.check_terraform import laboratory

PICTURES = Path(__file__).parents[1] / "docs/pictures"
STACKS = ("foundation", "platform")
NODE = re.compile(r'^\s*"([^"]+)" \[label=')
EDGE = re.compile(r'^\s*"([^"]+)" -> "([^"]+)"')

ROW, COLUMN, BOX_WIDTH, BOX_HEIGHT, TOP, LEFT, NAME, GAP = 30, 412, 352, 24, 60, 20, 22, 8
COLOURS = (  # Of a lane, and of the lines that leave it.
    ("#dbeafe", "#2563eb"),
    ("#ede9fe", "#7c3aed"),
    ("#ccfbf1", "#0d9488"),
    ("#ffedd5", "#ea580c"),
    ("#dcfce7", "#16a34a"),
    ("#fce7f3", "#db2777"),
    ("#fef9c3", "#a16207"),
    ("#e5e7eb", "#475569"),
)
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


def lane(address: str) -> str:
    """The module of the stack that a resource belongs to; empty for the stack's own."""
    return short(address)[0].partition(" ")[0]


def lanes(graph: Graph) -> list[str]:
    """Modules in an order in which each follows soon after those that it waits for."""
    waits: dict[str, set[str]] = {lane(node): set() for node in graph.needs}
    for node, need in graph.edges:
        waits[lane(node)] |= {lane(need)} - {lane(node)}
    placed: list[str] = []

    def soon(module: str) -> tuple[bool, int, str]:
        """Those whose wait is over, and of these the one that waited for the latest."""
        last = max((placed.index(other) for other in waits[module] & {*placed}), default=-1)
        return bool(waits[module] - {*placed}), -last, module

    while left := waits.keys() - {*placed}:
        placed.append(min(left, key=soon))
    return placed


def places(graph: Graph) -> Iterator[tuple[str, list[tuple[str, int, int]]]]:
    """For each lane its resources, with column (how many come before) and row."""
    for module in lanes(graph):
        rows: dict[str, int] = {}
        filled: dict[int, int] = defaultdict(int)
        own = [node for node in graph.needs if lane(node) == module]

        def near(node: str, rows: Mapping[str, int] = rows) -> tuple[int, float, str]:
            at = [rows[need] for need in graph.needs[node] if need in rows]
            return graph.depth[node], sum(at) / len(at) if at else len(rows), node

        while left := [node for node in own if node not in rows]:
            node = min(left, key=near)
            rows[node] = filled[graph.depth[node]]
            filled[graph.depth[node]] += 1
        yield module, [(node, graph.depth[node], row) for node, row in rows.items()]


def svg(stack: str, graph: Graph) -> str:
    """What waits for what, from left to right; a lane for each module."""
    steps = 1 + max(graph.depth.values())
    width = LEFT * 2 + COLUMN * (steps - 1) + BOX_WIDTH
    bands, boxes, height = [], [], TOP
    place: dict[str, tuple[int, int]] = {}
    for index, (module, resources) in enumerate(places(graph)):
        fill, _ = COLOURS[index % len(COLOURS)]
        rows = 1 + max(row for _, _, row in resources)
        bands += list(band(module, height, rows, fill, width))
        for node, column, row in resources:
            place[node] = (LEFT + column * COLUMN, height + NAME + row * ROW)
            boxes += list(box(node, *place[node]))
        height += NAME + rows * ROW + GAP
    dark = {module: COLOURS[index % len(COLOURS)][1] for index, module in enumerate(lanes(graph))}
    lines = [line(place[need], place[node], dark[lane(need)]) for node, need in graph.edges]
    said = f"{len(graph.needs)} kinds of resources, at most {steps} one after the other"
    head = HEAD.format(width=width, height=height, left=LEFT, stack=stack, said=said)
    return "\n".join([head, *bands, *lines, *boxes, "</svg>", ""])


def band(module: str, y: int, rows: int, fill: str, width: int) -> Iterator[str]:
    """What lies behind a lane, with its name."""
    size = f'width="{width - LEFT}" height="{NAME + rows * ROW}"'
    name = escape(module or "the stack itself")
    yield f'<rect x="{LEFT // 2}" y="{y}" {size} rx="6" fill="{fill}"/>'
    yield f'<text x="{LEFT}" y="{y + 15}" font-weight="600" fill="#334155">{name}</text>'


def line(start: tuple[int, int], end: tuple[int, int], colour: str) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT // 2
    bend = f"M{x1},{y1} C{x1 + 30},{y1} {x2 - 30},{y2} {x2},{y2}"
    return f'<path d="{bend}" fill="none" stroke="{colour}" stroke-width="1.3"/>'


def box(node: str, x: int, y: int) -> Iterator[str]:
    size = f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}"'
    yield f'<rect x="{x}" y="{y}" {size} rx="4" fill="#ffffff" stroke="#cbd5e1"/>'
    yield f'<text x="{x + 8}" y="{y + 16}">{escape(short(node)[1])}</text>'


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
