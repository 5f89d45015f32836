"""What an upgrade would do: which releases differ at all, and in which of their objects."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.cluster import Answer, Cluster, Script
from tasks.helm.comparison import changes, objects
from tasks.helm.release import TIMEOUT, Release, Standing, releases_script
from tasks.helm.steps import Login, lines
from tasks.step import step

HOPE = "no matches for kind"  # Its operator comes with an earlier release of the same deploy.


@dataclass(frozen=True)
class Previewed:
    """One release that differs; object by object, unless the cluster could not tell."""

    name: str
    changes: tuple[str, ...] = ()
    unknown: str = ""


@step("look-at-releases")
def standing(cluster: Cluster, *releases: tuple[str, str]) -> dict[str, Standing]:
    """What the cluster has of each of these releases, which are given as name and namespace."""
    listed = "".join(f"{name} {namespace}\n" for name, namespace in releases)
    answer = cluster.run(Script("standing", {"names.list": listed.encode()}))
    return {
        entry["name"]: Standing(
            int(entry["revision"]), entry["status"], entry["digest"], entry["values"] or {}
        )
        for entry in answer.document["releases"]
    }


@step("preview-releases")
def preview(
    cluster: Cluster, *releases: Release, login: Login | None = None
) -> tuple[Previewed, ...]:
    """Ask helm and the API server what these would change, without doing it."""
    script = releases_script([releases], TIMEOUT, login.file() if login else b"", "preview")
    answer = cluster.run(script)
    return tuple(
        read(answer, entry["name"], known=entry["result"] == "known")
        for entry in answer.document["releases"]
    )


def page(seen: Sequence[Previewed]) -> str:
    """All of them for a person who is asked."""
    parts = []
    for one in seen:
        told = one.changes or (one.unknown or "a new revision; its objects stay the same",)
        parts.append("\n".join([f"**{one.name}**\n", *(f"- {change}" for change in told)]))
    return "\n\n".join(parts)


def read(answer: Answer, name: str, *, known: bool) -> Previewed:
    """The part of the answer that is about one release."""
    if not known:
        told = " ".join(lines(answer, f"[{name}] "))
        if HOPE in told:
            return Previewed(name, unknown="the cluster lacks kinds that an earlier release brings")
        return Previewed(name, unknown=f"helm says: {told}")
    log = re.sub(r"^\[[\w-]+\] .*\n?", "", answer.log, flags=re.MULTILINE)  # What others complain.
    part = re.split(r"^::release ", log, flags=re.MULTILINE)
    about = next(text for text in part if text.startswith(f"{name}\n"))
    before, after = (
        "---\n".join(re.findall(rf"^::{mark}\n(.*?)(?=^::|\Z)", about, re.MULTILINE | re.DOTALL))
        for mark in ("before", "after")
    )
    return Previewed(name, tuple(changes(objects(before), objects(after))))
