"""The state directory: the authority, who the deployer is, and the sandbox that runs from here."""

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import shutil
import socket
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import snapshot
from sandbox.files import write_private

if TYPE_CHECKING:  # Commands that only ask are quick without them.
    from sandbox.cloud.entra import Identity
    from sandbox.front import Authority

DEFAULT = Path(".sandbox")
MARKER = ".sandbox-state"
"""Says that a folder is a state directory; others are neither taken over nor cleared."""
EARLIER = ("identity.json", "signing.key")  # Together they mark one from before the marker.
LOCK = "lock"
LOGS = ("sandbox.log", "sandbox.1.log", "requests.jsonl", "requests.1.jsonl")
FILES = ("environment", "running.json", "running.new", *LOGS, *snapshot.FILES)
FOLDERS = ("blobs", "clusters", "postgresql", "run-command")


class SandboxError(Exception):
    """The sandbox cannot do what was asked; `hint` says what helps."""

    code = 1  # What the command ends in.

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Running:
    """A sandbox that serves from a state directory."""

    pid: int
    port: int
    profile: str
    scale: float
    token: str = field(repr=False)

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class State:
    """The files of one sandbox; the folder is its owner's alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "sandbox.log"
        self.requests = self.folder / "requests.jsonl"
        self.environment_file = self.folder / "environment"
        self._running = self.folder / "running.json"

    def prepare(self) -> None:
        """Make the folder, or take it over from an earlier sandbox."""
        self._refuse_foreign()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise SandboxError(
                f"The state directory {self.folder} cannot be made: {error.strerror}.",
                "Choose another one with --state.",
            ) from error
        (self.folder / MARKER).touch()
        ignored = self.folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n")

    def _refuse_foreign(self) -> None:
        """A folder with things in it that no sandbox has put there is somebody else's."""
        if not self.folder.is_dir() or not any(self.folder.iterdir()):
            return
        if (self.folder / MARKER).is_file():
            return
        if not all((self.folder / name).is_file() for name in EARLIER):
            raise SandboxError(
                f"{self.folder} is not the state directory of a sandbox, and it is not empty.",
                "Choose a new or an empty folder with --state.",
            )

    def authority(self) -> "Authority":
        from sandbox.front import Authority  # noqa: PLC0415  # Only a sandbox needs it.

        return Authority(self.folder)

    def identity(self) -> "Identity":
        """The deployer's credentials and the signing key; made once per state directory."""
        from sandbox.cloud.entra import Identity, new_key  # noqa: PLC0415  # As above.

        file, key = self.folder / "identity.json", self.folder / "signing.key"
        if not file.exists() or not key.exists():
            new = {
                "client": str(uuid.uuid4()),
                "object": str(uuid.uuid4()),
                "secret": f"sbx8Q~{secrets.token_urlsafe(25)}",
            }
            write_private(file, json.dumps(new, indent=2).encode())
            write_private(key, new_key())
        try:
            return Identity(**json.loads(file.read_text()), signing_key=key.read_bytes())
        except (ValueError, TypeError) as error:
            raise SandboxError(
                f"{file} is damaged: {error}.", "Remove it; the sandbox makes new credentials."
            ) from error

    def credentials(self) -> frozenset[str]:
        """What the deployer signs in with, as far as it has been made."""
        try:
            kept = json.loads((self.folder / "identity.json").read_text())
            return frozenset((str(kept["client"]), str(kept["secret"])))
        except (OSError, ValueError, KeyError, TypeError):
            return frozenset()

    def install_provider(self) -> None:
        """Let Terraform find azurerm: the real one that SANDBOX_PROVIDER names, or the stand-in."""
        from sandbox.terraform_provider import mirror, real  # noqa: PLC0415  # As above.

        try:
            provider = real.chosen(mirror.host())
        except real.UnusableError as error:
            raise SandboxError(error.message, error.hint) from error
        mirror.cli_config(self.folder, mirror.install(self.folder / "mirror", provider))

    def provider(self) -> str:
        """Which azurerm Terraform gets here, for people."""
        from sandbox.terraform_provider import mirror  # noqa: PLC0415  # As above.

        return mirror.described(self.folder / "mirror")

    def environment(self, running: Running, inside: str = "") -> dict[str, str]:
        """The variables that point any Azure client here; `inside` is the proxy of a network."""
        identity = self.identity()
        authority = str(self.folder / "ca.pem")
        deployer = {
            "TENANT_ID": identity.tenant,
            "SUBSCRIPTION_ID": identity.subscription,
            "CLIENT_ID": identity.client,
            "CLIENT_SECRET": identity.secret,
        }
        return {
            **way(inside or running.proxy),
            "REQUESTS_CA_BUNDLE": authority,
            "CURL_CA_BUNDLE": authority,
            "SSL_CERT_FILE": authority,
            **{f"ARM_{name}": value for name, value in deployer.items()},
            **{f"AZURE_{name}": value for name, value in deployer.items()},
            "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",  # az would report to the real world.
            "CHECKPOINT_DISABLE": "1",  # Terraform would ask the real world for its newest version.
        }

    def exports(self, running: Running, inside: str = "") -> str:
        """The environment as a shell reads it."""
        return exports(self.environment(running, inside))

    def announce(self, running: Running) -> None:
        """Tell other commands that, and where, this sandbox runs."""
        write_private(self.environment_file, self.exports(running).encode())
        fresh = self._running.with_suffix(".new")
        write_private(fresh, json.dumps(asdict(running)).encode())
        fresh.replace(self._running)

    def withdraw(self) -> None:
        self._running.unlink(missing_ok=True)

    def running(self) -> Running | None:
        """The sandbox that runs from here; what a crash left behind does not count."""
        try:
            found = Running(**json.loads(self._running.read_text()))
            os.kill(found.pid, 0)
            with socket.create_connection(("127.0.0.1", found.port), timeout=1):
                return found
        except (OSError, ValueError, TypeError):
            return None

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one process that serves from here; the system lets go when it ends, however."""
        with (self.folder / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise self.held_by_another() from error
            yield

    def demand_free(self) -> None:
        """Refuse while a process serves from here, whether it answers or not."""
        if (self.folder / LOCK).exists():
            with self.hold():
                pass

    def held_by_another(self) -> SandboxError:
        try:
            pid = Running(**json.loads(self._running.read_text())).pid
        except (OSError, ValueError, TypeError):
            return SandboxError(
                f"Another sandbox is about to start or to stop in {self.folder}.",
                "Wait a moment, or choose another folder with --state.",
            )
        return SandboxError(
            f"The sandbox of {self.folder} (pid {pid}) runs and does not answer.",
            f"Wait for it, or stop it with: kill {pid}",
        )

    def clear(self) -> None:
        """Remove what a sandbox left, but not who it is: credentials and authority stay."""
        self._refuse_foreign()
        self.demand_free()
        for name in FILES:
            (self.folder / name).unlink(missing_ok=True)
        for name in FOLDERS:
            shutil.rmtree(self.folder / name, ignore_errors=True)


def way(proxy: str) -> dict[str, str]:
    """
    Every spelling of the variables that lead a program through a proxy; most prefer the small one.

    Plain HTTP too, for the services of a network, and so that a host such as the metadata service
    of a virtual machine is refused, not asked.
    """
    schemes = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
    direct = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
    return dict.fromkeys(schemes, proxy) | direct


def exports(environment: dict[str, str]) -> str:
    """Variables as a shell reads them."""
    pairs = environment.items()
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in pairs)


def alive(pid: int) -> bool:
    """Does the process still run; one that ended and waits for its parent to notice does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, OverflowError):
        return False
    except (OSError, IndexError):  # No /proc on this system.
        return True
