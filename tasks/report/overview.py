"""All environments on one page, from what Prefect remembers of their runs; Azure is not asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    FlowRunFilter,
    FlowRunFilterName,
)
from prefect.client.schemas.objects import ArtifactCollection, FlowRun
from prefect.client.schemas.sorting import FlowRunSort

from tasks import wait
from tasks.report.publish import VERSIONS

PAGE = 200  # What the API returns at most.
DEEP = 10  # Pages of runs that are looked through for the last deploy of each.
KEY = "fleet-overview"
NEVER = "never"
LEADING = "chart supabase"  # The version that stands for all.


@dataclass(frozen=True)
class Line:
    """One environment, as far as Prefect knows it."""

    environment: str
    deployed: str = NEVER
    when: str = ""
    drift: str = "never looked"
    secrets: str = "unknown"
    version: str = "unknown"

    def row(self) -> dict[str, str]:
        return {
            "environment": self.environment,
            "last deploy": self.deployed,
            "when": self.when,
            "drift": self.drift,
            "secrets": self.secrets,
            "Supabase": self.version,
        }


def gather(names: Sequence[str]) -> list[Line]:
    """One line for each environment, in the order given."""
    with get_client(sync_client=True) as client:
        deploys = last_deploys(client, names)
        drifts = latest(client, [f"drift-{name}" for name in names])
        secrets = latest(client, [f"rotation-{name}" for name in names])
        versions = latest(client, [f"{VERSIONS}-{name}" for name in names])
    return [
        Line(
            name,
            *deployed(deploys.get(name)),
            said(drifts.get(f"drift-{name}")) or Line.drift,
            said(secrets.get(f"rotation-{name}")) or Line.secrets,
            version(versions.get(f"{VERSIONS}-{name}")),
        )
        for name in names
    ]


def last_deploys(client: SyncPrefectClient, names: Sequence[str]) -> Mapping[str, FlowRun]:
    """The newest run of each that changed something, or tried to."""
    found: dict[str, FlowRun] = {}
    wanted = FlowRunFilter(name=FlowRunFilterName(any_=[f"deploy-{name}" for name in names]))
    for page in range(DEEP):
        runs = client.read_flow_runs(
            flow_run_filter=wanted,
            sort=FlowRunSort.START_TIME_DESC,
            limit=PAGE,
            offset=page * PAGE,
        )
        for run in runs:
            if run.start_time and not run.parameters.get("plan"):
                found.setdefault(str(run.parameters.get("environment")), run)
        if len(runs) < PAGE or len(found) == len(names):
            break
    return found


def latest(client: SyncPrefectClient, keys: Sequence[str]) -> dict[str, ArtifactCollection]:
    """The newest artifact of each key."""
    found: dict[str, ArtifactCollection] = {}
    for start in range(0, len(keys), PAGE):
        some = ArtifactCollectionFilterKey(any_=list(keys[start : start + PAGE]))
        page = client.read_latest_artifacts(
            artifact_filter=ArtifactCollectionFilter(key=some), limit=PAGE
        )
        found |= {one.key: one for one in page if one.key}
    return found


def deployed(run: FlowRun | None) -> tuple[str, str]:
    if run is None:
        return NEVER, ""
    ended = run.end_time or run.start_time
    return run.state_name or "unknown", f"{ended:%Y-%m-%d %H:%M} UTC" if ended else ""


def said(artifact: ArtifactCollection | None) -> str:
    """What its description says, and when that was."""
    if artifact is None or not artifact.description:
        return ""
    day = f" ({artifact.updated:%Y-%m-%d})" if isinstance(artifact.updated, datetime) else ""
    return f"{artifact.description.rstrip('.')}{day}"


def version(artifact: ArtifactCollection | None) -> str:
    rows = json.loads(str(artifact.data)) if artifact and artifact.data else []
    return next((row["version"] for row in rows if row["part"] == LEADING), Line.version)


def page(lines: Sequence[Line], now: datetime) -> str:
    """The page, those first that need a person."""
    ordered = sorted(lines, key=lambda line: (not needs_a_person(line), line.environment))
    heads = list(Line("").row())
    table = [f"| {' | '.join(heads)} |", "|" + "-|" * len(heads)]
    for line in ordered:
        cells = (" ".join(cell.replace("|", "\\|").split()) for cell in line.row().values())
        table.append(f"| {' | '.join(cells)} |")
    count = sum(map(needs_a_person, lines))
    told = f"{count} of {len(lines)} environments want to be looked at."
    return f"# Fleet, {now:%Y-%m-%d %H:%M} UTC\n\n{told}\n\n" + "\n".join(table) + "\n"


def needs_a_person(line: Line) -> bool:
    """Its last deploy failed, or something differs from what was decided."""
    drifted = not line.drift.lower().startswith(("nothing", "no ", "never"))
    return line.deployed in {"Failed", "Crashed", "TimedOut"} or drifted


def publish(lines: Sequence[Line], now: datetime) -> str:
    text = page(lines, now)
    wait.page(text, KEY)
    return text
