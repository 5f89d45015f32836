"""The small Helm as it is typed, with a cluster and without."""

import asyncio
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
import yaml

from sandbox.cloud.container_service.toolbox import install_helm
from sandbox.cluster import Settings
from sandbox.cluster.cluster import Cluster
from sandbox.latency import Latency

HELLO = {
    "Chart.yaml": "{apiVersion: v2, name: hello, version: 1.2.3, appVersion: '4.5'}",
    "values.yaml": "greeting: hello\nreplicas: 1\nlist: [a, b]\nnested: {kept: 1, gone: 2}\n",
    "templates/map.yaml": (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'},"
        " data: {greeting: {{ .Values.greeting | quote }}, all: {{ toJson .Values | quote }}}}"
    ),
    "templates/deployment.yaml": (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: '{{ .Release.Name }}'}, spec:"
        " {replicas: {{ .Values.replicas }}, selector: {matchLabels: {app: hello}}, template:"
        " {metadata: {labels: {app: hello}}, spec: {containers: [{name: main, image:"
        " '{{ .Values.image | default \"registry.example/hello:1\" }}'}]}}}}"
    ),
    "templates/test.yaml": (
        "{apiVersion: v1, kind: Pod, metadata: {name: '{{ .Release.Name }}-test', annotations:"
        " {helm.sh/hook: test}}, spec: {restartPolicy: Never, containers: [{name: main, image:"
        " 'curlimages/curl:8.10.1', command: [sh, -c, 'echo tested']}]}}"
    ),
    "templates/NOTES.txt": "Say {{ .Values.greeting }}.\n",
}


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A folder with charts, and a PATH on which there is nothing but our helm."""

    folder: Path
    kubeconfig: str = ""

    @property
    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.folder), "PATH": str(self.folder / "bin")}
        return home | {"KUBECONFIG": self.kubeconfig}

    def write(self, name: str, text: str) -> str:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return name

    def helm(self, *arguments: str, given: str | None = None) -> Answer:
        done = subprocess.run(
            [self.folder / "bin" / "helm", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.folder / "bin" / "helm", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "bin").mkdir()
    install_helm(tmp_path / "bin")
    shell = Shell(tmp_path)
    for name, text in HELLO.items():
        shell.write(f"hello/{name}", text)
    return shell


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A simulated cluster on a loopback port, for all tests of this module."""
    folder = tmp_path_factory.mktemp("cluster")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    cluster = Cluster(
        Settings(
            name="lab",
            fqdn="lab.privatelink.westeurope.azmk8s.io",
            issuer="https://westeurope.oic.prod-aks.azure.com/tenant/lab/",
            socket=folder / "api.sock",
            state=folder,
            latency=Latency("instant"),
            proxy="http://lab:token@127.0.0.1:9",
            ca=folder / "ca.pem",
            authorize=lambda _who, _verb, _what: False,
        )
    )
    door = socket.create_server(("127.0.0.1", 0))
    configuration = uvicorn.Config(cluster.api, lifespan="off", ws="none", log_level="error")
    configuration.load()
    configuration.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(configuration.ssl)
    server = uvicorn.Server(configuration)

    async def serve() -> None:
        await cluster.start()
        await server.serve([door])
        await cluster.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    until(lambda: server.started)
    entry = {
        "server": f"https://127.0.0.1:{door.getsockname()[1]}",
        "certificate-authority": str(folder / "ca.pem"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": entry}],
        "users": [{"name": "admin", "user": {"token": cluster.admin_token()}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "current-context": "lab",
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    yield str(file)
    server.should_exit = True
    thread.join(20)


def until(reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
