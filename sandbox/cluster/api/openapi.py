"""OpenAPI: one document per group and version, which `kubectl explain` and `apply` read."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sandbox.cluster.api import schemas
from sandbox.cluster.api.kinds import Kind, Kinds
from sandbox.cluster.api.schemas import GVK

Document = dict[str, Any]

COMPONENTS = "#/components/schemas/"
OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
PATCHES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
WRITES = ("dryRun", "fieldManager", "fieldValidation")
READS = ("labelSelector", "fieldSelector", "limit", "continue", "watch", "resourceVersion")
# Verb of discovery -> method, whether it names one object, and what its query may say.
OPERATIONS = {
    "list": ("get", False, READS),
    "create": ("post", False, WRITES),
    "deletecollection": ("delete", False, READS),
    "get": ("get", True, ("pretty",)),
    "update": ("put", True, WRITES),
    "patch": ("patch", True, (*WRITES, "force")),
    "delete": ("delete", True, ("dryRun", "gracePeriodSeconds", "propagationPolicy")),
}
ACTIONS = {"update": "put", "create": "post", "deletecollection": "deletecollection"}


class Documents:
    """The documents of one API, each made when somebody asks and kept until its kinds change."""

    def __init__(self, kinds: Kinds, version: str) -> None:
        self._kinds = kinds
        self._version = version
        self._made: dict[str, tuple[list[Kind], bytes]] = {}

    def index(self) -> Document:
        """Where the documents lie; an address changes with its content, for clients keep both."""
        places = {}
        for path, kinds in self._groups().items():
            content = self._of(path, kinds) if kinds[0].custom else path.encode()
            mark = hashlib.sha512(self._version.encode() + content).hexdigest().upper()
            places[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={mark}"}
        return {"paths": places}

    def document(self, path: str) -> bytes | None:
        """The document of `api/v1` or `apis/<group>/<version>`."""
        kinds = self._groups().get(path)
        return self._of(path, kinds) if kinds else None

    def swagger(self) -> Document:
        """The older form, for clients that ask for JSON: definitions, without paths."""
        kept = {}
        for kind in self._kinds:
            name = schema_name(kind)
            if is_own(kind):
                kept[name] = own_schema(kind)
            else:
                kept |= {each: plain(schemas.definitions()[each]) for each in needed([name])}
        kept |= {each: plain(schemas.definitions()[each]) for each in needed([OBJECT_META])}
        text = json.dumps(kept).replace(COMPONENTS, "#/definitions/")
        return {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": self._version},
            "paths": {},
            "definitions": json.loads(text),
        }

    def _groups(self) -> dict[str, list[Kind]]:
        found: dict[str, list[Kind]] = {}
        for kind in self._kinds:
            root = "apis" if kind.group else "api"
            found.setdefault(f"{root}/{kind.api_version}", []).append(kind)
        return found

    def _of(self, path: str, kinds: list[Kind]) -> bytes:
        known = self._made.get(path)
        if known and len(known[0]) == len(kinds) and all(map(_is, known[0], kinds)):
            return known[1]
        made = json.dumps(self._make(path, kinds), separators=(",", ":")).encode()
        self._made[path] = (kinds, made)
        return made

    def _make(self, path: str, kinds: list[Kind]) -> Document:
        own = {schema_name(kind): own_schema(kind) for kind in kinds if is_own(kind)}
        names = [schema_name(kind) for kind in kinds if not is_own(kind)]
        wanted = needed([*names, OBJECT_META])
        builtin = {name: plain(schemas.definitions()[name]) for name in wanted}
        paths: Document = {}
        for kind in kinds:
            paths |= dict(_paths(f"/{path}", kind))
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": self._version},
            "paths": paths,
            "components": {"schemas": builtin | own},
        }


def _is(one: Kind, other: Kind) -> bool:
    return one is other


def schema_name(kind: Kind) -> str:
    """The name of a kind's schema; groups are written backwards, as in Java."""
    known = schemas.name_of(kind.group, kind.version, kind.name)
    if known and not kind.custom:
        return known
    return ".".join([*reversed(kind.group.split(".")), kind.version, kind.name])


