"""Whole flows, as a person runs them: own sandbox, own Prefect server, own folders."""

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from filelock import FileLock

PROJECT = Path(__file__).parents[2]
PREFECT = str(Path(sys.executable).parent / "prefect")
PATIENCE = 300  # Seconds for one whole flow on a loaded machine.


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What changes, and all else as it is, at every depth."""
    both = {
        name: merged(base[name], new) for name, new in changes.items() if _deep(base, name, new)
    }
    return base | changes | both


def _deep(base: dict[str, Any], name: str, new: Any) -> bool:
    return isinstance(new, dict) and isinstance(base.get(name), dict)


@dataclass(frozen=True)
class Ended:
    """How a command ended, as a person sees it."""

    code: int
    text: str


@dataclass
class Place:
    """A sandbox, a Prefect server, and a folder of environments that belong to one test module."""

    folder: Path
    variables: dict[str, str]
    api: str
    state: Path
    programs: list[subprocess.Popen[str]] = field(default_factory=list)

    def environment(self, name: str, **changes: Any) -> str:
        """Write an environment that differs from the sandbox's in these keys."""
        content = yaml.safe_load((PROJECT / "deployments/sandbox.yaml").read_text())
        content = merged(content, {"sign_in": "Start the sandbox."} | changes)
        (self.folder / "deployments" / f"{name}.yaml").write_text(yaml.safe_dump(content))
        return name

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-m", "flows", *arguments],
            cwd=PROJECT,
            env=self.variables | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.programs.append(program)
        return program

    def run(self, *arguments: str, **variables: str) -> Ended:
        """Run `python -m flows …` to its end."""
        program = self.start(*arguments, **variables)
        text, _ = program.communicate(timeout=PATIENCE)
        return Ended(program.returncode, text)

    def requests(self) -> list[dict[str, Any]]:
        """What the cloud was asked, oldest first."""
        log = self.state / "requests.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    def ask(self, path: str, body: dict[str, Any]) -> Any:
        """Read from Prefect's API."""
        answer = httpx.post(f"{self.api}/{path}", json=body, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def sandbox(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "sandbox", *arguments, "--state", str(self.state)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Prefect server of our own; its variables."""
    home = tmp_path_factory.mktemp("prefect")
    port = free_port()
    variables = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    with (home / "server.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ | variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_answer(f"{variables['PREFECT_API_URL']}/health")
        yield variables
    finally:
        os.killpg(program.pid, signal.SIGTERM)
        program.wait(timeout=30)


def await_answer(address: str) -> None:
    deadline = time.monotonic() + 240  # A loaded machine takes its time to start a server.
    while time.monotonic() < deadline:
        try:
            if httpx.get(address, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    """Profile and scale of the module's sandbox; a module overrides it."""
    return "typical", 0.04


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, server: dict[str, str], pace: tuple[str, float]
) -> Iterator[Place]:
    """An empty subscription."""
    with opened(tmp_path_factory.mktemp("place"), server, pace) as place:
        yield place


@pytest.fixture(scope="session")
def master(tmp_path_factory: pytest.TempPathFactory, server: dict[str, str]) -> Path:
    """The folder of a platform that was deployed once for all processes of this test run."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / "deployed"
    with FileLock(shared / "deployed.lock"):
        if not (folder / "deployments").exists():
            rough = shared / "deploying"
            with opened(rough, server, ("instant", 1)) as place:
                place.environment("sandbox")
                ended = place.run("deploy", "--environment", "sandbox")
                assert ended.code == 0, ended.text
            rough.rename(folder)
    return folder


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory,
    server: dict[str, str],
    pace: tuple[str, float],
    master: Path,
) -> Iterator[Place]:
    """A platform that stands: for tests of what comes after the first deploy."""
    folder = tmp_path_factory.mktemp("place")
    tied = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl")  # To the other's provider.
    shutil.copytree(master, folder, symlinks=True, dirs_exist_ok=True, ignore=tied)
    with opened(folder, server, pace) as place:
        yield place


@contextmanager
def opened(folder: Path, server: dict[str, str], pace: tuple[str, float]) -> Iterator[Place]:
    """A sandbox on this folder, which goes on with what lies there."""
    (folder / "deployments").mkdir(parents=True, exist_ok=True)
    state = folder / "sandbox"
    profile, scale = pace
    options = ["--profile", profile, "--scale", str(scale), "--port", str(free_port())]
    # A role spreads for longer than a loaded machine takes to ask for it.
    options += ["--duration", "role.propagation=750"]
    up = [sys.executable, "-m", "sandbox", "up", *options, "--state", str(state)]
    done = subprocess.run(up, cwd=PROJECT, capture_output=True, text=True, check=True)
    given = dict(
        part.split("=", 1)
        for line in done.stdout.splitlines()
        if line.startswith("export ")
        for part in shlex.split(line.removeprefix("export "))
    )
    variables = (
        {k: v for k, v in os.environ.items() if not k.startswith(("ARM_", "AZURE_", "PREFECT_"))}
        | given
        | server
        | {
            "SUPABASE_WORK": str(folder / "work"),
            "SUPABASE_DEPLOYMENTS": str(folder / "deployments"),
        }
    )
    place = Place(folder, variables, server["PREFECT_API_URL"], state)
    try:
        yield place
    finally:
        for program in place.programs:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
        place.sandbox("down")


@pytest.fixture(scope="module")
def worker(place: Place) -> Iterator[Place]:
    """A worker of the sandbox's pool, with every deployment of its environment."""
    place.environment("sandbox")
    done = place.run("register")
    assert done.code == 0, done.text
    with (place.folder / "worker.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", "supabase-sandbox"],
            cwd=PROJECT,
            env=place.variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    yield place
    os.killpg(program.pid, signal.SIGKILL)


def start_deployment(place: Place, deployment: str) -> str:
    """Start a deployment as its form in the UI does; the id of the run."""
    found = httpx.get(f"{place.api}/deployments/name/{deployment}", trust_env=False).json()
    run = place.ask(f"deployments/{found['id']}/create_flow_run", {})
    return str(run["id"])


def flow_run(place: Place, run: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{place.api}/flow_runs/{run}", trust_env=False).json()
    return answer


@pytest.fixture
def until() -> Callable[[Callable[[], bool], str], None]:
    """Wait for something that happens in another process."""

    def wait(happened: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < deadline, what
            time.sleep(0.1)

    return wait
