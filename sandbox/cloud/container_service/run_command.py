"""
Commands in a cluster: what `az aks command invoke` starts.

Azure runs them in a pod with kubectl, helm, bash and jq. Here they run in a process group of
their own, with a folder of links as PATH, a kubeconfig of the caller, and nothing of the host's
environment. A command that fails is a success of the service: only `exitCode` tells.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from sandbox.arm import ArmError, Caller, ResourceId, TokenError
from sandbox.cloud.container_service import context, models, refusals, toolbox
from sandbox.latency import Latency
from sandbox.store import Resource
from sandbox.weather import EvictedError, Weather

LOG = logging.getLogger(__name__)
SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"  # Of every AKS API server.
LOG_BUDGET = 512 * 1024  # Bytes; the rest is cut off, by Azure's design.
LONGEST = 1800.0  # Seconds; the sandbox's own limit, Azure's is not documented.
FILE_BLOCKS = 256 * 1024  # Of a kilobyte: no file of a command grows beyond 256 MiB.
LIMITS = f"ulimit -c 0; ulimit -n 1024; ulimit -t 900; ulimit -f {FILE_BLOCKS}; "
KEPT = 200  # Results of ended commands; older ones are forgotten. Azure's number is not documented.
CUT_SHORT = "The command was cancelled: the sandbox stopped or was reset."
STARTER = LIMITS + 'exec bash -c "$1"'


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


# Waits for a cluster that is starting; raises `ArmError` when none runs.
Clusters = Callable[[Resource], Awaitable[ClusterAccess]]
CheckToken = Callable[[str, str], Caller]


@dataclass
class Command:
    """One command, from its acceptance on."""

    id: str
    cluster: ResourceId
    text: str
    files: bytes
    token: str
    started: datetime
    finished: datetime | None = None
    exit_code: int | None = None  # Known of a command that ran to its end.
    logs: str = ""
    reason: str = ""  # Set when the service could not run it at all.
    _dumped: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def show(self) -> dict[str, Any]:
        found: dict[str, Any] = {"startedAt": stamp(self.started)}
        if self.finished is None:
            found["provisioningState"] = "Running"
        elif self.reason or self.exit_code is None:
            found |= {"provisioningState": "Failed", "reason": self.reason or "It did not run."}
        else:
            found |= {
                "provisioningState": "Succeeded",
                "exitCode": self.exit_code,
                "logs": self.logs,
            }
        if self.finished is not None:
            found["finishedAt"] = stamp(self.finished)
        return {"id": self.id, "properties": found}

    def dump(self) -> dict[str, Any]:
        """The result, always the same object; a command under way does not outlive the sandbox."""
        if self._dumped is None or bool(self.finished) is not self._dumped["ran"]:
            self._dumped = {
                "cluster": self.cluster.path,
                "started": self.started.timestamp(),
                "finished": (self.finished or self.started).timestamp(),
                "exit_code": self.exit_code,
                "logs": self.logs,
                "reason": self.reason if self.finished else CUT_SHORT,
                "ran": bool(self.finished),
            }
        return self._dumped

    @classmethod
    def load(cls, identifier: str, data: dict[str, Any]) -> Self:
        began, ended = (datetime.fromtimestamp(data[at], UTC) for at in ("started", "finished"))
        told = {name: data[name] for name in ("exit_code", "logs", "reason")}
        return cls(identifier, ResourceId(data["cluster"]), "", b"", "", began, ended, **told)


class Commands:
    """Starts commands and remembers how they ended."""

    def __init__(
        self,
        clusters: Clusters,
        check_token: CheckToken,
        latency: Latency,
        folder: Path,
        weather: Weather | None = None,
    ) -> None:
        """`folder` holds the links to programs, and the scratch of running commands."""
        self._clusters = clusters
        self._check_token = check_token
        self._latency = latency
        self._folder = folder
        self._weather = weather or Weather(latency)
        self._programs: Path | None = None
        self._known: dict[str, Command] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def access(self, cluster: Resource) -> ClusterAccess | None:
        try:
            return await self._clusters(cluster)
        except ArmError:
            return None

    async def start(self, cluster: Resource, wanted: dict[str, Any]) -> Command:
        """Accept a command, or refuse it the way AKS does."""
        text = wanted.get("command")
        if not isinstance(text, str) or not text.strip():
            raise refusals.invalid("command", "It is required.")
        self._check_cluster(cluster)
        files = context.read(str(wanted.get("context") or ""))
        access = await self.access(cluster)
        identifier = uuid.uuid4().hex
        if access is None:
            raise refusals.refusal(
                400,
                "KubernetesPerformanceError",
                "Failed to run command due to cluster perf issue, container command-"
                f"{identifier} in aks-command namespace did not start within 30s on your cluster, "
                "retry may helps. If issue persist, you may need to tune your cluster with better "
                "performance (larger node/paid tier).",
            )
        token = self._token(cluster, access, str(wanted.get("clusterToken") or ""))
        command = Command(identifier, cluster.id, text, files, token, datetime.now(UTC))
        self._remember(command)
        task = asyncio.create_task(self._run(command, access), name=f"command {command.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return command

    def _remember(self, command: Command) -> None:
        ended = [known.id for known in self._known.values() if known.finished]
        for identifier in ended[: max(0, len(ended) - KEPT + 1)]:
            del self._known[identifier]
        self._known[command.id] = command

    def known(self) -> list[Command]:
        """Commands that run, and the latest that have ended; by their start."""
        return list(self._known.values())

    def find(self, cluster: ResourceId, identifier: str) -> Command:
        command = self._known.get(identifier)
        if command is None or command.cluster != cluster:
            raise refusals.refusal(
                404, "NotFound", f"The command result '{identifier}' could not be found."
            )
        return command

    def dump(self) -> dict[str, Any]:
        return {key: known.dump() for key, known in self._known.items()}

    def load(self, data: dict[str, Any]) -> None:
        self._known = {key: Command.load(key, one) for key, one in data.items()}

    async def close(self) -> None:
        """End what still runs and leave nothing behind."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # --- May it run ----------------------------------------------------------------------------

    def _check_cluster(self, cluster: Resource) -> None:
        if cluster.state in ("Creating", "Deleting"):
            raise refusals.cluster_busy(cluster)
        properties = cluster.properties
        if properties["powerState"]["code"] != "Running":
            raise refusals.refusal(
                400,
                "OperationNotAllowed",
                f"Run command needs a running cluster: {cluster.name} is in Power State("
                f"{properties['powerState']['code']}). Start it first.",
            )
        if models.access(properties).get("disableRunCommand"):
            raise refusals.refusal(
                400,
                "RunCommandDisabled",
                f"Run command is disabled for {cluster.name}: "
                "apiServerAccessProfile.disableRunCommand is true.",
            )

    def _token(self, cluster: Resource, access: ClusterAccess, given: str) -> str:
        """With Entra the command acts as its caller; otherwise as the cluster's administrator."""
        if not (cluster.properties.get("aadProfile") or {}).get("managed"):
            return access.admin_token()
        if not given:
            raise refusals.refusal(
                400,
                "BadRequest",
                f"{cluster.name} uses managed Microsoft Entra integration: send a clusterToken, "
                f"which is an access token for the application {SERVER_APPLICATION}.",
            )
        try:
            caller = self._check_token(given, SERVER_APPLICATION)
        except TokenError as error:
            raise refusals.refusal(
                400, "BadRequest", f"The clusterToken is not accepted: {error}"
            ) from error
        return access.entra_token(caller.object_id)

    # --- Running it ----------------------------------------------------------------------------

    async def _run(self, command: Command, access: ClusterAccess) -> None:
        try:
            await asyncio.sleep(self._latency.seconds("run_command.start"))
            await self._execute(command, access)
        except TimeoutError:
            command.reason = f"The command ran for more than {LONGEST:.0f} seconds."
        except asyncio.CancelledError:
            command.reason = CUT_SHORT
            raise
        except EvictedError as error:
            command.reason = str(error)
        except Exception as error:
            LOG.exception("the command %s could not be run", command.id)
            command.reason = f"The command could not be started: {error}"
        finally:
            command.finished = datetime.now(UTC)
            command.files, command.token = b"", ""

    async def _execute(self, command: Command, access: ClusterAccess) -> None:
        scratch = self._folder / "commands"
        scratch.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=f"{command.id[:8]}-", dir=scratch))
        try:
            context.unpack(command.files, subfolder(root, "command-files"))
            environment = self._environment(root, access, command.token)
            output = root / "output"
            command.exit_code = await self._call(command, environment, root, output)
            command.logs = log(output)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    async def _call(
        self, command: Command, environment: dict[str, str], root: Path, output: Path
    ) -> int:
        with output.open("wb") as sink:
            program = await asyncio.create_subprocess_exec(
                str(self._toolbox() / "bash"),
                "-c",
                STARTER,
                "bash",
                command.text,
                cwd=root / "command-files",
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,  # So that all of it can be ended together.
            )
        try:
            ended = self._weather.evictions.outlast(
                program.wait(),
                lambda: os.killpg(program.pid, signal.SIGKILL),
                {"path": str(command.cluster), "command": command.text},
                urlsplit(environment["HTTPS_PROXY"]).username or "",
            )
            code = await asyncio.wait_for(ended, LONGEST)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            if program.returncode is None:
                await program.wait()
        return code if code >= 0 else 128 - code

    def _environment(self, root: Path, access: ClusterAccess, token: str) -> dict[str, str]:
        """What the command sees; a pod of the network reaches the world through its proxy."""
        home = subfolder(root, "home")
        kubeconfig = home / "kubeconfig"
        kubeconfig.touch(mode=0o600)
        kubeconfig.write_text(access.kubeconfig(token, access.settings.proxy), encoding="utf-8")
        return {
            "HOME": str(home),
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


def subfolder(root: Path, name: str) -> Path:
    folder = root / name
    folder.mkdir(exist_ok=True)
    return folder


def log(output: Path) -> str:
    """What the command printed, as far as Azure keeps it."""
    with output.open("rb") as source:
        return source.read(LOG_BUDGET).decode("utf-8", errors="replace")


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
