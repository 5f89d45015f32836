"""What a container finds when it starts: variables and files, from Secrets and ConfigMaps."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cluster.controllers.kinds import CONFIG_MAPS, SECRETS, Kind, Manifest
from sandbox.cluster.controllers.objects import annotations, labels

Find = Callable[[Kind, str], Manifest | None]  # An object of the pod's namespace.

REFERENCE = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")
SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['([^']+)'\]")


class ConfigError(Exception):
    """The container cannot be configured yet; the message is the kubelet's."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace `$(NAME)` where the name is known; `$$` escapes."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return known.get(match[1], match[0])

    return REFERENCE.sub(value, text)


def content(kind: Kind, manifest: Manifest) -> dict[str, str]:
    """The entries of a Secret or a ConfigMap as text."""
    if kind is SECRETS:
        data = manifest.get("data") or {}
        return {
            name: base64.b64decode(value).decode(errors="replace") for name, value in data.items()
        }
    plain: dict[str, str] = dict(manifest.get("data") or {})
    for name, value in (manifest.get("binaryData") or {}).items():
        plain[name] = base64.b64decode(value).decode(errors="replace")
    return plain


def variables(container: Manifest, pod: Manifest, find: Find) -> dict[str, str]:
    """The environment of a container, in the order in which Kubernetes builds it."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or []:
        for field, kind in (("configMapRef", CONFIG_MAPS), ("secretRef", SECRETS)):
            if source.get(field):
                entries = _entries(kind, source[field], find)
                prefix = source.get("prefix", "")
                found |= {prefix + name: value for name, value in entries.items()}
    for item in container.get("env") or []:
        if item.get("valueFrom"):
            value = _value(item["valueFrom"], container, pod, find)
            if value is not None:
                found[item["name"]] = value
        else:
            found[item["name"]] = expand(str(item.get("value") or ""), found)
    return found


def _entries(kind: Kind, wanted: Manifest, find: Find) -> dict[str, str]:
    manifest = find(kind, wanted["name"])
    if manifest is None:
        if wanted.get("optional"):
            return {}
        raise ConfigError(f'{kind.kind.lower()} "{wanted["name"]}" not found')
    return content(kind, manifest)


def _value(source: Manifest, container: Manifest, pod: Manifest, find: Find) -> str | None:
    for field, kind in (("secretKeyRef", SECRETS), ("configMapKeyRef", CONFIG_MAPS)):
        if source.get(field):
            wanted = source[field]
            entries = _entries(kind, wanted, find)
            if wanted["key"] in entries:
                return entries[wanted["key"]]
            if wanted.get("optional"):
                return None
            place = f"{pod['metadata']['namespace']}/{wanted['name']}"
            raise ConfigError(f"couldn't find key {wanted['key']} in {kind.kind} {place}")
    if source.get("fieldRef"):
        return field_of(pod, source["fieldRef"]["fieldPath"])
    if source.get("resourceFieldRef"):
        group, _, name = source["resourceFieldRef"]["resource"].partition(".")
        return str(((container.get("resources") or {}).get(group) or {}).get(name, "0"))
    return None


def field_of(pod: Manifest, path: str) -> str:
    """The field that the downward API calls `path`."""
    match = SUBSCRIPT.fullmatch(path)
    if match:
        source = labels(pod) if match[1] == "labels" else annotations(pod)
        return source.get(match[2], "")
    found: Any = pod
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def files(container: Manifest, pod: Manifest, find: Find) -> dict[str, str]:
    """The files that volumes put into a container: path inside the container -> text."""
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    found: dict[str, str] = {}
    for mount in container.get("volumeMounts") or []:
        entries = volume_files(volumes.get(mount["name"], {}), pod, find)
        part, root = mount.get("subPath"), mount["mountPath"].rstrip("/")
        if part in entries:
            found[root] = entries[part]
        elif not part:
            found |= {f"{root}/{name}": text for name, text in entries.items()}
    return found


def volume_files(volume: Manifest, pod: Manifest, find: Find) -> dict[str, str]:
    """The files of one volume; empty for every kind that keeps data of its own."""
    if "projected" in volume:
        found: dict[str, str] = {}
        for source in volume["projected"].get("sources") or []:
            found |= volume_files({"name": volume["name"]} | source, pod, find)
        return found
    if "downwardAPI" in volume:
        items = volume["downwardAPI"].get("items") or []
        return {
            i["path"]: field_of(pod, i["fieldRef"]["fieldPath"]) for i in items if "fieldRef" in i
        }
    for field, kind, name in (
        ("secret", SECRETS, "secretName"),
        ("configMap", CONFIG_MAPS, "name"),
    ):
        if field in volume:
            source = volume[field]
            wanted = source | {"name": source.get(name) or source.get("name")}
            return _selected(kind, wanted, pod, find)
    return {}


def _selected(kind: Kind, wanted: Manifest, pod: Manifest, find: Find) -> dict[str, str]:
    entries = _entries(kind, wanted, find)
    if not wanted.get("items"):
        return entries
    chosen = {}
    for item in wanted["items"]:
        if item["key"] in entries:
            chosen[item["path"]] = entries[item["key"]]
        elif not wanted.get("optional"):
            place = f"{pod['metadata']['namespace']}/{wanted['name']}"
            raise ConfigError(f"couldn't find key {item['key']} in {kind.kind} {place}")
    return chosen
