"""Commands of pods that end, run for real by the programs of this machine."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import leash
from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.kubelet import tunnel
from sandbox.cluster.controllers.kubelet.environment import expand
from sandbox.cluster.controllers.simulated.container import Container, repository
from sandbox.cluster.settings import Settings

WAITS = "aks/command/runtime"  # Its command runs outside the cluster, and the pod waits for it.
# What an image runs when the pod says nothing, or only gives arguments.
ENTRYPOINTS: Mapping[str, tuple[str, ...]] = {
    "curlimages/curl": ("curl",),
    "busybox": ("sh",),
    "alpine": ("sh",),
    "postgres": (),
    "python": ("python3",),
    "psql": ("psql",),
    WAITS: ("sleep", "infinity"),
}
DATABASE_CLIENTS = ("postgres", "psql")
INTERPRETERS = ("python", "python3")  # Ours: the one of this machine may be another, or none.
DEADLINE = 900.0  # Seconds; for pods that set none. Commands are real, so time is not scaled.
NOT_FOUND = 127
KILLED = 128 + signal.SIGKILL


@dataclass(frozen=True)
class Outcome:
    """How a command ended, in the words of a container status."""

    code: int
    reason: str = "Completed"
    message: str = ""


@dataclass(frozen=True)
class Program:
    """A command of a container, ready to run here."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    folder: Path


def entrypoint(image: str) -> tuple[str, ...] | None:
    """What an image starts by itself; None for images whose commands are not run."""
    name = repository(image)
    for known, command in ENTRYPOINTS.items():
        if name == known or name.endswith(f"/{known}"):
            return command
    return None


def obstacle(settings: Settings, image: str) -> str | None:
    """Why the commands of an image are not run, as the end of a sentence; None when they are."""
    if entrypoint(image) is None:
        return ""
    is_client = repository(image).rpartition("/")[2] in DATABASE_CLIENTS
    why = settings.without_database() if is_client else ""
    return f" ({why})" if why else None


def command(spec: Manifest, env: Mapping[str, str]) -> tuple[str, ...]:
    """The argv of a container: its command, or the image's entrypoint, and the arguments."""
    default = entrypoint(spec["image"]) or ()
    wanted = [expand(str(part), env) for part in spec.get("command") or []]
    arguments = [expand(str(part), env) for part in spec.get("args") or []]
    if wanted:
        return (*wanted, *arguments)
    if arguments and not arguments[0].startswith("-") and shutil.which(arguments[0]):
        return tuple(arguments)  # Entrypoints of these images pass a program name through.
    return (*default, *arguments)


class Rewriter:
    """Maps the paths of mounted volumes to a folder of this machine, wherever they appear."""

    def __init__(self, folder: Path, mounts: Sequence[str]) -> None:
        self.folder = folder
        roots = sorted((mount.rstrip("/") for mount in mounts), key=len, reverse=True)
        joined = "|".join(re.escape(root) for root in roots if root)
        self._pattern = re.compile(rf"(?<![\w./-])({joined})(?![\w.-])") if joined else None

    def place(self, path: str) -> Path:
        return self.folder / "mounts" / path.strip("/")

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: str(self.place(match[1])), text)


def prepare(settings: Settings, container: Container, spec: Manifest, folder: Path) -> Program:
    """Lay out the folder of a container: its files, its home, its variables."""
    mounts = [mount["mountPath"] for mount in spec.get("volumeMounts") or []]
    local = Rewriter(folder, mounts)
    for mount in mounts:
        if mount not in container.files:
            local.place(mount).mkdir(parents=True, exist_ok=True)
    for path, text in container.files.items():
        place = local.place(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(local(text))
        place.chmod(0o700)
    home = folder / "home"
    home.mkdir()
    proxy = own(settings.proxy, container)
    env = {"HOME": str(home), "TMPDIR": str(home), "HOSTNAME": container.pod}
    env |= {name: local(text) for name, text in container.env.items()}
    env |= {
        "PATH": os.environ.get("PATH", os.defpath),
        "http_proxy": proxy,
        "https_proxy": proxy,
        "HTTPS_PROXY": proxy,
        "no_proxy": "",
        "NO_PROXY": "",
        "SSL_CERT_FILE": str(settings.ca),
        "CURL_CA_BUNDLE": str(settings.ca),
    }
    argv = tuple(local(part) for part in command(spec, container.env))
    if argv and argv[0] in INTERPRETERS:
        argv = (sys.executable, *argv[1:])
    start = local.place(spec["workingDir"]) if spec.get("workingDir") in mounts else home
    return Program(argv, env, start)


def own(proxy: str, container: Container) -> str:
    """The way to the proxy that tells which pod is asking: policies and short names need it."""
    network, at, rest = proxy.rpartition("//")[2].partition(":")
    return f"http://{network};{container.namespace};{container.pod}{at}{rest}"


async def run(
    settings: Settings, container: Container, spec: Manifest, log: Path, deadline: float
) -> Outcome:
    """Run the command of a container in a folder of its own, which goes with it."""
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pod-", dir=settings.scratch) as scratch:
        program = prepare(settings, container, spec, Path(scratch))
        await asyncio.to_thread(log.parent.mkdir, parents=True, exist_ok=True)
        try:
            async with reachable_database(settings, container, program, log) as env:
                return await execute(program, env, log, deadline)
        finally:
            await asyncio.to_thread(leash.sweep, Path(scratch))


@contextlib.asynccontextmanager
async def reachable_database(
    settings: Settings, container: Container, program: Program, log: Path
) -> AsyncIterator[Mapping[str, str]]:
    """PostgreSQL clients know no proxies: give them an address here that leads through ours."""
    host, port = tunnel.destination(container.env, program.argv)
    if not host or Path(program.argv[0]).name == "curl":
        yield program.env
        return

    def tell(sentence: str) -> None:
        with log.open("a") as output:
            output.write(f"{host}:{port}: {sentence}\n")

    async with tunnel.through(own(settings.proxy, container), host, port, tell) as address:
        yield {**program.env, "PGHOSTADDR": address}


async def execute(program: Program, env: Mapping[str, str], log: Path, deadline: float) -> Outcome:
    """Start, wait at most until the deadline, and leave no process behind."""
    if not program.argv or shutil.which(program.argv[0], path=env["PATH"]) is None:
        name = program.argv[0] if program.argv else ""
        text = f'exec: "{name}": executable file not found in $PATH'
        await asyncio.to_thread(log.write_text, f"{text} (commands here are this machine's)\n")
        return Outcome(NOT_FOUND, "StartError", text)
    with log.open("ab") as output:
        running = await leash.start(program.argv, program.folder, env, output)
    try:
        code = await asyncio.wait_for(running.wait(), deadline)
    except TimeoutError:
        return Outcome(KILLED, "DeadlineExceeded", f"still running after {deadline:.0f} s")
    finally:
        await running.end()
    return Outcome(0) if code == 0 else Outcome(code if code > 0 else 128 - code, "Error")
