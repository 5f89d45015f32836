"""The same command lines against the in-memory API and, where one is named, a real API server."""

import asyncio
import json
import os
import shlex
import shutil
import socket
import ssl
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
import yaml

from sandbox.cloud.container_service.toolbox import install_helm
from sandbox.cluster import Cluster, Settings
from sandbox.cluster.cluster import Server
from sandbox.latency import Latency
from tests.sandbox.cluster.conftest import HOST, ISSUER, kubeconfig_text, tls

REAL = "SANDBOX_KUBECONFIG"
SCENES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("parity.yaml").read_text()
)
CHART = {
    "Chart.yaml": "{apiVersion: v2, name: demo, version: 0.1.0}",
    "values.yaml": "color: red\n",
    "templates/objects.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}"}
data: {color: "{{ .Values.color }}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  selector: {matchLabels: {app: demo}}
  template:
    metadata: {labels: {app: demo}}
    spec: {containers: [{name: main, image: "nginx:1.29"}]}
""",
}


@dataclass(frozen=True)
class Place:
    """An API server, and a folder with what the commands need."""

    kubeconfig: Path
    folder: Path

    def run(self, step: dict[str, Any], namespace: str) -> None:
        """Run one command line, again and again if it has time, until it does what it should."""
        end = time.monotonic() + step.get("within", 0)
        while complaint := self._complaint(step, namespace):
            if time.monotonic() > end:
                pytest.fail(complaint)
            time.sleep(0.1)

    def _complaint(self, step: dict[str, Any], namespace: str) -> str:
        words = [
            word.replace("$NAMESPACE", namespace).replace("$CHART", str(self.folder / "chart"))
            for word in split(step["run"])
        ]
        if words[0] == "kubectl":
            words[1:1] = ["--namespace", namespace]
        done = subprocess.run(
            words,
            input=json.dumps(step["given"]) if "given" in step else "",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.folder),
                "KUBECONFIG": str(self.kubeconfig),
            },
        )
        printed = done.stdout + done.stderr
        wanted = [text.replace("$NAMESPACE", namespace) for text in step.get("says", ())]
        missing = [text for text in wanted if text not in printed]
        if done.returncode == step.get("code", 0) and not missing:
            return ""
        return (
            f"{step['run']}\nended with {done.returncode} instead of {step.get('code', 0)}; "
            f"lacks {missing}; printed:\n{printed}"
        )


def split(line: str) -> list[str]:
    """Words as a shell sees them; JSON stays as it is written."""
    if "{" not in line:
        return shlex.split(line)
    lexer = shlex.shlex(line, posix=False, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.quotes = ""
    return list(lexer)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A whole cluster in this process, behind TLS."""
    folder = tmp_path_factory.mktemp("parity")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    cluster = Cluster(
        Settings(
            name="parity",
            fqdn=HOST,
            issuer=ISSUER,
            socket=folder / "api.sock",
            state=folder / "state",
            latency=Latency(),
            proxy="http://network:token@127.0.0.1:1",
            ca=folder / "ca.pem",
            authorize=lambda *_: False,
        )
    )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))

    def secured(_config: Any, _default: Any) -> ssl.SSLContext:
        return tls(authority)

    config = uvicorn.Config(
        cluster.api,
        lifespan="off",
        log_config=None,
        ws="none",
        http="h11",
        loop="none",
        ssl_context_factory=secured,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def live() -> None:
        await cluster.start()
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        started.set()
        await stop.wait()
        server.should_exit = True
        await serving
        await cluster.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),), daemon=True)
    thread.start()
    assert started.wait(20)
    url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(kubeconfig_text(url, folder / "ca.pem", cluster.admin_token()))
    yield furnished(kubeconfig, folder)
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The API server that somebody named."""
    return furnished(Path(os.environ[REAL]), tmp_path_factory.mktemp("parity"))


def furnished(kubeconfig: Path, folder: Path) -> Place:
    for name, text in CHART.items():
        path = folder / "chart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "bin").mkdir()
    if shutil.which("helm") is None:
        install_helm(folder / "bin")
    return Place(kubeconfig, folder)


@pytest.fixture(
    params=[
        "memory",
        pytest.param(
            "real",
            marks=pytest.mark.skipif(REAL not in os.environ, reason=f"{REAL} names no server"),
        ),
    ]
)
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("scene", SCENES)
def test_kubectl_and_helm_find_what_they_know(place: Place, scene: str) -> None:
    namespace = f"parity-{uuid.uuid4().hex[:8]}"
    place.run({"run": f"kubectl create namespace {namespace}"}, namespace)
    try:
        for step in SCENES[scene]:
            place.run(step, namespace)
    finally:
        place.run({"run": f"kubectl delete namespace {namespace} --wait=false"}, namespace)
