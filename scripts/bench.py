"""
Measure what the project claims about speed, on this machine and in one run.

Everything is its own: sandbox, Prefect server, ports and folders, which are gone afterwards.
Nothing is asserted: a slow machine is not an error.
"""

import json
import os
import platform
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import cyclopts
import httpx
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from sandbox.latency import Latency
from scripts import charts
from tasks import shell
from tasks.cluster import Script
from tasks.run_command import RunCommand

PROJECT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SCALE = 0.05  # That of the demo.
LONGEST = 900  # Seconds of one command, on the slowest machine.
START = 120  # Seconds until a server on a loaded machine must answer.
FOREIGN = ("ARM_", "AZURE_", "PREFECT_", "TF_", "SUPABASE_")  # Would lead a run elsewhere.
INSTALLS = 3
SMALL = 100  # From here on, tenths tell nothing.

# Runs inside the network, where a deploy runs it too.
INSTALL = f"""\
set -euo pipefail
exec 3>&1 > /dev/null
helm get values supabase -n supabase -o yaml > values.yaml
milliseconds=
for _ in {" ".join(map(str, range(INSTALLS)))}; do
  helm uninstall supabase -n supabase --wait
  before=$(date +%s%N)
  helm upgrade --install supabase ./supabase -n supabase -f values.yaml --wait
  milliseconds="$milliseconds${{milliseconds:+,}}$((($(date +%s%N) - before) / 1000000))"
done
printf '\\n::answer\\n{{"milliseconds": [%s]}}\\n' "$milliseconds" >&3
"""

screen = Console(stderr=True, highlight=False)


class FailedError(Exception):
    """Something that was to be measured did not work; the text is what it printed."""


@dataclass(frozen=True)
class Row:
    """One measurement, in seconds or in megabytes, and what the project promises."""

    what: str
    found: float
    limit: float | None = None
    unit: str = "s"
    least: bool = False  # The promise is this much, not this little.

    def cells(self) -> tuple[str, str, str, str]:
        word = "at least " if self.least else ""
        promise = "" if self.limit is None else f"{word}{self.limit:g} {self.unit}"
        share = 0.0 if self.limit is None else self.found / self.limit
        ratio = "" if self.limit is None else f"{1 / share if self.least else share:.2f}"
        digits = 1 if self.found < SMALL and self.unit != "MB" else 0
        return self.what, f"{self.found:.{digits}f} {self.unit}", promise, ratio


@dataclass(frozen=True)
class Install(Script):
    """The Supabase chart from its folder, taken away and installed anew."""

    def content(self) -> dict[str, bytes]:
        folder = PROJECT / "charts"
        files = {path for path in (folder / "supabase").rglob("*") if path.is_file()}
        chart = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        return chart | {"start.sh": INSTALL.encode()}


