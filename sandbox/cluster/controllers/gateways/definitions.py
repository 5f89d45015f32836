"""The definitions of the kinds, as an installer of Gateway API would bring them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from sandbox.cluster.controllers.kinds import Kind, Manifest

GROUP = "gateway.networking.k8s.io"
ALB = "alb.networking.azure.io"
CLASSES = Kind(GROUP, "v1", "gatewayclasses", "GatewayClass", namespaced=False)
GATEWAYS = Kind(GROUP, "v1", "gateways", "Gateway")
ROUTES = Kind(GROUP, "v1", "httproutes", "HTTPRoute")


def definitions(group: str) -> Iterator[Manifest]:
    """A CustomResourceDefinition for each kind of a group."""
    file = Path(__file__).with_name("definitions.yaml")
    for one in yaml.safe_load(file.read_text(encoding="utf-8"))[group]:
        yield definition(group, one)


def definition(group: str, one: dict[str, Any]) -> Manifest:
    names = one["names"] | {"listKind": f"{one['names']['kind']}List"}
    text, free = {"type": "string"}, {"type": "object"}
    open_ended = free | {"x-kubernetes-preserve-unknown-fields": True}
    spec = {"type": "object"} | one["spec"]
    columns = (one.get("columns") or {}).items()
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": name, "type": "string", "jsonPath": path} for name, path in columns
        ],
        "schema": {
            "openAPIV3Schema": {
                "type": "object",
                "required": ["spec"],
                "properties": {
                    "apiVersion": text,
                    "kind": text,
                    "metadata": free,
                    "spec": spec,
                    "status": open_ended,
                },
            }
        },
    }
    return {
        "metadata": {"name": f"{names['plural']}.{group}"},
        "spec": {"group": group, "names": names, "scope": one["scope"], "versions": [version]},
    }
