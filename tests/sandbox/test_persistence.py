"""A sandbox that is stopped, or killed, and started again from the same folder."""

import base64
import contextlib
import hashlib
import io
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import uuid
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
OPERATOR = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"  # Key Vault Secrets Officer.
PATIENCE = 60.0
PLACE = {"location": "westeurope"}
DESCRIBE = "kubectl get deployment,pod,configmap -A -o json"
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: note\nversion: 1.2.3\n",
    "chart/templates/note.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\ndata:\n  text: kept\n"
    ),
}


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
GATEWAY = "Microsoft.Network/natGateways/slow"
STORAGE = "Microsoft.Storage/storageAccounts/livedstorage"
REGISTRY = "Microsoft.ContainerRegistry/registries/livedregistry"
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


def new_vault(sandbox: Sandbox) -> str:
    wanted = {
        "tenantId": sandbox.login.rpartition("/")[2],
        "sku": {"family": "A", "name": "standard"},
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
    }
    path = "Microsoft.KeyVault/vaults/lived-kv"
    made = sandbox.ask("PUT", path, PLACE | {"properties": wanted}).raise_for_status()
    return str(made.json()["id"])


def build(sandbox: Sandbox) -> dict[str, Any]:
    """Something of every kind; what a client knows of it afterwards."""
    sandbox.ask("PUT", "", PLACE).raise_for_status()
    vault = new_vault(sandbox)
    account = {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    sandbox.ask("PUT", STORAGE, PLACE | account).raise_for_status()
    sandbox.ask("PUT", IDENTITY, PLACE).raise_for_status()
    pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}
    cluster = {
        "dnsPrefix": "lab",
        "apiServerAccessProfile": {"enablePrivateCluster": True},
        "oidcIssuerProfile": {"enabled": True},
        "agentPoolProfiles": [pool],
    }
    body = PLACE | {"identity": {"type": "SystemAssigned"}, "properties": cluster}
    sandbox.ask("PUT", CLUSTER, body).raise_for_status()
    until(lambda: sandbox.properties(CLUSTER)["provisioningState"] == "Succeeded")
    return {"vault": vault, "keys": keys(sandbox)}


def keys(sandbox: Sandbox) -> list[str]:
    return [key["value"] for key in sandbox.ask("POST", f"{STORAGE}/listKeys").json()["keys"]]


def grant(sandbox: Sandbox, scope: str) -> None:
    """Let the deployer read and write secrets; the vault hears of it in its own time."""
    deployer = json.loads((sandbox.state / "identity.json").read_text())["object"]
    properties = {
        "roleDefinitionId": f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{OPERATOR}",
        "principalId": deployer,
        "principalType": "ServicePrincipal",
    }
    name = f"{ARM}{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
    sandbox.ask("PUT", name, {"properties": properties}).raise_for_status()


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


def readable(sandbox: Sandbox) -> bool:
    """Do all servers of the vault know that the deployer may read."""
    return all(sandbox.ask("GET", f"{VAULT}/secrets").status_code == 200 for _ in range(5))


def test_what_was_built_is_there_after_a_kill(sandbox: Sandbox) -> None:
    before = build(sandbox)
    grant(sandbox, before["vault"])
    for value in ("first", "second"):
        sandbox.ask("PUT", f"{VAULT}/secrets/kept", {"value": value}).raise_for_status()
    sandbox.ask("PUT", f"{VAULT}/secrets/gone", {"value": "deleted"}).raise_for_status()
    sandbox.ask("DELETE", f"{VAULT}/secrets/gone").raise_for_status()
    sandbox.told(
        "helm install --wait note chart && kubectl create deployment web --image nginx:1", CHART
    )
    sandbox.told("kubectl rollout status deployment/web")
    address = sandbox.command("echo a result that stays")
    assert "stays" in sandbox.result(address)["logs"]
    objects = json.loads(sandbox.told(DESCRIBE))["items"]
    token = sandbox.told("kubectl create token default --audience api://AzureADTokenExchange")
    trust(sandbox, token)
    artifact = publish(sandbox)
    time.sleep(1)  # More than a killed sandbox may forget.

    sandbox.kill()
    sandbox.up("--profile", "instant")

    assert keys(sandbox) == before["keys"]
    versions = sandbox.ask("GET", f"{VAULT}/secrets/kept/versions").json()["value"]
    assert len(versions) == 2
    assert sandbox.ask("GET", f"{VAULT}/secrets/kept").json()["value"] == "second"
    assert sandbox.ask("GET", f"{VAULT}/deletedsecrets/gone").status_code == 200
    assert "stays" in sandbox.result(address)["logs"]
    assert federated(sandbox, token).status_code == 200
    assert sandbox.http.get(artifact, auth=administrator(sandbox)).content == b"of the artifact"
    again = json.loads(sandbox.told(DESCRIBE))["items"]
    assert identities(again) == identities(objects)
    told = sandbox.told(
        "helm list && kubectl get configmap note -o jsonpath={.data.text} && "
        "kubectl scale deployment/web --replicas 2 && kubectl rollout status deployment/web"
    )
    assert "note-1.2.3" in told
    assert "kept" in told
    assert "successfully rolled out" in told


