"""
What values.yaml says of itself, as values.schema.json and as tables in README.md.

Above a key stand its description (`# -- ...`) and, where its value does not tell its form,
`# @schema {...}`: JSON schema on one line, in which `$ref` names an entry of
charts/definitions.yaml, `each` with `of` or `names` is the form of all entries of a map, and a
list tells its `items`.

    python scripts/chart_values.py            write both
    python scripts/chart_values.py --check    say what is stale
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).parents[1] / "charts"
NAMES = ("platform", "s3proxy", "supabase")
BEGIN, END = "<!-- values: begin -->", "<!-- values: end -->"
MARK = re.compile(r"(begin|end) of what \S+ writes")  # Of programs that write a part of the file.
LONGEST = 150  # Signs of a default that a table still shows.
TYPES = {"bool": "boolean", "int": "integer", "float": "number", "str": "string"}

Schema = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One key of values.yaml: what is said about it, and its default."""

    path: str
    description: str
    told: Schema
    node: yaml.Node

    @property
    def default(self) -> Any:
        return yaml.constructor.SafeConstructor().construct_document(self.node)

    def children(self, lines: list[str]) -> Iterator["Entry"]:
        if not isinstance(self.node, yaml.MappingNode):
            return
        for key, value in self.node.value:
            path = f"{self.path}.{key.value}".lstrip(".")
            yield Entry(path, *comment(lines, key.start_mark.line, path), value)

    @property
    def is_section(self) -> bool:
        """Whether its keys are described one by one."""
        is_filled = isinstance(self.node, yaml.MappingNode) and bool(self.node.value)
        return is_filled and not {"$ref", "each", "additionalProperties"} & set(self.told)


def comment(lines: list[str], line: int, path: str) -> tuple[str, Schema]:
    """Description and form in the comment right above a line."""
    above: list[str] = []
    while line and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        above.insert(0, lines[line].lstrip().removeprefix("#").strip())
    starts = [number for number, text in enumerate(above) if text.startswith("-- ")]
    told = [text.removeprefix("@schema ") for text in above if text.startswith("@schema ")]
    rest = above[starts[-1] if starts else 0 :]
    words = [text for text in rest if not text.startswith("@") and not MARK.fullmatch(text)]
    try:
        form = yaml.safe_load(told[-1]) if told else {}
    except yaml.YAMLError as error:
        raise SystemExit(f"{path}: its @schema is no YAML: {error}") from error
    return " ".join(words).removeprefix("-- ").strip(), form


def load(chart: str) -> tuple[Entry, list[str]]:
    text = (CHARTS / chart / "values.yaml").read_text()
    node = yaml.compose(text)
    if node is None:
        raise SystemExit(f"charts/{chart}/values.yaml is empty.")
    return Entry("", f"Values of the chart {chart}", {}, node), text.splitlines()


def definitions() -> dict[str, Schema]:
    found: dict[str, Schema] = yaml.safe_load((CHARTS / "definitions.yaml").read_text())
    return found


# --- Schema ------------------------------------------------------------------------------------


def linked(form: Any) -> Any:
    """The same form with JSON schema's references; draft 7 looks at nothing beside one."""
    if isinstance(form, list):
        return [linked(item) for item in form]
    if not isinstance(form, dict):
        return form
    rest = {key: linked(value) for key, value in form.items() if key != "$ref"}
    if "$ref" not in form:
        return rest
    reference = {"$ref": f"#/$defs/{form['$ref']}"}
    if set(rest) <= {"description"}:
        return {**rest, **reference}
    return {"allOf": [reference, rest]}


def schema_of(entry: Entry, lines: list[str], shared: dict[str, Schema]) -> Schema:
    if not entry.description:
        raise SystemExit(f"{entry.path} has no description: write `# -- ...` above it.")
    about = {"description": entry.description}
    if "each" in entry.told:
        return about | each(entry.told, shared)
    if "$ref" in entry.told:
        form: Schema = linked(about | entry.told)
        return form
    if entry.is_section:
        parts = {
            child.path.rpartition(".")[2]: schema_of(child, lines, shared)
            for child in entry.children(lines)
        }
        closed = {"type": "object", "additionalProperties": False, "required": list(parts)}
        return about | closed | {"properties": parts}
    return {**about, **kind(entry), **linked(entry.told)}


