"""Write the report when a run ends, however it ends."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from prefect.artifacts import create_markdown_artifact
from prefect.runtime import flow_run

from tasks import wait
from tasks.environment import Environment
from tasks.report import history
from tasks.report.page import closing, markdown
from tasks.report.record import Record
from tasks.report.timeline import svg


@contextmanager
def told(environment: Environment) -> Iterator[None]:
    """Report on what happens inside; a failure is reported, too, and goes on its way."""
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
    file = folder / "report.md"
    file.write_text(markdown(record, "timeline.svg"))
    inline = "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
    wait.display(
        create_markdown_artifact,
        markdown(record, inline),
        key=f"report-{environment.name}",
        description=f"What {record.run} did and what it waited for",
    )
    wait.logger().info("Report: %s", file)
    wait.logger().info("%s", closing(record))
    return file


def collect(environment: Environment, run: UUID, failure: str) -> Record:
    """All that the API knows about the run, up to now."""
    smoke = history.artifacts(run, f"smoke-{environment.name}")
    return Record(
        run=str(flow_run.name),
        environment=environment.name,
        start=history.started(run),
        end=datetime.now(UTC),
        spans=history.spans(run),
        failure=failure,
        note=environment.note,
        changes=tuple(str(artifact.data) for artifact in history.artifacts(run, wait.CHANGED)),
        checks=tuple(json.loads(str(smoke[-1].data))) if smoke else (),
    )
