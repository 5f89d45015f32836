"""What the Prefect UI shows of drift, and what it keeps from run to run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import State
from prefect.client.schemas.sorting import ArtifactSort
from prefect.states import Completed

from tasks import wait
from tasks.drift.finding import Finding, Verdict, counted, told
from tasks.drift.history import Chronicle, Entry
from tasks.drift.ignore import Sifted

NONE = "Nothing has drifted."


def remembered(environment: str) -> tuple[Entry, ...]:
    """The history that the last run left on the server: workers have no disk to trust."""
    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key(environment)]))
    with get_client(sync_client=True) as client:
        found = client.read_artifacts(
            artifact_filter=wanted, sort=ArtifactSort.CREATED_DESC, limit=1
        )
    if not found:
        return ()
    data: Any = found[0].data
    rows = json.loads(data) if isinstance(data, str) else data
    return tuple(Entry(**row) for row in rows or ())


def remember(environment: str, chronicle: Chronicle) -> None:
    rows = [asdict(one) for one in chronicle.entries]
    about = "Every finding of drift: first and last seen, and resolved. `drift` goes on from here."
    wait.display(create_table_artifact, rows, key=key(environment), description=about)


def key(environment: str) -> str:
    return f"drift-history-{environment}"


def show(
    environment: str, sifted: Sifted, chronicle: Chronicle | None = None, doubt: str = ""
) -> None:
    """A table with the remedy for each, the worst first; one line each in the log."""
    since = chronicle.since if chronicle else {}
    findings = sorted(sifted.counted, key=lambda one: one.rank)
    rows = [
        {
            "severity": one.severity,
            "where": one.where,
            "what": one.what,
            "remedy": one.remedy,
            "kind": one.kind,
            "since": since.get(one.fingerprint, "uncertain"),
        }
        for one in findings
    ]
    rows += [
        {
            "severity": "ignored",
            "where": one.where,
            "what": one.what,
            "remedy": why,
            "kind": one.kind,
            "since": "",
        }
        for one, why in sifted.ignored
    ]
    about = f"{doubt} " if doubt else ""
    about += told(counted(findings)).capitalize() if findings else NONE
    wait.display(create_table_artifact, rows, key=f"drift-{environment}", description=about)
    wait.page(page(environment, about, rows), f"drift-page-{environment}")
    log = wait.logger()
    for one in findings:
        level = log.info if one.severity == "info" else log.warning
        level("%s: %s: %s Next: %s", one.severity, one.where, one.what, one.remedy)


def page(environment: str, about: str, rows: Sequence[Mapping[str, str]]) -> str:
    """The same to read: the UI does not wrap the lines of a table."""
    lines = [f"# Drift of {environment}", "", f"{about}"]
    for row in rows:
        since = f", since {row['since']}" if row["since"] else ""
        lines += [
            "",
            f"### {row['severity']}: {row['where']}",
            "",
            f"{row['what']}",
            "",
            f"**{'Why it may stay' if row['severity'] == 'ignored' else 'Next'}**: {row['remedy']}",
            "",
            f"`{row['kind']}`{since}",
        ]
    return "\n".join(lines)


def concluded(findings: Sequence[Finding], chronicle: Chronicle) -> State[Verdict]:
    """Drift is no failure of the run that finds it: a completed state with a name of its own."""
    counts = counted(findings)
    news = [f"{len(chronicle.new)} new"] if chronicle.new else []
    news += [f"{len(chronicle.resolved)} resolved"] if chronicle.resolved else []
    text = "; ".join([told(counts) if findings else NONE, *news])
    return ended("Drifted" if findings else "Completed", text, counts)


def doubtful(findings: Sequence[Finding], why: str) -> State[Verdict]:
    """What was seen while somebody changed the environment may be gone already."""
    return ended("Uncertain", f"{why} What was found may pass: {told(counted(findings))}.", {})


def looked_away(why: str) -> State[Verdict]:
    """Nothing was asked: half of what a changing run does looks like drift."""
    return ended("LookedAway", f"Looked away: {why}", {})


def ended(name: str, text: str, counts: Mapping[str, int]) -> State[Verdict]:
    wait.logger().info("%s", text)
    return Completed(name=name, message=text, data=Verdict(counts, text))
