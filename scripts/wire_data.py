"""
Turn measured notes of what azurerm asks for into the data of the wire test.

    python scripts/wire_data.py notes.md > tests/sandbox/wire/azurerm-5.2.0.json

The notes were made with terraform-provider-azurerm 5.2.0 (built from its source) and Terraform
1.11.4 against a recording server, one resource at a time. They hold a table of the status codes
that the provider's SDK accepts for each operation (`L`: the answer is polled), and under a heading
for each resource type the requests in their order, with `~` for `providers/Microsoft.` and
`{sub}`, `{rg}` for the ids above. Only these facts are carried over.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

VERBS = ("GET", "PUT", "PATCH", "POST", "DELETE")
ROW = re.compile(r"^\| `(?P<path>[^`]+)` \| (?P<api>[\w-]+) \|(?P<cells>(?:[^|]*\|){5})$")
HEADING = re.compile(r"^### (?P<data>data )?(?P<type>azurerm_\w+)")
REQUEST = re.compile(
    r"^  (?P<verb>[A-Z]+)(?P<bare>\(no bearer\))? (?P<path>.+) \[(?P<api>[\w.-]+)\] => "
    r"(?P<status>\d{3})(?: x(?P<times>\d+))?$"
)


def whole(path: str) -> str:
    return path.replace("~", "providers/Microsoft.")


def accepted(cell: str) -> dict[str, Any]:
    """`200,201 L` as statuses, and whether the answer is polled."""
    codes = [int(code) for code in re.findall(r"\d{3}", cell)]
    return {"accepts": codes, "polled": "L" in cell}


def operations(lines: list[str]) -> list[dict[str, Any]]:
    found = []
    for row in filter(None, map(ROW.match, lines)):
        cells = row["cells"].split("|")
        verbs = {
            verb: accepted(cell) for verb, cell in zip(VERBS, cells, strict=False) if cell.strip()
        }
        found.append({"path": whole(row["path"]), "api": row["api"], "verbs": verbs})
    return found


def sequences(lines: list[str]) -> list[dict[str, Any]]:
    """Per heading: what was asked while creating (or reading) and while destroying."""
    found: list[dict[str, Any]] = []
    part = ""
    for line in lines:
        heading, request = HEADING.match(line), REQUEST.match(line)
        if line.startswith("## "):
            part = ""
        elif heading:
            part = "create"
            kind = "data" if heading["data"] else "resource"
            found.append({"kind": kind, "type": heading["type"], "create": [], "destroy": []})
        elif line.startswith("  -- destroy"):
            part = "destroy"
        elif request and part:
            found[-1][part].append(asked(request))
    return found


def asked(request: re.Match[str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "verb": request["verb"],
        "path": whole(request["path"]),
        "api": request["api"],
        "status": int(request["status"]),
    }
    if request["times"]:
        made["times"] = int(request["times"])
    return made | ({"bare": True} if request["bare"] else {})


def main(notes: str) -> None:
    lines = Path(notes).read_text().splitlines()
    data = {
        "origin": "measured with azurerm 5.2.0 and Terraform 1.11.4; see scripts/wire_data.py",
        "operations": operations(lines),
        "sequences": sequences(lines),
    }
    text = json.dumps(data, indent=None, separators=(",", ":"))
    # One line for each operation and request, so that a change can be read.
    sys.stdout.write(re.sub(r'(?<=[\[,])(\{"(?:path|verb|kind)")', r"\n\1", text) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
