"""
Write the README of each Terraform module and stack from its code, or say which are stale.

    python scripts/module_docs.py            says what is stale, and ends with 1
    python scripts/module_docs.py --write    writes it

What stands above the mark is a person's; the rest is generated. The first comment of `main.tf` says
what a module is for.
"""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "terraform"
MARK = "<!-- Generated from the code by scripts/module_docs.py; change the code instead. -->"
STACKS = ("bootstrap", "foundation", "platform")

QUOTED = '\\"'  # The parser leaves a text its own quotes.

Block = dict[str, Any]


@dataclass(frozen=True)
class Module:
    """The Terraform code of one folder."""

    folder: Path
    code: str
    blocks: dict[str, list[Block]]

    @classmethod
    def read(cls, folder: Path) -> "Module":
        files = [path.read_text() for path in sorted(folder.glob("*.tf"))]
        blocks: dict[str, list[Block]] = {}
        for text in files:
            for kind, found in hcl2.loads(text).items():
                blocks.setdefault(kind, []).extend(found)
        return cls(folder, "\n".join(files), blocks)

    def named(self, kind: str) -> list[tuple[str, Block]]:
        """Blocks with one label, by name."""
        pairs = [pair for block in self.blocks.get(kind, []) for pair in block.items()]
        return sorted((plain(name), content) for name, content in pairs)

    def resources(self) -> list[str]:
        """Addresses of what is made, and of what is only read."""
        made = [
            f"{plain(kind)}.{plain(name)}"
            for block in self.blocks.get("resource", [])
            for kind, things in block.items()
            for name in things
        ]
        read = [
            f"data.{plain(kind)}.{plain(name)}"
            for block in self.blocks.get("data", [])
            for kind, things in block.items()
            for name in things
        ]
        return sorted(made) + sorted(read)

    def purpose(self) -> str:
        """The first comment of main.tf."""
        lines = []
        for line in (self.folder / "main.tf").read_text().splitlines():
            if not line.startswith("#"):
                break
            lines.append(line.removeprefix("#").strip())
        return " ".join(lines)

    def type_of(self, variable: str) -> str:
        """The type as it is written, for an object is best read in the lines it was written in."""
        start = re.search(
            rf'^variable "{variable}" {{$.*?^  type += ', self.code, re.MULTILINE | re.DOTALL
        )
        return expression(self.code[start.end() :]) if start else "any"


def plain(text: str) -> str:
    return text.strip('"')


def expression(text: str) -> str:
    """From here to where its brackets are closed and the line ends."""
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "\n" and not depth:
            return text[:at]
    return text


def said(block: Block) -> str:
    return plain(str(block.get("description", ""))).replace('\\"', '"').replace("|", "\\|")


def default(block: Block) -> str:
    if "default" not in block:
        return "required"
    value = block["default"]
    if isinstance(value, str):
        return f"`{value.removeprefix('${').removesuffix('}')}`"
    return f"`{json.dumps(value).replace(QUOTED, '')}`"


def lines(module: Module) -> Iterator[str]:
    yield MARK
    yield ""
    yield module.purpose()
    if modules := module.named("module"):
        yield "\n## Modules\n"
        for name, block in modules:
            yield f"- `{name}`: [{plain(block['source'])}]({plain(block['source'])}/README.md)"
    if resources := module.resources():
        yield "\n## Resources\n"
        yield from (f"- `{address}`" for address in resources)
    if variables := module.named("variable"):
        yield "\n## Variables\n"
        for name, block in variables:
            yield from variable(module, name, block)
    if outputs := module.named("output"):
        yield "\n## Outputs\n"
        yield "| name | what it is |\n|---|---|"
        for name, block in outputs:
            hidden = " Sensitive." if block.get("sensitive") else ""
            yield f"| `{name}` | {said(block)}{hidden} |"


def variable(module: Module, name: str, block: Block) -> Iterator[str]:
    """One entry; an object's type stands below it, as it is written in the code."""
    kind = module.type_of(name)
    if "\n" not in kind:
        yield f"- **`{name}`** (`{kind}`, {default(block)}): {said(block)}"
        return
    yield f"- **`{name}`** ({default(block)}): {said(block)}\n\n  ```hcl"
    yield from (f"  {line.removeprefix('  ')}".rstrip() for line in kind.splitlines())
    yield "  ```\n"


def document(folder: Path) -> str:
    """The whole README: what a person wrote above the mark, then what follows from the code."""
    file = folder / "README.md"
    before = file.read_text().split(MARK)[0] if file.exists() else f"# {folder.name}\n\n"
    return before + "\n".join(lines(Module.read(folder))) + "\n"


def folders() -> list[Path]:
    modules = sorted(path.parent for path in SOURCE.glob("modules/*/main.tf"))
    return [*(SOURCE / name for name in STACKS if (SOURCE / name / "main.tf").exists()), *modules]


def main(arguments: list[str]) -> int:
    stale = []
    for folder in folders():
        file, wanted = folder / "README.md", document(folder)
        if file.exists() and file.read_text() == wanted:
            continue
        stale.append(str(file.relative_to(PROJECT)))
        if "--write" in arguments:
            file.write_text(wanted)
    if stale and "--write" not in arguments:
        sys.stdout.write("Stale: " + ", ".join(stale) + "\n")
        sys.stdout.write("Write them: python scripts/module_docs.py --write\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
