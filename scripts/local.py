"""A Prefect server and a worker on this machine, for the demo and for development."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import cyclopts
import httpx
from rich.console import Console

PROJECT = Path(__file__).parents[1]
HOME = PROJECT / ".work" / "prefect"
BIN = Path(sys.executable).parent
POOL = "supabase-sandbox"
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
PORT = 4200
START = 90  # Seconds until a server on a loaded machine must answer.

app = cyclopts.App(help=__doc__, version_flags=[])
screen = Console(stderr=True, highlight=False)
Port = Annotated[int, cyclopts.Parameter(env_var="PREFECT_PORT", help="The server's port.")]


@app.command
def up(port: Port = PORT) -> int:
    """Start server and worker, and register the deployments; what runs already is left alone."""
    HOME.mkdir(parents=True, exist_ok=True)
    ours = _alive("server")
    if ours and _port() != port:
        screen.print(f"This project's server runs on port {_port()} already.", style="red")
        screen.print(f"Next: make down, or use PREFECT_PORT={_port()}.")
        return 2
    if not ours:
        if _taken(port):
            screen.print(f"Port {port} is taken by another program.", style="red")
            screen.print("Next: stop it, or choose another: make demo PREFECT_PORT=4201")
            return 2
        screen.print("Starting the Prefect server …", style="dim")
        command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1"]
        server = _start("server", [*command, "--port", str(port)], port)
        if not _await(port, server):
            screen.print(f"The server does not answer; see {HOME / 'server.log'}.", style="red")
            return 1
    if not _alive("worker"):
        # Registering takes seconds: it happens beside the deploy.
        _start("worker", [sys.executable, __file__, "work", "--port", str(port)], port)
    screen.print(f"Prefect: http://127.0.0.1:{port}", style="green")
    return 0


@app.command
def work(port: Port = PORT) -> int:
    """Register every pool and deployment, then work for the sandbox."""
    prefect = str(BIN / "prefect")
    environment = _environment(port)
    register = [sys.executable, "-m", "flows", "register"]
    subprocess.run(register, cwd=PROJECT, env=environment, check=True)  # noqa: TID251 # Short.
    os.execve(prefect, [prefect, "worker", "start", "--pool", POOL], environment)  # noqa: S606


@app.command
def down(port: Port = PORT) -> int:
    """Stop worker and server."""
    for name in ("worker", "server"):
        pid = _pid(name)
        if pid and _alive(name):
            os.killpg(pid, signal.SIGTERM)
            _gone(pid)
            screen.print(f"Stopped the Prefect {name} (port {port}).", style="dim")
        (HOME / f"{name}.pid").unlink(missing_ok=True)
    return 0


@app.command
def env(port: Port = PORT, *, running: bool = False) -> int:
    """
    Print the variables that point Prefect's client to this server.

    Parameters
    ----------
    running
        Print nothing when no server of this project runs.
    """
    if running and not _alive("server"):
        return 0
    for name, value in _variables(_port() or port).items():
        sys.stdout.write(f"export {name}={value!r}\n")
    return 0


@app.command
def show(port: Port = PORT) -> int:
    """Show the newest report and the address of the UI."""
    reports = sorted((PROJECT / ".work").glob("*/reports/*/report.md"), key=os.path.getmtime)
    if reports:
        from rich.markdown import Markdown  # noqa: PLC0415 # Only here.

        width = min(shutil.get_terminal_size((110, 40)).columns, 120)
        text = reports[-1].read_text().split("## What changed")[0].split("## Steps")[0]
        text = text.replace("<br>", "; ").replace("![Timeline](timeline.svg)\n", "")
        Console(width=width).print(Markdown(text))
        screen.print(f"Whole report and picture: {reports[-1].relative_to(PROJECT)}")
    if not _alive("worker"):
        log = HOME / "worker.log"
        screen.print(f"The worker has ended; runs from the UI wait. See {log}.", style="yellow")
    own = "" if port == PORT else f" PREFECT_PORT={port}"
    stop = f"(stop everything: make down{own})"
    screen.print(f"Prefect UI: http://127.0.0.1:{port}   {stop}", soft_wrap=True)
    return 0


def _variables(port: int) -> dict[str, str]:
    return {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_HOME": str(HOME)}


def _environment(port: int) -> Mapping[str, str]:
    return {
        **os.environ,
        **_variables(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # In memory, which is the default, a server that restarts forgets who holds an environment,
        # and counts the place as taken for ever.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
        "PREFECT_LOGGING_COLORS": "false",
        "DO_NOT_TRACK": "1",
    }


def _start(name: str, command: list[str], port: int) -> subprocess.Popen[bytes]:
    with (HOME / f"{name}.log").open("ab") as log:
        program = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=_environment(port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    (HOME / f"{name}.pid").write_text(str(program.pid))
    (HOME / "port").write_text(str(port))
    return program


def _port() -> int:
    path = HOME / "port"
    return int(path.read_text()) if path.exists() else 0


def _pid(name: str) -> int | None:
    path = HOME / f"{name}.pid"
    return int(path.read_text()) if path.exists() else None


def _alive(name: str) -> bool:
    """Whether the process that we once started still runs, and its number is not another's now."""
    command = _command(_pid(name))
    return "prefect" in command or "local.py" in command


def _command(pid: int | None) -> str:
    """The command line of a process; empty when there is none."""
    if pid is None:
        return ""
    ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    done = subprocess.run(ps, capture_output=True, text=True, check=False)  # noqa: TID251 # Short.
    return "" if "<defunct>" in done.stdout else done.stdout


def _gone(pid: int, patience: float = 8) -> None:
    """Wait for the end; Prefect's worker sometimes stays alive after its last run."""
    deadline = time.monotonic() + patience
    while _command(pid):
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            return
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health", trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _await(port: int, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.poll() is None:
        if _answers(port):
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(app())
