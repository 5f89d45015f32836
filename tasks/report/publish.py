"""Write the report when a run ends, however it ends."""

import base64
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from prefect.runtime import flow_run
from prefect.settings import PREFECT_UI_URL

from tasks import wait
from tasks.environment import Environment
from tasks.report import history
from tasks.report.html import html
from tasks.report.page import closing, markdown
from tasks.report.record import Record
from tasks.report.timeline import svg

APPROVED = "approval"  # Keys of what others leave for the report.
VERSIONS = "versions"


@contextmanager
def told(environment: Environment) -> Iterator[None]:
    """Report on what happens inside; a failure is reported, too, and goes on its way."""
    if flow_run.parent_flow_run_id is not None:
        yield  # A stage is part of its run's report.
        return
    try:
        yield
    except Exception as error:
        publish(environment, failure=str(error))
        raise
    publish(environment)


def publish(environment: Environment, failure: str = "") -> Path:
    """Leave the report as an artifact of the run and as a file; return the file's path."""
    record = collect(environment, UUID(str(flow_run.id)), failure)
    picture = svg(record)
    folder = environment.work / "reports" / f"{record.start:%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    folder.joinpath("timeline.svg").write_text(picture)
    folder.joinpath("report.md").write_text(markdown(record, "timeline.svg"))
    file = folder / "report.html"
    file.write_text(html(record, picture))
    inline = "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
    artifact = wait.display(
        create_markdown_artifact,
        markdown(record, inline),
        key=f"report-{environment.name}",
        description=f"What {record.run} did and what it waited for",
    )
    log, pages = wait.logger(), PREFECT_UI_URL.value()
    if local(pages):
        wait.display(
            create_link_artifact,
            file.as_uri(),
            link_text=f"report.html of {record.run}",
            key=f"report-file-{environment.name}",
            description="The report as a file of this machine; copy the link into a new tab, "
            "browsers follow none from a page to a file",
        )
    if artifact and pages:
        log.info("Report: %s/artifacts/artifact/%s", pages.rstrip("/"), artifact)
    log.info("Report: %s on %s", file, socket.gethostname())
    log.info("%s", closing(record))
    return file


def local(pages: str | None) -> bool:
    """Whether who reads Prefect's pages sits at this machine, and so can open its files."""
    return urlsplit(pages or "").hostname in {"localhost", "127.0.0.1", "::1"}


def collect(environment: Environment, run: UUID, failure: str) -> Record:
    """All that the API knows about the run, up to now."""
    smoke = history.artifacts(run, f"smoke-{environment.name}")
    versions = history.artifacts(run, f"{VERSIONS}-{environment.name}")
    answered = history.tables(run, APPROVED)
    spans = (*history.spans(run), *history.answers(answered))
    return Record(
        run=str(flow_run.name),
        environment=environment.name,
        start=history.started(run),
        end=datetime.now(UTC),
        spans=tuple(sorted(spans, key=lambda span: span.start)),
        failure=failure,
        note=environment.note,
        changes=tuple(str(artifact.data) for artifact in history.artifacts(run, wait.CHANGED)),
        checks=tuple(json.loads(str(smoke[-1].data))) if smoke else (),
        approvals=tuple(answered),
        versions=tuple(json.loads(str(versions[-1].data))) if versions else (),
    )


def versions(environment: str, parts: Mapping[str, str]) -> None:
    """Leave what is installed for the report of this run and for the overview of all."""
    rows = [{"part": part, "version": version} for part, version in parts.items()]
    wait.display(create_table_artifact, rows, key=f"{VERSIONS}-{environment}")
