"""One command in the cluster answers everything that is asked there; what it says, as findings."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from tasks.cluster import Cluster, Script
from tasks.drift.certificates import certificates
from tasks.drift.finding import Finding, blind
from tasks.drift.releases import Present, Wished, objects, releases
from tasks.drift.workloads import scalers, workloads
from tasks.errors import DeployError
from tasks.step import step

SOURCE = "cluster"
Question = Callable[[], Iterator[Finding]]
HINT = "See why; with roles of its own, docs/drift.md, 'What it may do', lists what it needs."


class Expected(Protocol):
    """Makes, at the last moment, the digests of what every Secret has to hold."""

    def file(self) -> bytes: ...


@dataclass(frozen=True)
class Seen:
    """What the command answered."""

    log: str
    document: Mapping[str, Any]
    namespace: str
    closed: str = ""  # Why the vault's values could not be compared.

    def lines(self, part: str) -> list[str]:
        return list(self.document.get(part, []))

    @property
    def blind(self) -> dict[str, str]:
        """The parts that could not be read, and why."""
        told = dict(one.split(": ", maxsplit=1) for one in self.lines("troubles"))
        return told | ({"contents": self.closed} if self.closed else {})


@step("look-into-cluster")
def look(
    cluster: Cluster, namespace: str, wished: Sequence[Wished], expected: Expected | None
) -> Seen:
    """Ask for releases, objects, pods, certificates and Secrets at once; change nothing."""
    names = "".join(f"{one.name} {one.namespace} {one.digest or '-'}\n" for one in wished)
    files, closed = {"names.list": names.encode()}, ""
    if expected:
        try:
            files["expected"] = expected.file()
        except DeployError as error:  # Who may not read values can look at everything else.
            closed = error.message.splitlines()[0]
    answer = cluster.run(Script("drift", files, {"NAMESPACE": namespace}))
    return Seen(answer.log, answer.document, namespace, closed)


def present(seen: Seen) -> dict[str, Present]:
    """How each release stands."""
    values = seen.document.get("values", {})
    found = {}
    for line in seen.lines("releases"):
        name, revision, status, digest, chart = line.split()
        # Of `supabase-0.1.0_4bcecee`, as a label spells it.
        version = re.sub(r"^.*?-(?=\d)", "", chart).replace("_", "+")
        found[name] = Present(name, revision, status, digest, version, values.get(name))
    return found


def cluster(
    seen: Seen,
    wished: Sequence[Wished],
    environment: str,
    now: datetime,
) -> Iterator[Finding]:
    """Everything but the Secrets, which want to be compared with the vault."""
    names = [name for one in wished for name in one.certificates]
    questions: dict[str, Question] = {
        "releases": lambda: releases(wished, present(seen), environment),
        "workloads": lambda: workloads(seen.lines("workloads"), seen.lines("pods")),
        "scalers": lambda: scalers(seen.lines("scalers")),
        "certificates": lambda: certificates(
            seen.lines("certificates"), names, seen.namespace, now
        ),
    }
    yield from objects(seen.log, wished, present(seen), environment, seen.namespace)
    for part, question in questions.items():
        if part not in seen.blind:
            yield from (of(part, one) for one in question())
    for part, why in seen.blind.items():
        yield blind(f"{SOURCE}/{part}", why, HINT)


def of(part: str, finding: Finding) -> Finding:
    return finding if finding.source else replace(finding, source=f"{SOURCE}/{part}")
