"""The Table form of lists, which `kubectl get` prints."""

from collections.abc import Iterable
from typing import Any

from sandbox.cluster.api import jsonpath
from sandbox.cluster.api.clock import age
from sandbox.cluster.api.columns import BUILTIN, Column
from sandbox.cluster.api.kinds import Kind

Object = dict[str, Any]

PLAIN_AGE = Column("Age", lambda body: age(body["metadata"].get("creationTimestamp", "")))


def columns_of(kind: Kind) -> list[Column]:
    """The columns after the name; without any of its own, a kind shows its age."""
    if not kind.custom:
        return [*BUILTIN.get(kind.name, (PLAIN_AGE,))]
    columns = [_custom(column) for column in kind.columns]
    return columns or [PLAIN_AGE]


def _custom(column: Any) -> Column:
    """A column of a CRD."""
    path = column["jsonPath"]
    if column.get("type") == "date":
        return Column(
            column["name"],
            lambda body: age(found) if (found := jsonpath.find(body, path)) else None,
            column.get("priority", 0),
        )
    return Column(
        column["name"],
        lambda body: jsonpath.find(body, path),
        column.get("priority", 0),
        column.get("type", "string"),
    )


def table(kind: Kind, bodies: Iterable[Object], version: str, include: str = "Metadata") -> Object:
    """Objects as rows; `include` says how much of each object comes along."""
    columns = columns_of(kind)
    # The name of an event says nothing to people.
    wide = int(kind.name == "Event")
    definitions = [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": wide},
        *(
            {
                "name": column.name,
                "type": column.type,
                "format": "",
                "description": "",
                "priority": column.priority,
            }
            for column in columns
        ),
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version},
        "columnDefinitions": definitions,
        "rows": [_row(columns, body, include) for body in bodies],
    }


def _row(columns: list[Column], body: Object, include: str) -> Object:
    cells = [body["metadata"]["name"], *(column.value(body) for column in columns)]
    row: Object = {"cells": cells}
    if include != "None":
        row["object"] = body if include == "Object" else partial(body)
    return row


def partial(body: Object) -> Object:
    """An object reduced to its metadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": body["metadata"],
    }
