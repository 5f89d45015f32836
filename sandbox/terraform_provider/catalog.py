"""What the real provider says about itself: its schema, and the SDK's rules beside it."""

import gzip
import json
from functools import cache
from importlib import resources
from typing import Any, Literal

from sandbox.terraform_provider.checks import Table
from sandbox.terraform_provider.protocol import MESSAGES, NESTING

VERSION = "5.2.0"
FLAGS = ("required", "optional", "computed", "sensitive", "deprecated", "write_only")

Kind = Literal["resource_schemas", "data_source_schemas", "ephemeral_resource_schemas"]
KINDS: tuple[Kind, ...] = ("resource_schemas", "data_source_schemas", "ephemeral_resource_schemas")


def read(name: str) -> Any:
    packed = resources.files(__package__).joinpath("data", f"azurerm-{VERSION}-{name}.json.gz")
    return json.loads(gzip.decompress(packed.read_bytes()))


def read_plain(name: str) -> dict[str, Any]:
    file = resources.files(__package__).joinpath("data", f"azurerm-{VERSION}-{name}.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


@cache
def more() -> dict[str, Any]:
    """Types that are written down from the provider's documentation instead of its schema."""
    return read_plain("more")


@cache
def value_rules() -> Table:
    """What azurerm demands of single values."""
    return Table(read_plain("values"))


@cache
def schema() -> dict[str, Any]:
    """What `terraform providers schema -json` prints for azurerm, without descriptions."""
    found: dict[str, Any] = read("schema")
    return found | {"resource_schemas": found["resource_schemas"] | more()["resource_schemas"]}


@cache
def constraints() -> dict[str, Any]:
    """ForceNew, defaults, conflicts and timeouts of each resource type."""
    return {**read("constraints"), **more()["constraints"]}


def block(kind: Kind, type_name: str) -> dict[str, Any]:
    return dict(schema()[kind][type_name]["block"])


def rules(type_name: str) -> dict[str, Any]:
    """The SDK's rules for the attributes of a resource type."""
    return dict(constraints().get(type_name, {}).get("schema", {}))


def schema_version(type_name: str) -> int:
    return int(schema()["resource_schemas"][type_name].get("version", 0))


def attribute_message(name: str, spec: dict[str, Any]) -> Any:
    flags = {flag: True for flag in FLAGS if spec.get(flag)}
    return MESSAGES["Attribute"](name=name, type=json.dumps(spec["type"]).encode(), **flags)


def nested_message(name: str, spec: dict[str, Any]) -> Any:
    return MESSAGES["NestedBlock"](
        type_name=name,
        nesting=NESTING[spec["nesting_mode"]],
        min_items=spec.get("min_items", 0),
        max_items=spec.get("max_items", 0),
        block=block_message(spec["block"]),
    )


def block_message(spec: dict[str, Any]) -> Any:
    return MESSAGES["Block"](
        attributes=[attribute_message(*item) for item in spec.get("attributes", {}).items()],
        block_types=[nested_message(*item) for item in spec.get("block_types", {}).items()],
    )


def schema_message(spec: dict[str, Any]) -> Any:
    return MESSAGES["Schema"](version=spec.get("version", 0), block=block_message(spec["block"]))


def capabilities() -> Any:
    """One answer to GetProviderSchema serves a whole command."""
    return MESSAGES["ServerCapabilities"](get_provider_schema_optional=True)


def provider_schema() -> Any:
    """The answer to GetProviderSchema."""
    entries = {
        kind: [
            MESSAGES["SchemaEntry"](key=name, value=schema_message(spec))
            for name, spec in schema()[kind].items()
        ]
        for kind in KINDS
    }
    return MESSAGES["GetProviderSchema.Response"](
        provider=schema_message(schema()["provider"]),
        server_capabilities=capabilities(),
        **entries,
    )