@dataclass
class Place:
    """Where one run measures: a folder that goes away, and the variables that lead into it."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> tuple[float, str]:
        """How long a command took, and what it printed."""
        began = time.perf_counter()
        argv = (sys.executable, *command)
        ended = shell.attempt(shell.Command(argv, PROJECT, self.variables, deadline=LONGEST))
        if ended.code:
            tail = "\n".join(f"{ended.printed}{ended.complaint}".splitlines()[-25:])
            raise FailedError(f"`{shlex.join(command)}` ended with {ended.code}.\n{tail}")
        return time.perf_counter() - began, ended.printed


@contextmanager
def place() -> Iterator[Place]:
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        shutil.copytree(PROJECT / "deployments", folder / "deployments")
        own = {"SUPABASE_WORK": str(folder / "work")}
        own |= {"SUPABASE_DEPLOYMENTS": str(folder / "deployments")}
        yield Place(folder, own)


@contextmanager
def sandbox(here: Place) -> Iterator[float]:
    """A running sandbox, and the seconds until it was ready."""
    state = ("--state", str(here.folder / "sandbox"))
    pace = ("--port", "0", "--profile", "typical", "--scale", str(SCALE))
    taken, printed = here.run("-m", "sandbox", "up", *pace, *state)
    here.variables |= exported(printed)
    try:
        yield taken
    finally:
        here.run("-m", "sandbox", "down", *state)


@contextmanager
def prefect(here: Place) -> Iterator[float]:
    """A Prefect server, and the seconds until it answered."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    here.variables |= {
        "PREFECT_HOME": str(here.folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    began = time.perf_counter()
    with (here.folder / "server.log").open("w") as log:
        program = subprocess.Popen(
            [BIN / "prefect", "server", "start", "--host", "127.0.0.1", "--port", port],
            env=os.environ | here.variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_health(here.variables["PREFECT_API_URL"], program, Path(log.name))
        yield time.perf_counter() - began
    finally:
        end(program)


def await_health(api: str, program: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and program.poll() is None:
        try:
            if httpx.get(f"{api}/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
    raise FailedError(f"The Prefect server does not answer.\n{log.read_text()[-2000:]}")


def end(program: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if program.poll() is None:
            os.killpg(program.pid, sign)
        try:
            program.wait(timeout=15)
        except subprocess.TimeoutExpired:
            continue
        return


def exported(printed: str) -> dict[str, str]:
    """The variables of `export NAME=value` lines."""
    words = [word for word in shlex.split(printed) if word != "export"]
    return dict(word.split("=", 1) for word in words)


def resident(here: Place) -> float:
    """Megabytes of memory that the sandbox holds now."""
    running = json.loads((here.folder / "sandbox/running.json").read_text())
    asked = ["ps", "-o", "rss=", "-p", str(running["pid"])]
    return int(subprocess.check_output(asked, text=True)) / 1024


def install(here: Place) -> float:
    """Seconds of one `helm upgrade --install --wait`, without the time that pods take to start."""
    with environment(here.variables):
        subscription = here.variables["ARM_SUBSCRIPTION_ID"]
        cluster = RunCommand(subscription, "supabase-sandbox-rg", "supabase-sandbox-aks", 0.1)
        answer = cluster.run(Install("install"))
    milliseconds: list[int] = answer.document["milliseconds"]
    return statistics.median(milliseconds) / 1000 - Latency("typical", SCALE).seconds("pod.start")


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The Azure SDK reads its own variables from this process."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def measure(say: Callable[[str], None]) -> Iterator[Row]:
    """One measurement after the other, the quiet ones first."""
    deploy = ("-m", "flows", "deploy", "--environment", "sandbox")
    with place() as here:
        say("unit tests")
        yield Row("unit tests", here.run("-m", "pytest", "-q", "tests/unit")[0], 10)
        say("charts")
        yield Row("rendering all charts, Helm's start included", rendering(), 1)
        say("the sandbox alone, with a hundred environments")
        for row in json.loads(here.run("scripts/bench_sandbox.py", "--json")[1]):
            yield Row(**row | {"what": f"sandbox: {row['what']}"})
        say("sandbox")
        with sandbox(here) as ready:
            yield Row("sandbox, memory when ready", resident(here), 250, "MB")
            say("Prefect server")
            with prefect(here) as started:
                yield Row("Prefect server ready", started)
                say("first deploy")
                first = here.run(*deploy)[0]
                yield Row("first deploy", first)
                yield Row("demo after set-up: all three", ready + started + first, 90)
                say("second deploy")
                yield Row("second deploy, nothing to change", here.run(*deploy)[0], 20)
            say(f"helm upgrade --install --wait of charts/supabase, {INSTALLS} times")
            yield Row("helm upgrade --install --wait, beyond pod start", install(here), 3)
            yield Row("sandbox, memory after all that", resident(here), 250, "MB")


def rendering() -> float:
    """Seconds until all charts are there as one environment installs them."""
    before = time.monotonic()
    with charts.helm() as ours:
        for name in charts.NAMES:
            ours.render(name, ours.values(name, "sandbox"))
        return time.monotonic() - before


def whole(say: Callable[[str], None]) -> Iterator[Row]:
    """What takes minutes: set-up of a fresh clone, and every test."""
    with place() as here:
        clone = here.folder / "clone"
        say("set-up of a fresh clone")
        timed(["git", "clone", "-q", str(PROJECT), str(clone)])
        yield Row("set-up of a fresh clone", timed(["make", "-C", str(clone), "setup"]), 180)
    say("every test")
    yield Row("make test", timed(["make", "-C", str(PROJECT), "test"]), 480)


def timed(command: list[str]) -> float:
    began = time.perf_counter()
    code = subprocess.call(command, stdout=sys.stderr)
    if code:
        raise FailedError(f"`{shlex.join(command)}` ended with {code}.")
    return time.perf_counter() - began


def machine() -> str:
    """What numbers of two runs may be compared by; a busy machine tells."""
    today = datetime.now(UTC).date().isoformat()
    kind = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return f"{today}, {kind}, load before the run {os.getloadavg()[0]:.1f}"


def main(
    *,
    everything: Annotated[
        bool, cyclopts.Parameter(name="--all", negative="", help="Also what takes minutes.")
    ] = False,
) -> int:
    """Measure sandbox, Prefect, two deploys, an installation and the unit tests; print a table."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # Clean up then, too.
    header, table = machine(), Table("what", "measured", "limit", "ratio", box=box.MARKDOWN)
    code = 0
    try:
        for part in (measure, whole) if everything else (measure,):
            for row in part(lambda text: screen.print(f"Measuring: {text} …", style="dim")):
                table.add_row(*row.cells())
    except FailedError as error:
        screen.print(str(error), style="red", markup=False)
        code = 1
    out = Console(width=120)
    out.print(f"\n{header}\n", highlight=False)
    out.print(table)
    return code


if __name__ == "__main__":
    sys.exit(cyclopts.run(main))
