"""Install what differs, say why it failed, and take back what does not stand."""

import re
from collections.abc import Sequence
from typing import Protocol

from tasks import wait
from tasks.cluster import Answer, Cluster, complaint
from tasks.errors import BusyError, DeployError, ToolError
from tasks.helm.release import TIMEOUT, Release, releases_script, rollback_script
from tasks.step import step

PENDING = "docs/runbook.md, 'Pending release'."
FAILED = "docs/runbook.md, 'A release fails'."
RECOVERED = "::recovered "


class Login(Protocol):
    """Makes, at the last moment, what the cluster's helm signs in to a registry with."""

    def file(self) -> bytes: ...


@step("install-releases")
def install(
    cluster: Cluster,
    *groups: Sequence[Release],
    timeout: int = TIMEOUT,
    login: Login | None = None,
) -> dict[str, str]:
    """Install or upgrade what differs; says of each release `deployed` or `unchanged`."""
    answer = cluster.run(releases_script(groups, timeout, login.file() if login else b""))
    results = {entry["name"]: str(entry["result"]) for entry in answer.document["releases"]}
    for name, result in results.items():
        for line in lines(answer, f"[{name}] {RECOVERED}"):
            wait.logger().warning("Release %s: %s", name, line)
            wait.changed(f"**Helm**: {name} was locked. {line}")
        wait.logger().info("Release %s: %s.", name, result)
    if fresh := named(results, "deployed"):
        wait.changed("**Helm**: deployed " + ", ".join(fresh))
    if error := failure(answer, results):
        raise error
    return results


def failure(answer: Answer, results: dict[str, str]) -> DeployError | None:
    """What went wrong, why, and whether another try helps."""
    if busy := named(results, "busy"):
        told = [line for name in busy for line in lines(answer, f"[{name}] ")]
        return BusyError(" ".join(told), PENDING)
    hopeless, failed = named(results, "hopeless"), named(results, "failed")
    if not hopeless and not failed:
        return None
    what = f"helm upgrade of {', '.join(hopeless + failed)} failed"
    own = [line for name in hopeless + failed for line in lines(answer, f"[{name}] ")]
    judged = complaint(what, "\n".join(own))
    # What probes and hooks say is to be read, not to be judged by.
    evidence = {name: lines(answer, f"[why {name}] ") for name in hopeless + failed}
    why = [
        line
        for name, told in evidence.items()
        if told
        for line in (f"Why, by {name}'s pods:", *told)
    ]
    why += lines(answer, "[events] ")
    if hopeless:  # It ran before, and its pods cannot start now: time does not help.
        return ToolError("\n".join([f"{what}: pods cannot start.", *own, *why]), FAILED)
    return type(judged)("\n".join([judged.message, *why]), judged.hint)


@step("take-back-releases")
def take_back(
    cluster: Cluster, releases: Sequence[Release], timeout: int = TIMEOUT
) -> dict[str, int]:
    """Bring those whose upgrade failed back to what stood before; a first install has nothing."""
    names, (namespace,) = [one.name for one in releases], {one.namespace for one in releases}
    return moved(cluster.run(rollback_script(names, namespace, 0, timeout)), refuse=False)


@step("roll-back-{release}")
def roll_back(
    cluster: Cluster, release: str, namespace: str, revision: int, timeout: int = TIMEOUT
) -> None:
    """Make a revision of the past the present one; Helm keeps it as a new revision."""
    answer = cluster.run(rollback_script([release], namespace, revision, timeout))
    moved(answer, refuse=True)


def moved(answer: Answer, *, refuse: bool) -> dict[str, int]:
    """The revisions that releases went back to; a failure is an error, or a warning."""
    done: dict[str, int] = {}
    for entry in answer.document["releases"]:
        name, result = entry["name"], entry["result"]
        if result == "deployed":
            done[name] = int(entry["revision"])
            wait.logger().warning("Release %s is back at revision %s.", name, done[name])
            wait.changed(f"**Helm**: {name} is back at revision {done[name]}")
        elif result != "unchanged":
            told = "\n".join(lines(answer, f"[{name}] "))
            if result == "busy":
                raise BusyError(told, PENDING)
            error = complaint(f"helm rollback of {name} failed", told)
            if refuse:
                raise error
            wait.logger().warning("%s", error)
    return done


def named(results: dict[str, str], wanted: str) -> list[str]:
    return [name for name, result in results.items() if result == wanted]


def lines(answer: Answer, mark: str) -> list[str]:
    """What stands behind a mark in the lines of the log that begin with it."""
    return re.findall(rf"^{re.escape(mark)}(.*)$", answer.log, re.MULTILINE)
