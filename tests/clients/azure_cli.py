"""azure-cli as its makers publish it, in a virtual environment of its own."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import apart

LOCK = Path(__file__).with_name("azure-cli.lock")
DEADLINE = 240  # Seconds for one command; each starts a Python that imports half of Azure.


def install() -> Path:
    """The program `az`, kept over runs."""
    return apart.install("azure-cli", LOCK) / "az"


@dataclass(frozen=True)
class Az:
    """`az`, signed in or not, in front of one sandbox."""

    program: Path
    cloud: Mapping[str, str]
    """The environment that the sandbox prints; the proxy and the authority are what is taken."""
    folder: Path
    """Where this `az` keeps its sign-in."""

    def another(self, name: str) -> "Az":
        """A second `az`, with a sign-in of its own."""
        return Az(self.program, self.cloud, self.folder / name)

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        environment = {
            "AZURE_CONFIG_DIR": str(self.folder),
            "AZURE_CORE_COLLECT_TELEMETRY": "false",
            "HOME": str(self.folder),
            "HTTPS_PROXY": self.cloud["HTTPS_PROXY"],
            "PATH": os.environ["PATH"],
            "REQUESTS_CA_BUNDLE": self.cloud["REQUESTS_CA_BUNDLE"],
        }
        return subprocess.run(
            [str(self.program), *words],
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def __call__(self, *words: str, cwd: Path | None = None) -> Any:
        """What a command that succeeds answers: its JSON, or None when it prints nothing."""
        ended = self.run(*words, "--output", "json", cwd=cwd)
        assert ended.returncode == 0, f"az {' '.join(words)}\n{ended.stderr}"
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    def refused(self, *words: str, code: int = 1) -> str:
        """What a command says that ends in this exit code."""
        ended = self.run(*words)
        assert ended.returncode == code, f"az {' '.join(words)}: {ended.returncode}\n{ended.stderr}"
        assert "Traceback" not in ended.stderr
        return ended.stderr

    def sign_in(self) -> Any:
        return self(
            *("login", "--service-principal", "--tenant", self.cloud["ARM_TENANT_ID"]),
            *("--username", self.cloud["ARM_CLIENT_ID"]),
            f"--password={self.cloud['ARM_CLIENT_SECRET']}",
        )
