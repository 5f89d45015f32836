"""The schemas of Kubernetes' own kinds, as its OpenAPI document has them; read at the first use."""

import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

PACKAGE = "kubernetes_validate"  # Only its data is read: importing it costs more than all else.
FILE = Path("kubernetes-json-schema", "v1.34.0-local", "_definitions.json")
GVK = "x-kubernetes-group-version-kind"
REFERENCE = "#/$defs/"


@functools.cache
def definitions() -> dict[str, Schema]:
    """Every definition by its name, such as `io.k8s.api.core.v1.Pod`."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "The schemas of Kubernetes come with kubernetes-validate: "
            "pip install 'kubernetes-validate>=1.37'"
        )
    text = Path(spec.submodule_search_locations[0], FILE).read_text()
    found: dict[str, Schema] = json.loads(text)["$defs"]
    return found


@functools.cache
def _names() -> dict[tuple[str, str, str], str]:
    return {
        (mark["group"], mark["version"], mark["kind"]): name
        for name, schema in definitions().items()
        for mark in schema.get(GVK) or ()
    }


def name_of(group: str, version: str, kind: str) -> str | None:
    """The definition that describes a kind, if there is one."""
    return _names().get((group, version, kind))


def properties_of(name: str) -> dict[str, Schema]:
    """The fields of a definition."""
    return definitions()[name].get("properties") or {}


def referred(schema: Schema) -> str:
    """The definition to which a schema points, or nothing."""
    return str(schema.get("$ref", "")).removeprefix(REFERENCE)
