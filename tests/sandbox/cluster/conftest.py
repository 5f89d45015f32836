"""A Kubernetes API without controllers on a loopback TLS port, and real clients that use it."""

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvicorn
import yaml

from sandbox.cluster.api import Api
from sandbox.cluster.settings import Settings
from sandbox.latency import Latency

HOST = "aks.privatelink.westeurope.azmk8s.io"
ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"

CONFIG_MAP: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap"}


@dataclass
class Cloud:
    """What the cluster asks the cloud, and what the cloud answers."""

    allowed: set[tuple[str, str]] = field(default_factory=set)  # Verb and resource.
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def authorize(self, object_id: str, verb: str, resource: str) -> bool:
        self.asked.append((object_id, verb, resource))
        return (verb, resource) in self.allowed


@dataclass
class Kube:
    """A running API, reached as people reach it."""

    api: Api
    settings: Settings
    cloud: Cloud
    http: httpx.Client
    url: str
    kubeconfig: Path
    namespace: str = "default"

    def kubectl(self, *arguments: str, given: Any = None, fails: bool = False) -> str:
        """Run kubectl in the namespace of the test; returns what it printed."""
        text = given if isinstance(given, str) or given is None else json.dumps(given)
        result = subprocess.run(
            ["kubectl", "--namespace", self.namespace, *arguments],
            input=text,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert (result.returncode != 0) == fails, result.stderr + result.stdout
        return result.stdout + result.stderr

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.kubeconfig.parent)
        return {"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": str(self.kubeconfig)}

    def read(self, *arguments: str) -> Any:
        """The JSON that `kubectl get` gives."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def path(self, plural: str, name: str = "", root: str = "/api/v1") -> str:
        """The path of an object of this namespace."""
        return f"{root}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")


class Quiet(uvicorn.Server):
    """A server in a thread: signals belong to pytest."""

    def install_signal_handlers(self) -> None:
        """Leave them alone."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    folder = tmp_path_factory.mktemp("kubernetes")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    cloud = Cloud()
    settings = Settings(
        name="test-aks",
        fqdn=HOST,
        issuer=ISSUER,
        socket=folder / "api.sock",
        state=folder / "state",
        latency=Latency(),
        proxy="http://network:token@127.0.0.1:1",
        ca=folder / "ca.pem",
        authorize=cloud.authorize,
    )
    api = Api(settings)
    # Only a socket that says TCP gets TCP_NODELAY from asyncio; without it answers lag by 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(
        api,
        lifespan="off",
        log_config=None,
        ws="none",
        http="h11",
        ssl_context_factory=lambda _config, _default: tls(authority),
        timeout_graceful_shutdown=1,
    )
    running = Quiet(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    url = f"https://127.0.0.1:{port}"
    token = api.authenticator.admin_token
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(kubeconfig_text(url, folder / "ca.pem", token))
    http = httpx.Client(
        base_url=url,
        verify=ssl.create_default_context(cafile=str(folder / "ca.pem")),
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    yield Kube(api, settings, cloud, http, url, kubeconfig)
    http.close()
    running.should_exit = True
    thread.join(5)


def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def kubeconfig_text(url: str, authority: Path, token: str) -> str:
    encoded = base64.b64encode(authority.read_bytes()).decode()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "it", "cluster": {"server": url, "certificate-authority-data": encoded}}
        ],
        "users": [{"name": "it", "user": {"token": token}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    return yaml.safe_dump(document)


@pytest.fixture
def kube(server: Kube, request: pytest.FixtureRequest) -> Kube:
    """The API with a fresh namespace for this test."""
    if shutil.which("kubectl") is None:
        pytest.fail("kubectl is not on PATH: see https://kubernetes.io/docs/tasks/tools/")
    number = abs(hash(request.node.nodeid)) % 10**8
    name = f"test-{number}"
    server.http.post("/api/v1/namespaces", json={"metadata": {"name": name}}).raise_for_status()
    server.cloud.allowed.clear()
    server.cloud.asked.clear()
    return Kube(
        server.api,
        server.settings,
        server.cloud,
        server.http,
        server.url,
        server.kubeconfig,
        name,
    )
