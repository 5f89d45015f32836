"""
Renew the schema from a machine that has the real provider.

    terraform providers schema -json > schema.json
    python -m sandbox.terraform_provider.renew_schema schema.json

Keeps the types that are there already, and drops descriptions: they are most of the size. An object
type may have an *attribute* called `description`; it stays.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from sandbox.terraform_provider import catalog

ADDRESS = "registry.terraform.io/hashicorp/azurerm"
FILE = Path(__file__).parent / "data" / f"azurerm-{catalog.VERSION}-schema.json.gz"
WORDS = ("description", "description_kind", "deprecation_message")


def trimmed_attribute(spec: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in spec.items() if name not in WORDS}


def trimmed_block(block: dict[str, Any]) -> dict[str, Any]:
    """A block without prose; names of attributes are keys one level deeper, and safe."""
    attributes = {
        name: trimmed_attribute(spec) for name, spec in block.get("attributes", {}).items()
    }
    blocks = {
        name: {**spec, "block": trimmed_block(spec["block"])}
        for name, spec in block.get("block_types", {}).items()
    }
    kept = {"attributes": attributes, "block_types": blocks}
    return {name: value for name, value in kept.items() if value}


def trimmed_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"version": schema.get("version", 0), "block": trimmed_block(schema["block"])}


def trimmed(printed: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The provider's part of the printed schemas, for the types that are known."""
    found = printed["provider_schemas"][ADDRESS]
    return {
        "provider": trimmed_schema(found["provider"]),
        **{
            kind: {name: trimmed_schema(found[kind][name]) for name in sorted(known[kind])}
            for kind in catalog.KINDS
        },
    }


def main(file: str) -> None:
    renewed = trimmed(json.loads(Path(file).read_text()), catalog.schema())
    text = json.dumps(renewed, sort_keys=True, separators=(",", ":"))
    FILE.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1])