def kind(entry: Entry) -> Schema:
    """The type that a default has, where nothing else is told."""
    if isinstance(entry.node, yaml.MappingNode):
        return {"type": "object"}
    if isinstance(entry.node, yaml.SequenceNode):
        if "items" not in entry.told:
            raise SystemExit(f"{entry.path} is a list: say `# @schema {{items: ...}}` above it.")
        return {"type": "array"}
    is_typed = "enum" in entry.told or "type" in entry.told
    return {} if is_typed else {"type": TYPES[entry.node.tag.rpartition(":")[2]]}


def each(told: Schema, shared: dict[str, Schema]) -> Schema:
    """A map whose entries are alike, with known names or names of one form."""
    reference = {"$ref": f"#/$defs/{told['each']}"}
    closed: Schema = {"type": "object", "additionalProperties": False}
    if "names" in told:
        return closed | {"patternProperties": {told["names"]: reference}}
    about = shared[told["each"]]["description"]
    named = {name: {"description": f"{name}: {about}", **reference} for name in told["of"]}
    return closed | {"properties": named}


def used(form: Any, shared: dict[str, Schema]) -> dict[str, Schema]:
    """The shared forms that a schema refers to, and those that they refer to."""
    found: dict[str, Schema] = {}
    waiting = [form]
    while waiting:
        item = waiting.pop()
        waiting += (
            item.values() if isinstance(item, dict) else item if isinstance(item, list) else []
        )
        name = item.get("$ref", "") if isinstance(item, dict) else ""
        name = name.rpartition("/")[2] if isinstance(name, str) else ""
        if name and name not in found:
            found[name] = linked(shared[name])
            waiting.append(found[name])
    return dict(sorted(found.items()))


def schema(chart: str) -> str:
    top, lines = load(chart)
    shared = definitions()
    body = schema_of(top, lines, shared)
    title = {"$schema": "http://json-schema.org/draft-07/schema#", "title": body.pop("description")}
    return json.dumps(title | body | {"$defs": used(body, shared)}, indent=2) + "\n"


# --- README ------------------------------------------------------------------------------------


def table(entries: list[Entry]) -> str:
    rows = [f"| `{entry.path}` | {shown(entry)} | {cell(entry.description)} |" for entry in entries]
    return "\n".join(["| value | default | |", "|---|---|---|", *rows])


def cell(text: str) -> str:
    return text.replace("|", "\\|")


def shown(entry: Entry) -> str:
    """A default as it fits into a cell."""
    default = entry.default
    if isinstance(default, dict) and "image" in default:
        off = "" if default.get("enabled", True) else "off; "
        return f"{off}`{default['image']}`"
    if default in ("", [], {}):
        return ""
    text = cell(json.dumps(default).strip('"'))
    return f"`{text}`" if len(text) <= LONGEST else f"{len(default)} entries"


def leaves(entry: Entry, lines: list[str]) -> Iterator[Entry]:
    for child in entry.children(lines):
        if child.is_section:
            yield from leaves(child, lines)
        else:
            yield child


def readme_part(chart: str) -> str:
    """All values as tables: those at the top, then one table for each section."""
    top, lines = load(chart)
    children = list(top.children(lines))
    parts = [table([child for child in children if not child.is_section])]
    for child in children:
        if child.is_section:
            parts += [f"### `{child.path}`", child.description, table(list(leaves(child, lines)))]
    return "\n\n".join(parts)


def readme(chart: str) -> str:
    """README.md with its values as they are now; the rest is written by hand."""
    text = (CHARTS / chart / "README.md").read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"charts/{chart}/README.md: mark the place of the values, {BEGIN} {END}.")
    return f"{head}{BEGIN}\n\n{readme_part(chart)}\n\n{END}{tail}"


# --- Both --------------------------------------------------------------------------------------


def generated(chart: str) -> dict[Path, str]:
    """What follows from values.yaml, by file."""
    folder = CHARTS / chart
    return {folder / "values.schema.json": schema(chart), folder / "README.md": readme(chart)}


def stale(chart: str) -> list[str]:
    """Files that say something else than values.yaml."""
    return [
        f"charts/{chart}/{path.name}"
        for path, text in generated(chart).items()
        if path.read_text() != text
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Schema and tables of our charts' values.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if stale")
    parser.add_argument("charts", nargs="*", default=NAMES, help="which; all if none")
    options = parser.parse_args()
    behind = [name for chart in options.charts for name in stale(chart)]
    if options.check:
        for name in behind:
            sys.stdout.write(f"{name} is stale: run `python scripts/chart_values.py`.\n")
        return 1 if behind else 0
    for chart in options.charts:
        for path, text in generated(chart).items():
            path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
