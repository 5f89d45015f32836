"""A small Resource Manager over TLS, and Terraform pointed at it."""

import base64
import copy
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from sandbox.terraform_provider import mirror
from sandbox.terraform_provider.engine import Engine

ROOT = Path(__file__).parents[3]
SUBSCRIPTION = "00000000-0000-0000-0000-00000000babe"
TENANT = "00000000-0000-0000-0000-00000000cafe"
SECRET = "a-client-secret-that-nobody-may-see"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"

Answer = tuple[int, Any, dict[str, str]]


def token() -> str:
    claims = json.dumps({"oid": "the-object-id", "tid": TENANT}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"


@dataclass
class Arm:
    """
    Remembers what is PUT, in any letter case.

    `planned` are answers for the next requests of a method whose path ends in a text; an operation
    answers `InProgress` as often as `looks` says, and then its `outcome`.
    """

    address: str = ""
    stored: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    planned: list[tuple[str, str, Answer]] = field(default_factory=list)
    slow: str = "none"  # PUTs of paths that end in this begin an operation.
    looks: int = 0
    refuse_tokens: bool = False
    outcome: dict[str, Any] = field(default_factory=lambda: {"status": "Succeeded"})

    def next(self, method: str, path: str, status: int, body: Any = None) -> None:
        """Answer the next such request with this."""
        self.planned.append((method, path.lower(), (status, body, {})))

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Answer:
        if path.startswith("/metadata"):
            return 200, self.metadata(), {}
        if path.endswith("/token"):
            return self.token()
        self.calls.append(f"{method} {path}")
        self.bodies.append(body)
        for planned in self.planned:
            if planned[0] == method and path.lower().endswith(planned[1]):
                self.planned.remove(planned)
                return planned[2]
        if path.startswith("/operations"):
            self.looks -= 1
            return 200, {"status": "InProgress"} if self.looks >= 0 else self.outcome, {}
        if path.endswith("/roleDefinitions"):
            name = query["$filter"][0].split("'")[1]
            return 200, {"value": [definition(name)]}, {}
        return self.resource(method, path, body)

    def token(self) -> Answer:
        if self.refuse_tokens:
            told = "AADSTS7000215: Invalid client secret provided."
            return 401, {"error": "invalid_client", "error_description": told}, {}
        return 200, {"access_token": token(), "expires_in": 3600}, {}

    def resource(self, method: str, path: str, body: Any) -> Answer:
        key = path.lower()
        found = self.stored.get(key)
        if method in ("PUT", "PATCH"):
            return self.write(method, path, found, body)
        if key.endswith("/resources"):
            inside = [
                item for item in self.stored if item.startswith(key[: -len("/resources")] + "/")
            ]
            return 200, {"value": [{"id": item} for item in inside]}, {}
        if found is None:
            code = {"error": {"code": "ResourceNotFound", "message": f"{path} was not found."}}
            return (204 if method == "DELETE" else 404), code, {}
        if method == "DELETE":
            self.stored = {
                item: body for item, body in self.stored.items() if not item.startswith(key)
            }
            return 200, None, {}
        return 200, found, {}

    def write(self, method: str, path: str, found: Any, body: Any) -> Answer:
        key = path.lower()
        made = {**(found if method == "PATCH" else {}), **body}
        if method == "PATCH" and "properties" in body:
            made["properties"] = {**found["properties"], **body["properties"]}
        made |= {"id": path, "name": path.rsplit("/", 1)[1]}
        made["properties"] = {**(made.get("properties") or {}), "provisioningState": "Succeeded"}
        made["properties"].pop("administratorLoginPassword", None)  # Azure never tells it.
        self.stored[key] = made
        headers: dict[str, str] = {}
        if path.endswith(self.slow):
            headers["Azure-AsyncOperation"] = "https://elsewhere/operations/1?api-version=1"
        return (200 if found else 201), copy.deepcopy(made), headers

    def metadata(self) -> dict[str, Any]:
        here = f"https://{self.address}"
        return {
            "resourceManager": here,
            "authentication": {"loginEndpoint": here},
            "suffixes": {"keyVaultDns": "vault.example"},
        }


def definition(name: str) -> dict[str, Any]:
    path = "/providers/Microsoft.Authorization/roleDefinitions/1"
    return {"id": path, "name": "1", "properties": {"roleName": name, "type": "BuiltInRole"}}


def handler(arm: Arm) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def respond(self) -> None:
            url = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = "json" in (self.headers.get("Content-Type") or "")
            body = json.loads(raw) if raw and is_json else None
            status, told, headers = arm.answer(self.command, url.path, parse_qs(url.query), body)
            content = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = respond  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Tests read `arm.calls`."""

    return Handler


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def arm(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    """A fresh cloud; the environment points to it."""
    cloud = Arm()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(cloud))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    cloud.address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in [name for name in os.environ if name.startswith(("ARM_", "TF_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "SSL_CERT_FILE": str(tmp_path / "ca.pem"),
        "NO_PROXY": "127.0.0.1",
        "ARM_METADATA_HOSTNAME": cloud.address,
        "ARM_SUBSCRIPTION_ID": SUBSCRIPTION,
        "ARM_TENANT_ID": TENANT,
        "ARM_CLIENT_ID": "the-client",
        "ARM_CLIENT_SECRET": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    yield cloud
    server.shutdown()
    server.server_close()


@pytest.fixture
def engine(arm: Arm) -> Engine:  # noqa: ARG001 - it sets the environment
    return Engine({})


@dataclass
class Project:
    """A folder with a configuration, and Terraform to run in it."""

    folder: Path

    def write(self, text: str) -> None:
        (self.folder / "main.tf").write_text(PROVIDER + text)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def apply(self) -> str:
        done = self.run("apply", "-auto-approve", "-input=false")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plan(self, *arguments: str) -> list[str]:
        """What would happen, as `address: actions`."""
        done = self.run("plan", "-input=false", "-out=plan", *arguments)
        assert done.returncode == 0, done.stderr
        shown = json.loads(self.run("show", "-json", "plan").stdout)
        return [
            f"{change['address']}: {' '.join(change['change']['actions'])}"
            for change in shown.get("resource_changes", [])
            if change["change"]["actions"] != ["no-op"]
        ]


PROVIDER = """\
terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 5.2" }
  }
}
provider "azurerm" {
  features {}
}
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mirror, and the CLI configuration that names it."""
    folder = tmp_path_factory.mktemp("mirror")
    return mirror.cli_config(folder, mirror.install(folder / "mirror"))


@pytest.fixture
def project(
    arm: Arm,  # noqa: ARG001 - it sets the environment
    installed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """An initialized project on a fresh cloud."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(installed))
    monkeypatch.setenv("CHECKPOINT_DISABLE", "1")
    made = Project(tmp_path / "project")
    made.folder.mkdir()
    made.write("")
    done = made.run("init", "-input=false")
    assert done.returncode == 0, done.stderr
    return made


