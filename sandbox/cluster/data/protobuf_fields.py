"""Renew kubernetes-protobuf-fields.json.gz from checkouts of k8s.io/api and k8s.io/apimachinery."""

import gzip
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parent / "kubernetes-protobuf-fields.json.gz"

SCALARS = {
    "bool",
    "bytes",
    "double",
    "float",
    "int32",
    "int64",
    "string",
    "uint32",
    "uint64",
}
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
PACKAGE = re.compile(r"^package\s+([\w.]+);", re.MULTILINE)
MESSAGE = re.compile(r"^message\s+(\w+)\s*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(
    r"(?:(optional|repeated|required)\s+([\w.]+)|map<\s*string\s*,\s*([\w.]+)\s*>)"
    r"\s+(\w+)\s*=\s*(\d+)"
)

Fields = dict[str, tuple[str, str, int]]


def messages(text: str) -> Iterator[tuple[str, Fields]]:
    """Each message of a file with its fields: number -> JSON name, type, repeated."""
    text = COMMENT.sub("", text)
    package = PACKAGE.search(text)
    if package is None:
        return

    def full(kind: str) -> str:
        kind = kind.removeprefix(".")
        return kind if kind in SCALARS or "." in kind else f"{package[1]}.{kind}"

    for name, body in MESSAGE.findall(text):
        fields: Fields = {}
        for label, kind, values, field, number in FIELD.findall(body):
            shown = f"map:{full(values)}" if values else full(kind)
            fields[number] = (field, shown, int(label == "repeated"))
        yield f"{package[1]}.{name}", fields


def table(checkouts: list[Path]) -> dict[str, Fields]:
    """The messages of every generated.proto below the checkouts."""
    found: dict[str, Fields] = {}
    for checkout in checkouts:
        for path in sorted(checkout.rglob("generated.proto")):
            found.update(messages(path.read_text()))
    return found


def main(arguments: list[str]) -> None:
    if not arguments:
        sys.exit("usage: protobuf_fields.py <checkout of k8s.io/api> <of k8s.io/apimachinery>")
    found = table([Path(argument) for argument in arguments])
    if not found:
        sys.exit("No generated.proto was found: name checkouts of k8s.io/api and apimachinery.")
    text = json.dumps(found, separators=(",", ":"), sort_keys=True)
    TABLE.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(found)} messages -> {TABLE.name}")  # noqa: T201 (a program)


if __name__ == "__main__":
    main(sys.argv[1:])
