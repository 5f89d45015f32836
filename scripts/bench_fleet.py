"""
Measure how a fleet's throughput grows with its workers, on this machine and in one run.

Each environment gets a preflight: it plans both stacks and asks Azure what a deploy would ask, and
builds nothing, so that fifty need no fifty clusters. A worker takes one run at a time. What counts
is the ratio between the lines: preflights keep a processor busy, so a machine with two of them
stops growing at about two workers, whatever the fleet could do.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import cyclopts
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts import bench
from scripts.bench import BIN, PROJECT, Place

POOL, FLOW = "fleet", "preflight"
PATIENCE = 240  # Seconds until a worker on a loaded machine must be seen.


@contextmanager
def workers(here: Place, count: int) -> Iterator[None]:
    """So many of them, each with room for one run, and all of them seen by the server."""
    with ExitStack() as running:
        for number in range(count):
            log = running.enter_context((here.folder / f"worker-{number}.log").open("w"))
            about = ("--pool", POOL, "--limit", "1", "--name", f"{count}-{number}")
            program = subprocess.Popen(
                [str(BIN / "prefect"), "worker", "start", *about],
                cwd=PROJECT,
                env=os.environ | here.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            running.callback(bench.end, program)
        until_seen({f"{count}-{number}" for number in range(count)})
        yield


def until_seen(names: set[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    with get_client(sync_client=True) as client:
        while not names <= {one.name for one in client.read_workers_for_work_pool(POOL)}:
            if time.monotonic() > deadline:
                raise bench.FailedError("The workers did not start.")
            time.sleep(0.5)


def deployed(here: Place, count: int) -> list[str]:
    """Environments that differ in their names alone, each with its deployment."""
    names = [f"fleet-{number:02}" for number in range(count)]
    folder = here.folder / "deployments"
    for name in names:
        shutil.copy(folder / "sandbox.yaml", folder / f"{name}.yaml")
    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        flow: UUID = client.create_flow_from_name(FLOW)
        for name in names:
            client.create_deployment(
                flow_id=flow,
                name=name,
                entrypoint=f"flows.{FLOW}.{FLOW}",
                work_pool_name=POOL,
                parameters={"environment": name},
            )
    return names


def measured(here: Place, names: Sequence[str], count: int) -> float:
    """Seconds from the fleet's first run to its last."""
    with workers(here, count):
        flags = ["--action", FLOW, "--percent", "100", "--only", *names]
        seconds, _ = here.run("-m", "flows", "fleet", *flags)
    return seconds


def main(
    environments: Annotated[int, cyclopts.Parameter(help="How many.")] = 50,
    beside: Annotated[
        tuple[int, ...],
        cyclopts.Parameter(
            name="--workers", consume_multiple=True, help="One measurement for each."
        ),
    ] = (1, 2, 4),
) -> int:
    """Print one line for each number of workers."""
    console = Console()
    table = Table("workers", "seconds", "runs per minute", "against the first", box=box.MARKDOWN)
    try:
        with bench.place() as here, bench.sandbox(here), bench.prefect(here):
            api = here.variables["PREFECT_API_URL"]
            with temporary_settings({PREFECT_API_URL: api}):
                names = deployed(here, environments)
                first = 0.0
                for count in beside:
                    seconds = measured(here, names, count)
                    first = first or seconds
                    rate = 60 * environments / seconds
                    table.add_row(
                        str(count), f"{seconds:.0f}", f"{rate:.1f}", f"{first / seconds:.2f}"
                    )
    except bench.FailedError as error:
        console.print(error, style="red", markup=False)
        return 1
    console.print(f"{environments} environments, {FLOW}. {bench.machine()}")
    console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(cyclopts.run(main))