def test_what_was_under_way_goes_on(tmp_path: Path) -> None:
    slow = ("nat_gateway.create=15", "role.propagation=15", "vault.create=0")
    pace = ("--profile", "typical", "--scale", "1", *(f"--duration={one}" for one in slow))
    with started(tmp_path, *pace) as sandbox:
        sandbox.ask("PUT", "", PLACE).raise_for_status()
        vault = new_vault(sandbox)
        grant(sandbox, vault)
        made = sandbox.ask("PUT", GATEWAY, PLACE | {"sku": {"name": "Standard"}})
        operation = made.headers["Azure-AsyncOperation"]
        assert sandbox.ask("GET", operation).json()["status"] == "InProgress"
        before = json.loads(sandbox("status", "--json").stdout)

        sandbox("down")
        sandbox.up(*pace)

        after = json.loads(sandbox("status", "--json").stdout)
        assert [one["until"] for one in after["propagations"]] == [
            one["until"] for one in before["propagations"]
        ]
        answers = [sandbox.ask("GET", f"{VAULT}/secrets").status_code for _ in range(5)]
        assert 403 in answers
        assert sandbox.ask("GET", operation).json()["status"] == "InProgress"
        until(lambda: sandbox.properties(GATEWAY)["provisioningState"] == "Succeeded")
        until(lambda: readable(sandbox))
        assert sandbox.ask("GET", operation).json()["status"] == "Succeeded"


def test_a_command_under_way_is_a_command_that_failed(sandbox: Sandbox) -> None:
    build(sandbox)
    mark = sandbox.state.parent / "mark"
    address = sandbox.command(f"(sleep 3; date > {mark}) & kubectl get pods; date > {mark}1; wait")
    until(mark.with_name("mark1").exists)
    time.sleep(1)  # More than a killed sandbox may forget.

    sandbox.kill()
    sandbox.up("--profile", "instant")

    ended = sandbox.result(address)
    assert ended["provisioningState"] == "Failed"
    assert "the sandbox stopped" in ended["reason"]
    pods = sandbox.told("kubectl get pods -n aks-command -o name").split()
    assert len(pods) == 1  # That of this command.
    time.sleep(3)
    assert not mark.exists()
    assert list((sandbox.state / "run-command" / "commands").iterdir()) == []


def test_a_reset_is_a_reset_for_the_next_start_too(sandbox: Sandbox) -> None:
    sandbox.ask("PUT", "", PLACE).raise_for_status()

    assert sandbox("reset").returncode == 0
    sandbox.kill()
    sandbox.up()

    assert sandbox.ask("GET", "").status_code == 404


def test_what_cannot_be_gone_on_from_is_not_taken_for_an_empty_subscription(
    sandbox: Sandbox,
) -> None:
    sandbox.ask("PUT", "", PLACE).raise_for_status()
    secret = sandbox.form["client_secret"]
    sandbox("down")
    (sandbox.state / "snapshot.db").write_bytes(b"not at all a database" * 100)

    refused = sandbox("up", "--port", "0")
    sandbox.up("--fresh")

    assert refused.returncode == 1
    assert "snapshot.db is damaged" in refused.stderr
    assert "python -m sandbox up --fresh" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sandbox.ask("GET", "").status_code == 404
    assert sandbox.form["client_secret"] == secret


def test_two_sandboxes_keep_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    with started(tmp_path / "other", "--profile", "instant") as other:
        sandbox.ask("PUT", "", PLACE).raise_for_status()
        for one in (sandbox, other):
            one("down")
            one.up()

        assert sandbox.ask("GET", "").status_code == 200
        assert other.ask("GET", "").status_code == 404


def test_beside_a_sandbox_that_is_slow_to_answer_nothing_starts_and_nothing_is_removed(
    sandbox: Sandbox,
) -> None:
    running = State(sandbox.state).running()
    assert running
    os.kill(running.pid, signal.SIGSTOP)
    (sandbox.state / "running.json").rename(sandbox.state / "running.old")  # Not even recorded.
    try:
        answers = [sandbox(command) for command in ("up", "run", "reset")]
    finally:
        (sandbox.state / "running.old").rename(sandbox.state / "running.json")
        os.kill(running.pid, signal.SIGCONT)

    assert [answer.returncode for answer in answers] == [1, 1, 1]
    assert all("is about to start or to stop" in answer.stderr for answer in answers)
    assert (sandbox.state / "snapshot.db").exists()


def administrator(sandbox: Sandbox) -> tuple[str, str]:
    """Who may push to the registry."""
    found = sandbox.ask("POST", f"{REGISTRY}/listCredentials").raise_for_status().json()
    return found["username"], found["passwords"][0]["value"]


def publish(sandbox: Sandbox) -> str:
    """Put a blob into a registry; its address."""
    wanted = {"sku": {"name": "Premium"}, "properties": {"adminUserEnabled": True}}
    sandbox.ask("PUT", REGISTRY, PLACE | wanted).raise_for_status()
    content = b"of the artifact"
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    blobs = "https://livedregistry.azurecr.io/v2/charts/note/blobs"
    address, who = f"{blobs}/uploads/?digest={digest}", administrator(sandbox)
    sandbox.http.post(address, content=content, auth=who).raise_for_status()
    return f"{blobs}/{digest}"


def identities(objects: list[dict[str, Any]]) -> dict[tuple[str, ...], tuple[Any, ...]]:
    """What makes an object the same one; a command's own pod comes and goes."""
    return {
        (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]): tuple(
            one["metadata"].get(part) for part in ("uid", "generation", "creationTimestamp")
        )
        for one in objects
        if one["metadata"]["namespace"] != "aks-command"
    }


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


def federated(sandbox: Sandbox, token: str) -> httpx.Response:
    """Sign in with a token of the cluster."""
    form = {
        "grant_type": "client_credentials",
        "client_id": sandbox.properties(IDENTITY)["clientId"],
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": token.strip(),
        "scope": f"{ARM}/.default",
    }
    return sandbox.http.post(f"{sandbox.login}/oauth2/v2.0/token", data=form)
