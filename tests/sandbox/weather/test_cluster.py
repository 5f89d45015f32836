"""A cluster in bad weather: its API server is gone, or a command dies at the wrong moment."""

import base64
import io
import zipfile
from typing import Any

import httpx
import pytest
import yaml

from tests.sandbox.weather.conftest import MANAGEMENT, Sandbox, until

KIND = "Microsoft.ContainerService/managedClusters"
CHART = {
    "demo/Chart.yaml": "apiVersion: v2\nname: demo\nversion: 1.0.0\n",
    "demo/templates/map.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
        "data: {number: {{ .Release.Revision | quote }}}\n"
    ),
}
INSTALL = "helm upgrade --install {} ./demo --namespace default"


class Cluster:
    """A cluster without Entra, whose commands run as its administrator."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.name = "storm"
        self.id = f"{sandbox.make_group()}/providers/{KIND}/{self.name}"
        pool = {"name": "system", "mode": "System", "vmSize": "Standard_D2s_v5", "count": 1}
        body = {
            "location": "westeurope",
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "storm",
                "agentPoolProfiles": [pool],
                "apiServerAccessProfile": {"enablePrivateCluster": True},
            },
        }
        made = sandbox.arm("PUT", self.id, body)
        assert made.status_code in (200, 201), made.text

    def run(self, command: str, **files: str) -> dict[str, Any]:
        """What became of a command."""
        sent = self.sandbox.arm(
            "POST", f"{self.id}/runCommand", {"command": command, "context": archive(files)}
        )
        assert sent.status_code == 202, sent.text
        path = sent.headers["location"].removeprefix(MANAGEMENT).partition("?")[0]
        until(lambda: self.sandbox.arm("GET", path).status_code != 202)
        found: dict[str, Any] = self.sandbox.arm("GET", path).json()["properties"]
        return found


def archive(files: dict[str, str]) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return base64.b64encode(target.getvalue()).decode() if files else ""


@pytest.fixture(scope="module")
def cluster(running: Sandbox) -> Cluster:
    return Cluster(running)


def test_kubectl_tells_that_the_api_server_refuses(sandbox: Sandbox, cluster: Cluster) -> None:
    sandbox.add("""
      when: {host: "*.azmk8s.io", network: storm}
      window: {until: 3600}
      then: {unreachable: refused}
    """)

    down = cluster.run("kubectl get namespaces")
    sandbox.control("DELETE", "/faults")
    up = cluster.run("kubectl get namespaces -o name")

    assert down["exitCode"] == 1
    assert "was refused - did you specify the right host or port?" in down["logs"]
    assert (up["exitCode"], "namespace/default" in up["logs"]) == (0, True)


def test_kubectl_tells_that_the_api_server_does_not_answer(
    sandbox: Sandbox, cluster: Cluster
) -> None:
    sandbox.add('{when: {host: "*.azmk8s.io"}, then: {unreachable: timeout, delay: 0.2}}')

    ended = cluster.run("kubectl get namespaces")

    assert ended["exitCode"] == 1
    assert "i/o timeout" in ended["logs"]


def test_a_watch_ends_when_its_api_server_goes(sandbox: Sandbox, cluster: Cluster) -> None:
    config = yaml.safe_load(sandbox.control("GET", f"/clusters/{cluster.name}/kubeconfig").text)
    inside = sandbox.control("GET", "/networks").json()[cluster.name]
    server, user = config["clusters"][0]["cluster"]["server"], config["users"][0]["user"]
    headers = {"Authorization": f"Bearer {user['token']}"}
    address = f"{server}/api/v1/namespaces"

    with (
        httpx.Client(proxy=inside, verify=sandbox.trust, trust_env=False, timeout=60) as client,
        client.stream("GET", address, params={"watch": "1"}, headers=headers) as watch,
    ):
        events = watch.iter_lines()
        first = next(events)
        sandbox.add('{when: {host: "*.azmk8s.io"}, then: {unreachable: refused}}')
        with pytest.raises(httpx.TransportError):
            list(events)

    assert "ADDED" in first


def test_a_command_dies_after_a_while_and_all_of_it(sandbox: Sandbox, cluster: Cluster) -> None:
    sandbox.add('{when: {command: "*sleep*"}, then: {evict: {reason: Evicted, after: 0.3}}}')

    ended = cluster.run("sleep 600 & sleep 600")

    assert (ended["provisioningState"], ended["reason"]) == ("Failed", "Evicted")
    assert "exitCode" not in ended
    assert sandbox.faults[0]["hits"] == 1


def test_a_helm_that_is_killed_leaves_its_release_pending(
    sandbox: Sandbox, cluster: Cluster
) -> None:
    sandbox.use("evicted-command")

    died = cluster.run(INSTALL.format("storm"), **CHART)
    blocked = cluster.run(INSTALL.format("storm"), **CHART)
    status = cluster.run("helm status storm")
    other = cluster.run(INSTALL.format("calm"), **CHART)

    assert (died["provisioningState"], died["reason"]) == ("Failed", "Evicted")
    assert "STATUS: pending-install" in status["logs"]
    assert blocked["exitCode"] == 1
    assert "another operation (install/upgrade/rollback) is in progress" in blocked["logs"]
    assert other["exitCode"] == 0
    assert sandbox.faults[0]["hits"] == 1


def test_an_upgrade_that_is_killed_is_rolled_back_by_hand(
    sandbox: Sandbox, cluster: Cluster
) -> None:
    first = cluster.run(INSTALL.format("late"), **CHART)
    sandbox.use("evicted-command")

    died = cluster.run(INSTALL.format("late"), **CHART)
    history = cluster.run("helm history late")
    back = cluster.run("helm rollback late 1")

    assert first["exitCode"] == 0, first["logs"]
    assert died["provisioningState"] == "Failed"
    assert "pending-upgrade" in history["logs"]
    assert back["exitCode"] == 0, back["logs"]
