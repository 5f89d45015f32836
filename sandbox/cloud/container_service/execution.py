"""
A command at work: in Azure inside its pod, here in a process group of its own.

It gets a folder of links as PATH, a kubeconfig of the caller, the files that came with it, and
nothing of the host's environment. It ends when its pod does.
"""

import asyncio
import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from sandbox import leash
from sandbox.cloud.container_service import context, pod, toolbox
from sandbox.cloud.container_service.command import Command
from sandbox.latency import Latency
from sandbox.weather import EvictedError, Weather

LOG = logging.getLogger(__name__)
LOG_BUDGET = 512 * 1024  # Bytes; the rest is cut off, by Azure's design.
LONGEST = 1800.0  # Seconds; the sandbox's own limit, Azure's is not documented.
Pod = dict[str, Any]


class Surroundings(Protocol):
    """What a command needs to know of the network that it runs in."""

    @property
    def proxy(self) -> str: ...
    @property
    def ca(self) -> Path: ...


class ClusterAccess(Protocol):
    """The ways into a running cluster."""

    @property
    def settings(self) -> Surroundings: ...
    def kubeconfig(self, token: str, proxy: str) -> str: ...
    def admin_token(self) -> str: ...
    def entra_token(self, object_id: str) -> str: ...
    async def create_pod(self, manifest: Pod) -> Pod:
        """Raises `PermissionError` with the words of the API server that would not have it."""

    async def await_pod(
        self, made: Pod, reached: Callable[[Pod], bool], seconds: float
    ) -> Pod | None:
        """The pod once it is so, or when time is up; None when it is gone."""

    async def end_pod(self, made: Pod) -> None:
        """Delete the pod, if it is still there."""


class Execution:
    """Runs commands, and cleans up behind each of them."""

    def __init__(self, latency: Latency, folder: Path, weather: Weather) -> None:
        """`folder` holds the links to programs, and the scratch of running commands."""
        self._latency = latency
        self._folder = folder
        self._weather = weather
        self._programs: Path | None = None
        self._scratch = folder / "commands"
        clear(self._scratch)  # A sandbox that was killed leaves some.

    async def place(self, identifier: str, access: ClusterAccess) -> Pod:
        """The pod of a command, once it has a node; Azure's refusal when none has room for it."""
        try:
            made = await access.create_pod(pod.manifest(identifier))
        except PermissionError as error:
            raise pod.refused(str(error)) from error
        patience = max(pod.FLOOR, self._latency.scaled(pod.SCHEDULED))
        found = await access.await_pod(made, pod.is_placed, patience)
        if found is None or not pod.is_placed(found):
            await access.end_pod(made)
            raise pod.no_room(identifier)
        return found

    async def run(self, command: Command, access: ClusterAccess, made: Pod) -> None:
        """Wait for the pod, run the command, and note in it how it ended."""
        try:
            patience = max(pod.FLOOR, self._latency.scaled(pod.STARTED))
            started = await access.await_pod(made, pod.has_started, patience)
            if started is None or not pod.has_started(started):
                command.reason = pod.obstacle(started, command.id)
            else:
                await self._execute(command, access, made)
        except TimeoutError:
            command.reason = f"The command ran for more than {LONGEST:.0f} seconds."
        except EvictedError as error:
            command.reason = str(error)
        except Exception as error:
            LOG.exception("the command %s could not be run", command.id)
            command.reason = f"The command could not be started: {error}"
        finally:
            with contextlib.suppress(Exception):  # The cluster may be gone by now.
                await access.end_pod(made)

    async def _execute(self, command: Command, access: ClusterAccess, made: Pod) -> None:
        self._scratch.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=f"{command.id[:8]}-", dir=self._scratch))
        try:
            place = subfolder(root, "command-files")
            await whole(context.unpack, command.files, place)
            environment = self._environment(root, access, command)
            with (root / "output").open("wb") as sink:
                argv = ("bash", "-c", command.text)
                program = await leash.start(argv, place, environment, sink)
            lost = asyncio.ensure_future(access.await_pod(made, pod.has_ended, LONGEST))
            command.exit_code = await self._end(command, program, lost, environment)
            command.logs = log(root / "output")
        finally:
            await whole(clear, root)

    async def _end(
        self,
        command: Command,
        program: leash.Program,
        lost: "asyncio.Future[Pod | None]",
        environment: dict[str, str],
    ) -> int:
        """The exit code; or `EvictedError` when the pod, or the weather, did not let it end."""
        ended = asyncio.ensure_future(
            self._weather.evictions.outlast(
                program.wait(),
                program.kill,
                {"path": str(command.cluster), "command": command.text},
                urlsplit(environment["HTTPS_PROXY"]).username or "",
            )
        )
        try:
            await asyncio.wait((ended, lost), timeout=LONGEST, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return exit_code(ended.result())
            if lost.done():
                raise EvictedError(pod.GONE.format(name=pod.name(command.id)))
            raise TimeoutError
        finally:
            await program.end()
            for task in (ended, lost):
                task.cancel()

    def _environment(self, root: Path, access: ClusterAccess, command: Command) -> dict[str, str]:
        """What the command sees; a pod of the network reaches the world through its proxy."""
        home = subfolder(root, "home")
        kubeconfig = home / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(
            access.kubeconfig(command.token, access.settings.proxy), encoding="utf-8"
        )
        return {
            "HOME": str(home),
            "HOSTNAME": pod.name(command.id),
            "HTTP_PROXY": access.settings.proxy,
            "HTTPS_PROXY": access.settings.proxy,
            "KUBECONFIG": str(kubeconfig),
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1,localhost",
            "PATH": str(self._toolbox()),
            "SSL_CERT_FILE": str(access.settings.ca),
            "TMPDIR": str(subfolder(root, "tmp")),
        }

    def _toolbox(self) -> Path:
        if self._programs is None:
            self._programs = toolbox.make(self._folder / "programs")
        return self._programs


def clear(folder: Path) -> None:
    """Leave no program and no file of a command."""
    leash.sweep(folder)
    shutil.rmtree(folder, ignore_errors=True)


async def whole(work: Callable[..., None], *arguments: Any) -> None:
    """Work in a thread, to its end even if nobody waits for it any more."""
    working = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(working)
    finally:
        await asyncio.wait({working})


def exit_code(code: int) -> int:
    """A signal counts as the shell counts it."""
    return code if code >= 0 else 128 - code


def subfolder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    return folder


def log(output: Path) -> str:
    """What the command printed, as far as Azure keeps it."""
    with output.open("rb") as source:
        return source.read(LOG_BUDGET).decode("utf-8", errors="replace")
