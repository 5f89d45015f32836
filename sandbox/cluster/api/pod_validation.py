"""What a pod must hold: containers, images, variables, volumes, probes, resources."""

from collections.abc import Iterator
from typing import Any

from sandbox.cluster import quantities
from sandbox.cluster.api import syntax
from sandbox.cluster.api.errors import Cause, duplicate, missing, required, unsupported, wrong

Object = dict[str, Any]

RESTART = ["Always", "OnFailure", "Never"]
PULL = ["Always", "IfNotPresent", "Never"]
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
HIGHEST_PORT = 65535


def check(spec: Object, path: str) -> Iterator[Cause]:
    """Everything that is wrong with a pod's spec."""
    containers = spec.get("containers") or []
    if not containers:
        yield required(f"{path}.containers")
    volumes = [each.get("name", "") for each in spec.get("volumes") or ()]
    for index, name in enumerate(volumes):
        yield from _name(f"{path}.volumes[{index}].name", name, volumes[:index])
    seen: list[str] = []
    for field in ("containers", "initContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            inner = f"{path}.{field}[{index}]"
            yield from _name(f"{inner}.name", container.get("name", ""), seen)
            seen.append(container.get("name", ""))
            yield from _container(container, inner, volumes)
    if (policy := spec.get("restartPolicy", "Always")) not in RESTART:
        yield unsupported(f"{path}.restartPolicy", policy, RESTART)


def _name(field: str, name: str, seen: list[str]) -> Iterator[Cause]:
    if not name:
        yield required(field)
    elif name in seen:
        yield duplicate(field, name)
    else:
        yield from syntax.label(field, name)


def _container(container: Object, path: str, volumes: list[str]) -> Iterator[Cause]:
    if not container.get("image"):
        yield required(f"{path}.image")
    elif container["image"] != container["image"].strip():
        why = "must not have leading or trailing whitespace"
        yield wrong(f"{path}.image", container["image"], why)
    if (policy := container.get("imagePullPolicy", "Always")) not in PULL:
        yield unsupported(f"{path}.imagePullPolicy", policy, PULL)
    yield from _parts(container, path, volumes)
    for name in PROBES:
        if name in container:
            yield from _probe(container[name], f"{path}.{name}")
    yield from _resources(container.get("resources") or {}, f"{path}.resources")


def _parts(container: Object, path: str, volumes: list[str]) -> Iterator[Cause]:
    """Ports, variables and mounts."""
    for index, port in enumerate(container.get("ports") or ()):
        yield from port_number(f"{path}.ports[{index}].containerPort", port.get("containerPort"))
    for index, variable in enumerate(container.get("env") or ()):
        yield from _variable(variable, f"{path}.env[{index}]")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        inner = f"{path}.volumeMounts[{index}]"
        if mount.get("name") not in volumes:
            yield missing(f"{inner}.name", mount.get("name", ""))
        if not mount.get("mountPath"):
            yield required(f"{inner}.mountPath")


def port_number(field: str, number: Any) -> Iterator[Cause]:
    if not number:
        yield required(field)
    elif not 1 <= number <= HIGHEST_PORT:
        yield wrong(field, number, "must be between 1 and 65535, inclusive")


def _variable(variable: Object, path: str) -> Iterator[Cause]:
    if not variable.get("name"):
        yield required(f"{path}.name")
    source = variable.get("valueFrom")
    if source is None:
        return
    if variable.get("value"):
        why = "may not be specified when `value` is not empty"
        yield wrong(f"{path}.valueFrom", "", why)
    if len(source) != 1:
        why = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or "
            "`secretKeyRef`"
        )
        yield wrong(f"{path}.valueFrom", "", why)
    for kind in ("secretKeyRef", "configMapKeyRef"):
        if kind in source:
            for field in ("name", "key"):
                if not source[kind].get(field):
                    yield required(f"{path}.valueFrom.{kind}.{field}")


def _probe(probe: Object, path: str) -> Iterator[Cause]:
    handlers = [each for each in HANDLERS if each in probe]
    if not handlers:
        yield required(path, "must specify a handler type")
    for extra in handlers[1:]:
        yield Cause(
            "FieldValueForbidden",
            f"{path}.{extra}",
            "Forbidden: may not specify more than 1 handler type",
        )
    if "httpGet" in probe and "port" not in probe["httpGet"]:
        yield required(f"{path}.httpGet.port")


def _resources(resources: Object, path: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, wanted in (resources.get("requests") or {}).items():
        limit = limits.get(name)
        if limit is not None and quantities.amount(wanted) > quantities.amount(limit):
            why = f"must be less than or equal to {name} limit of {limit}"
            yield wrong(f"{path}.requests", wanted, why)
