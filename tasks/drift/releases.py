"""Helm's releases: is each there and what the files say, and are its objects as it made them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from tasks.drift.finding import Finding, Severity

OBJECT = re.compile(
    r"^::object (\S+)\n::live\n(.*?)\n?::wanted\n(.*?)\n::end$", re.MULTILINE | re.DOTALL
)
RELEASE = re.compile(r"^::release (\S+)\n", re.MULTILINE)
KEPT_BY_SERVER = {"generation", "resourceVersion", "uid", "creationTimestamp", "managedFields"}
# Places whose values may be somebody's secret, typed in by hand.
CLOSED = re.compile(r"\benv\b|\bdata\b|stringData|annotations|args|command")
NO_DIGEST = "<none>"  # kubectl's word.
FEW = 6  # Places that one line names.
LONGEST = 80  # Signs of a value that are shown.


@dataclass(frozen=True)
class Wished:
    """A release as the files want it."""

    name: str
    namespace: str
    digest: str = ""  # Empty where it cannot be known.
    version: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    certificates: tuple[str, ...] = ()  # Secrets that it expects to be there.


@dataclass(frozen=True)
class Present:
    """A release as the cluster has it; `values` only where the digest differs."""

    name: str
    revision: str
    status: str
    digest: str
    version: str
    values: Mapping[str, Any] | None = None


def releases(
    wished: Sequence[Wished], present: Mapping[str, Present], environment: str
) -> Iterator[Finding]:
    """What is wrong with a release as a whole."""
    release = f"`python -m flows release --environment {environment}`"
    deploy = f"`python -m flows deploy --environment {environment}`"
    for one in wished:
        found = present.get(one.name)
        where = f"release {one.name}"
        if found is None:
            continue
        if found.status == "absent":
            what = "It is not installed."
            yield Finding("release-absent", "critical", where, what, f"{deploy} installs it.")
        elif found.status.startswith("pending-"):
            yield Finding(
                "release-stuck",
                "critical",
                where,
                f"Revision {found.revision} is {found.status}: the command that wrote it died, or "
                "is still at work.",
                f"{release} frees it once nobody works on it: docs/runbook.md, 'Pending release'.",
            )
        elif found.status != "deployed":
            what = f"Revision {found.revision} is {found.status}."
            yield Finding("release-failed", "critical", where, what, f"{release} brings it again.")
        elif one.digest and found.digest != one.digest:
            yield Finding(
                "release-outdated",
                "warning",
                where,
                f"Revision {found.revision} is not what the files say: {difference(one, found)}.",
                f"{deploy} brings what the files say; or correct the files.",
                "cluster/digests",
            )


def difference(wished: Wished, found: Present) -> str:
    """Chart, values or both; places of values are named, not shown."""
    parts = []
    if wished.version and found.version not in ("-", wished.version):
        parts.append(f"chart {found.version} stands, {wished.version} is wanted")
    if found.values is not None:
        places = [place for place, _, _ in differences(found.values, wished.values)]
        if places:
            parts.append(f"values differ at {listed(places)}")
    if not parts and found.digest == NO_DIGEST:
        return "it bears no digest, as after a rollback, and may be anything"
    return "; ".join(parts) or "the content of its chart has changed"


def listed(places: Sequence[str]) -> str:
    more = f" and {len(places) - FEW} more" if len(places) > FEW else ""
    return ", ".join(places[:FEW]) + more


def objects(
    log: str,
    wished: Sequence[Wished],
    present: Mapping[str, Present],
    environment: str,
    namespace: str,
) -> Iterator[Finding]:
    """Every place at which an object is not as its release made it."""
    places = {one.name: one.namespace for one in wished}
    _, *parts = RELEASE.split(log)
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        revision = present[name].revision
        back = f"`helm rollback {name} {revision} -n {places[name]}` in the cluster"
        if places[name] == namespace:
            back = (
                f"`python -m flows release --environment {environment} --name {name} "
                f"--revision {revision}`"
            )
        for _, live, wanted in OBJECT.findall(text):
            yield from _object(name, yaml.safe_load(live), yaml.safe_load(wanted), back)


def _object(
    release: str, live: Mapping[str, Any] | None, wanted: Mapping[str, Any], back: str
) -> Iterator[Finding]:
    about = wanted["metadata"]
    where = "/".join(filter(None, (about.get("namespace"), wanted["kind"], about["name"])))
    source = f"cluster/objects of {release}"
    remedy = f"{back} puts it back; to keep it, write it into the values."
    if live is None:
        what = f"It is gone; release {release} made it."
        yield Finding("object-missing", "critical", where, what, remedy, source)
        return
    for place, old, new in differences(_ours(live), _ours(wanted)):
        image = place.endswith(".image")
        severity: Severity = "critical" if image else "warning"
        kind = "image-changed" if image else "object-changed"
        what = f"It is {shown(place, old)}; release {release} says {shown(place, new)}."
        yield Finding(kind, severity, f"{where} {place}", what, remedy, source)


def _ours(item: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the server writes itself."""
    meta = {key: one for key, one in item["metadata"].items() if key not in KEPT_BY_SERVER}
    return {**{key: one for key, one in item.items() if key != "status"}, "metadata": meta}


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two values differ; members of lists go by their names where they have any."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            yield from differences(old.get(key), new.get(key), f"{path}.{key}".lstrip("."))
    elif named(old) and named(new):
        before, after = ({one["name"]: one for one in side} for side in (old, new))
        for name in sorted({*before, *after}):
            yield from differences(before.get(name), after.get(name), f"{path}[{name}]")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{at}]")
    elif old != new:
        yield path, old, new


def named(items: Any) -> bool:
    """A list whose members have names of their own."""
    if not isinstance(items, list) or not items:
        return False
    names = [one.get("name") for one in items if isinstance(one, Mapping)]
    return len(names) == len(items) == len({str(name) for name in names}) and None not in names


def shown(place: str, value: Any) -> str:
    if value is None:
        return "absent"
    if CLOSED.search(place) or isinstance(value, Mapping | list):
        return "another value"
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