# --- A whole sandbox ---------------------------------------------------------------------------


def sandbox(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def environment(state: Path) -> dict[str, str] | None:
    """What `python -m sandbox env` prints, once the sandbox is ready."""
    done = subprocess.run(
        sandbox("env", "--state", str(state)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None
    lines = [line.removeprefix("export ") for line in done.stdout.splitlines() if "=" in line]
    found = dict(line.split("=", 1) for line in lines)
    return {name: value.strip("'\"") for name, value in found.items()} or None


@pytest.fixture(params=["stand-in", pytest.param("real", marks=pytest.mark.provider)])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A sandbox of our own, without Azure's delays, and the way to it; with either provider."""
    outside = dict(os.environ)
    given = outside.pop("SANDBOX_PROVIDER", "")
    if request.param == "real":
        if not given:
            pytest.skip("SANDBOX_PROVIDER names no provider")
        outside["SANDBOX_PROVIDER"] = given
    state = tmp_path / "state"
    command = sandbox("run", "--port", "0", "--profile", "instant", "--state", str(state))
    with subprocess.Popen(command, cwd=ROOT, env=outside, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while (found := environment(state)) is None:
                assert process.poll() is None, "the sandbox ended"
                assert time.monotonic() < deadline, "the sandbox is not ready"
                time.sleep(0.2)
            yield {**os.environ, **found, "CHECKPOINT_DISABLE": "1"}
        finally:
            process.terminate()
