"""What a release would become if it went back to a revision."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tasks.cluster import Cluster, Script
from tasks.errors import ConfigError
from tasks.step import step

MARK = "::manifest\n"
VERSION = "labels.helm.sh/chart "  # Every object bears it.
STOOD = ("deployed", "superseded")
FEW = 8  # Places of one object that are shown.
LONG = 60  # Signs of a value that are shown.


@dataclass(frozen=True)
class Comparison:
    """Object by object: what comes, what goes, and what changes in the others."""

    release: str
    revision: int
    now: int
    changes: tuple[str, ...]

    def markdown(self) -> str:
        listed = "\n".join(f"- {change}" for change in self.changes)
        return (
            f"Release {self.release} goes from revision {self.now} back to {self.revision}:\n\n"
            f"{listed or 'Its objects are the same.'}\n\n"
            "Secrets, and what services wrote into the database, stay as they are. "
            "The next deploy brings what the files say."
        )


@step("compare-{release}")
def compare(cluster: Cluster, release: str, namespace: str, revision: int) -> Comparison:
    """What going back would change; an error that lists the known revisions if it is not one."""
    script = Script(
        "revisions",
        environment={
            "RELEASE": release,
            "NAMESPACE": namespace,
            "REVISION": str(revision),
        },
    )
    answer = cluster.run(script)
    history = answer.document["history"]
    stood = {int(one["revision"]): one for one in history if one["status"] in STOOD}
    if revision not in stood:
        known = ", ".join(f"{number} ({one['updated'][:16]})" for number, one in stood.items())
        raise ConfigError(
            f"Release {release} keeps no revision {revision} that stood.",
            f"Those that did: {known}." if known else "It is not installed: run release first.",
        )
    _, wanted, now = answer.log.split(MARK)
    last = max(int(entry["revision"]) for entry in history)
    return Comparison(release, revision, last, tuple(changes(objects(now), objects(wanted))))


def objects(manifest: str) -> dict[str, dict[str, Any]]:
    """The objects of a manifest by kind and name."""
    found = (item for item in yaml.safe_load_all(manifest) if isinstance(item, dict))
    return {f"{item['kind']} {item['metadata']['name']}": item for item in found}


def changes(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    """One line for each object that is not the same."""
    for name in sorted({*now, *wanted}):
        if name not in now:
            yield f"{name} comes"
        elif name not in wanted:
            yield f"{name} goes"
        elif places := [
            place for place in differences(now[name], wanted[name]) if VERSION not in place
        ]:
            more = [f"… and {len(places) - FEW} more"] if len(places) > FEW else []
            yield f"{name}: " + "; ".join(places[:FEW] + more)


def differences(now: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Where two values differ; texts of several lines are named, not shown."""
    if isinstance(now, dict) and isinstance(wanted, dict):
        for key in sorted({*now, *wanted}, key=str):
            yield from differences(now.get(key), wanted.get(key), f"{path}.{key}".lstrip("."))
    elif named(now) and named(wanted):  # Containers, variables, ports: their order says nothing.
        old, new = by_name(now), by_name(wanted)
        for name in dict.fromkeys([*old, *new]):
            yield from differences(old.get(name), new.get(name), f"{path}[{name}]")
    elif isinstance(now, list) and isinstance(wanted, list) and len(now) == len(wanted):
        for place, (former, later) in enumerate(zip(now, wanted, strict=True)):
            yield from differences(former, later, f"{path}[{place}]")
    elif now != wanted:
        yield f"{path} {_shown(now)} → {_shown(wanted)}"


def named(value: Any) -> bool:
    """Whether it is a list whose entries all bear a name, each another one."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        return False
    names = [one.get("name") for one in value]
    return None not in names and len(set(names)) == len(names)


def by_name(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(entry["name"]): entry for entry in entries}


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = str(value)
    return text if len(text) <= LONG and "\n" not in text else f"({len(text)} signs)"
