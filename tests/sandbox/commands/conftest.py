"""`python -m sandbox`, as it is typed, and clients of what it starts."""

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Run = subprocess.CompletedProcess[str]


class CommandLine:
    """Runs commands against one state directory, and leaves nothing running."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.tools = folder / "bin"
        self.tools.mkdir()
        self.install("terraform", '{"terraform_version": "1.11.4"}')
        self.install("kubectl", '{"clientVersion": {"gitVersion": "v1.32.4"}}')
        self.install("curl", "curl 8.1.2")

    def install(self, name: str, printed: str) -> None:
        """A program that prints a version."""
        program = self.tools / name
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\n")
        program.chmod(0o755)

    def __call__(self, *arguments: str, state: Path | None = None) -> Run:
        where = ["--state", str(state or self.state)] if arguments[0] != "--help" else []
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments, *where],
            env={"PATH": f"{self.tools}:/usr/bin:/bin", "HOME": str(self.state)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def logged(self, path: str) -> dict[str, Any]:
        """The last entry for a path; it is written just after the answer."""
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            lines = (self.state / "requests.jsonl").read_text().splitlines()
            entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
            found = [entry for entry in entries if entry["path"] == path]
            if found:
                return found[-1]
            time.sleep(0.02)
        raise AssertionError(f"{path} was not logged")

    def environment(self, *options: str) -> dict[str, str]:
        lines = self("env", *options).stdout.splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines)
        return {name: value.strip("'") for name, _, value in pairs}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[CommandLine]:
    line = CommandLine(tmp_path)
    yield line
    line("down")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A sandbox that is up, for tests that only ask."""
    line = CommandLine(tmp_path_factory.mktemp("running"))
    started = line("up", "--port", "0", "--scale", "0.5")
    assert started.returncode == 0, started.stderr
    yield line
    line("down")


def client(environment: dict[str, str], **options: Any) -> httpx.Client:
    """A client that stands where the variables say."""
    trust = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    return httpx.Client(proxy=environment["HTTPS_PROXY"], verify=trust, trust_env=False, **options)


def new_cluster(environment: dict[str, str]) -> str:
    """Build a private cluster in a fresh subscription; its host name."""
    group = f"/subscriptions/{environment['ARM_SUBSCRIPTION_ID']}/resourceGroups/lab"
    credential = (environment["ARM_CLIENT_ID"], environment["ARM_CLIENT_SECRET"])
    form = dict(zip(("client_id", "client_secret"), credential, strict=True)) | {
        "grant_type": "client_credentials",
        "scope": "https://management.azure.com/.default",
    }
    login = f"https://login.microsoftonline.com/{environment['ARM_TENANT_ID']}/oauth2/v2.0/token"
    with client(environment, params={"api-version": "2025-10-01"}) as azure:
        token = azure.post(login, data=form).json()["access_token"]
        azure.base_url = httpx.URL("https://management.azure.com")
        azure.headers["Authorization"] = f"Bearer {token}"
        azure.put(group, json={"location": "westeurope"}).raise_for_status()
        pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}
        body = {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "lab",
                "apiServerAccessProfile": {"enablePrivateCluster": True},
                "agentPoolProfiles": [pool],
            },
        }
        path = f"{group}/providers/Microsoft.ContainerService/managedClusters/lab-aks"
        made = azure.put(path, json=body).raise_for_status().json()
    return str(made["properties"]["privateFQDN"])
