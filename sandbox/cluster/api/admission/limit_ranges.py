"""Limit ranges: what a container gets when it says nothing, and what it may ask for at all."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sandbox.cluster import quantities
from sandbox.cluster.api.storage import Object

NOTE = "kubernetes.io/limit-ranger"


def fill(found: Object, pod: Object) -> None:
    """Set the requests and limits that a container lacks, and note which."""
    notes = []
    for item in found["spec"].get("limits") or ():
        if item.get("type") != "Container":
            continue
        for field in ("initContainers", "containers"):
            step = "init container" if field == "initContainers" else "container"
            for container in pod["spec"].get(field) or ():
                resources = container.setdefault("resources", {})
                for what, source in (("request", "defaultRequest"), ("limit", "default")):
                    if names := _give(resources, f"{what}s", item.get(source) or {}):
                        notes.append(f"{', '.join(names)} {what} for {step} {container['name']}")
    if notes:
        text = f"LimitRanger plugin set: {'; '.join(notes)}"
        pod["metadata"].setdefault("annotations", {})[NOTE] = text


def _give(resources: Object, what: str, values: Object) -> list[str]:
    has = resources.get(what) or {}
    given = sorted(values.keys() - has.keys())
    if given:
        resources[what] = {**has, **{name: values[name] for name in given}}
    return given


def breaches(found: Object, body: Object) -> Iterator[str]:
    """Everything that a pod or a claim asks for beyond the bounds."""
    for item in found["spec"].get("limits") or ():
        kind = item.get("type", "")
        if kind == "PersistentVolumeClaim" and body["kind"] == kind:
            resources = body["spec"].get("resources") or {}
            yield from _claim(item, quantities.amounts(resources.get("requests")))
        elif kind == "Container" and body["kind"] == "Pod":
            for field in ("initContainers", "containers"):
                for container in body["spec"].get(field) or ():
                    resources = container.get("resources") or {}
                    asked = quantities.amounts(resources.get("requests"))
                    yield from _bounds(item, asked, quantities.amounts(resources.get("limits")))
        elif kind == "Pod" and body["kind"] == kind:
            asked = quantities.of_pod(body["spec"], "requests")
            yield from _bounds(item, asked, quantities.of_pod(body["spec"], "limits"))


def _claim(item: Object, asked: quantities.Amounts) -> Iterator[str]:
    for name, value in asked.items():
        for word, key, breaks in (
            ("minimum", "min", Decimal.__lt__),
            ("maximum", "max", Decimal.__gt__),
        ):
            bound = (item.get(key) or {}).get(name)
            if bound is not None and breaks(value, quantities.amount(bound)):
                shown = quantities.written(name, value)
                yield (
                    f"{word} {name} usage per PersistentVolumeClaim is {bound}, "
                    f"but request is {shown}"
                )


def _bounds(item: Object, asked: quantities.Amounts, limits: quantities.Amounts) -> Iterator[str]:
    kind = item["type"]
    for name, bound in sorted((item.get("min") or {}).items()):
        start = f"minimum {name} usage per {kind} is {bound}"
        yield from _beyond(start, name, ("request", asked), ("limit", limits), bound, least=True)
    for name, bound in sorted((item.get("max") or {}).items()):
        start = f"maximum {name} usage per {kind} is {bound}"
        yield from _beyond(start, name, ("limit", limits), ("request", asked), bound, least=False)
    for name, bound in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        start = f"{name} max limit to request ratio per {kind} is {bound}"
        if not asked.get(name) or not limits.get(name):
            yield f"{start}, but no request is specified or request is 0"
        elif (ratio := limits[name] / asked[name]) > quantities.amount(bound):
            yield f"{start}, but provided ratio is {ratio:f}"


def _beyond(  # noqa: PLR0913 (a bound, and both sides of what is asked)
    start: str,
    name: str,
    first: tuple[str, quantities.Amounts],
    second: tuple[str, quantities.Amounts],
    bound: Any,
    *,
    least: bool,
) -> Iterator[str]:
    """The first side must be there; of both, the first that breaks the bound is told."""
    if name not in first[1]:
        yield f"{start}.  No {first[0]} is specified"
        return
    limit = quantities.amount(bound)
    for word, values in (first, second):
        value = values.get(name)
        if value is not None and (value < limit if least else value > limit):
            yield f"{start}, but {word} is {quantities.written(name, value)}"
            return