def is_own(kind: Kind) -> bool:
    """Is a kind described elsewhere than in Kubernetes' own document?"""
    return kind.custom or schemas.name_of(kind.group, kind.version, kind.name) is None


def needed(names: list[str]) -> list[str]:
    """These definitions and everything that they point to."""
    found: dict[str, None] = {}
    rest = list(names)
    while rest:
        name = rest.pop()
        if name not in found:
            found[name] = None
            rest.extend(_references(schemas.definitions()[name]))
    return sorted(found)


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(found := schema.get("$ref"), str):
            yield found.removeprefix(schemas.REFERENCE)
        for each in schema.values():
            yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def plain(schema: Document) -> Document:
    """A JSON schema in OpenAPI's dialect: nullness and constants are not said, siblings wrapped."""
    found: Document = {}
    for key, value in schema.items():
        match key:
            case "type" if isinstance(value, list):
                found["type"] = next(each for each in value if each != "null")
            case "properties":
                found[key] = {name: _field(name, each) for name, each in value.items()}
            case "items" | "additionalProperties" if isinstance(value, dict):
                found[key] = plain(value)
            case "oneOf":
                found[key] = [plain(each) for each in value]
            case "$ref":
                pointer = {"$ref": value.replace(schemas.REFERENCE, COMPONENTS)}
                if len(schema) == 1:
                    return pointer
                found["allOf"] = [pointer]
            case _:
                found[key] = value
    return found


def _field(name: str, schema: Document) -> Document:
    if name in ("apiVersion", "kind"):
        schema = {key: value for key, value in schema.items() if key != "enum"}
    return plain(schema)


def own_schema(kind: Kind) -> Document:
    """The schema that a kind brings, if any, with the metadata that every object has."""
    schema = dict(kind.schema) or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    meta = plain(schemas.definitions()["io.k8s.api.core.v1.ConfigMap"])["properties"]
    common = {name: meta[name] for name in ("apiVersion", "kind", "metadata")}
    mark = {"group": kind.group, "version": kind.version, "kind": kind.name}
    return schema | {"properties": (schema.get("properties") or {}) | common, GVK: [mark]}


def _paths(root: str, kind: Kind) -> Iterator[tuple[str, Document]]:
    place = "/namespaces/{namespace}" if kind.namespaced else ""
    schema = {"$ref": COMPONENTS + schema_name(kind)}
    mark = {"group": kind.group, "version": kind.version, "kind": kind.name}
    names = [_parameter("namespace", "path")] if kind.namespaced else []
    collection: Document = {"parameters": names}
    one: Document = {"parameters": [*names, _parameter("name", "path")]}
    for verb in kind.verbs:
        if verb == "watch":
            continue
        method, single, query = OPERATIONS[verb]
        operation: Document = {
            "operationId": f"{verb}{kind.group.partition('.')[0]}{kind.version}{kind.name}",
            "parameters": [_parameter(name, "query") for name in query],
            "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
            "x-kubernetes-action": ACTIONS.get(verb, verb),
            GVK: mark,
        }
        if method in ("post", "put"):
            operation["requestBody"] = {"content": {"*/*": {"schema": schema}}}
        if method == "patch":
            accepted = [each for each in PATCHES if not (kind.custom and "strategic" in each)]
            patch = {"schema": {"type": "object"}}
            operation["requestBody"] = {"content": dict.fromkeys(accepted, patch)}
        (one if single else collection)[method] = operation
    yield f"{root}{place}/{kind.plural}", collection
    if "get" in kind.verbs:
        yield f"{root}{place}/{kind.plural}/{{name}}", one


def _parameter(name: str, where: str) -> Document:
    boolean = name in ("watch", "force")
    found: Document = {"name": name, "in": where, "schema": {"type": "string"}}
    if boolean:
        found["schema"] = {"type": "boolean"}
    return found | ({"required": True} if where == "path" else {})
