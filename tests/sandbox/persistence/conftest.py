"""A sandbox as it is typed, and the deployer as its client."""

import base64
import contextlib
import io
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.state import State

Run = subprocess.CompletedProcess[str]
ARM = "https://management.azure.com"
VAULT = "https://lived-kv.vault.azure.net"
PATIENCE = 60.0
PLACE = {"location": "westeurope"}


class Sandbox:
    """One state directory, its sandbox as it is typed, and the deployer as its client."""

    def __init__(self, folder: Path) -> None:
        self.state = folder
        self.group = ""
        self.http: httpx.Client = httpx.Client()
        self.tokens: dict[str, str] = {}

    def __call__(self, *arguments: str) -> Run:
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments, "--state", str(self.state)],
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def up(self, *options: str) -> None:
        """Start it, and sign in."""
        started = self("up", "--port", "0", *options)
        assert started.returncode == 0, started.stderr
        self.connect()

    def connect(self) -> None:
        lines = self("env").stdout.splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines)
        found = {name: value.strip("'") for name, _, value in pairs}
        trust = ssl.create_default_context(cafile=found["SSL_CERT_FILE"])
        self.http = httpx.Client(
            proxy=found["HTTPS_PROXY"], verify=trust, trust_env=False, timeout=PATIENCE
        )
        self.group = f"{ARM}/subscriptions/{found['ARM_SUBSCRIPTION_ID']}/resourceGroups/lab"
        self.form = {
            "grant_type": "client_credentials",
            "client_id": found["ARM_CLIENT_ID"],
            "client_secret": found["ARM_CLIENT_SECRET"],
        }
        self.login = f"https://login.microsoftonline.com/{found['ARM_TENANT_ID']}"

    def kill(self) -> None:
        """As a machine without power does."""
        running = State(self.state).running()
        assert running
        os.kill(running.pid, signal.SIGKILL)
        until(lambda: State(self.state).running() is None)

    def token(self, audience: str) -> str:
        """The same one before and after a restart."""
        if audience not in self.tokens:
            form = self.form | {"scope": f"{audience}/.default"}
            answer = self.http.post(f"{self.login}/oauth2/v2.0/token", data=form)
            self.tokens[audience] = answer.json()["access_token"]
        return self.tokens[audience]

    def ask(self, verb: str, url: str, body: Any = None, **headers: str) -> httpx.Response:
        """Ask ARM about something in the group, or a vault about a secret."""
        vault = url.startswith(VAULT)
        audience = "https://vault.azure.net" if vault else ARM
        if not url.startswith("https://"):
            url = f"{self.group}/providers/{url}" if url else self.group
        version = "7.4" if vault else "2025-10-01"
        params = {} if "api-version" in url else {"api-version": version}
        return self.http.request(
            verb,
            url,
            params=params or None,
            json=body,
            headers={"Authorization": f"Bearer {self.token(audience)}"} | headers,
        )

    def properties(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", path).raise_for_status().json()["properties"]
        return found

    def command(self, text: str, files: dict[str, str] | None = None) -> str:
        """Send a command to the cluster; where its result will be."""
        body = {"command": text, "context": packed(files) if files else ""}
        sent = self.ask("POST", f"{CLUSTER}/runCommand", body).raise_for_status()
        return sent.headers["Location"]

    def result(self, address: str) -> dict[str, Any]:
        """How a command ended."""
        until(lambda: self.ask("GET", address).status_code == 200)
        found: dict[str, Any] = self.ask("GET", address).json()["properties"]
        return found

    def told(self, text: str, files: dict[str, str] | None = None) -> str:
        """What a command that succeeds prints."""
        ended = self.result(self.command(text, files))
        assert ended.get("exitCode") == 0, ended
        return str(ended["logs"])


CLUSTER = "Microsoft.ContainerService/managedClusters/lab-aks"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/app"


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.1)


def packed(files: dict[str, str]) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return base64.b64encode(target.getvalue()).decode()


@contextlib.contextmanager
def started(folder: Path, *options: str) -> Iterator[Sandbox]:
    made = Sandbox(folder / "state")
    try:
        made.up(*options)
        yield made
    finally:
        made("down")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """In which nothing takes time."""
    with started(tmp_path, "--profile", "instant") as made:
        yield made


def trust(sandbox: Sandbox, token: str) -> None:
    """Let the cluster's default service account act as the identity."""
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    properties = {
        "issuer": claims["iss"],
        "subject": claims["sub"],
        "audiences": claims["aud"],
    }
    path = f"{IDENTITY}/federatedIdentityCredentials/pod"
    sandbox.ask("PUT", path, {"properties": properties}).raise_for_status()
