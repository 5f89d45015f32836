"""The pod of a command in a cluster that is really there, seen by the command itself."""

import asyncio
from typing import Any

import httpx
import pytest

from sandbox.cloud.container_service import pod
from tests.sandbox.conftest import Azure

CLUSTER = "Microsoft.ContainerService/managedClusters/lab-aks"
SYSTEM = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}
TAINTED = SYSTEM | {"nodeTaints": ["CriticalAddonsOnly=true:NoSchedule"]}


def build(azure: Azure, pool: dict[str, Any]) -> None:
    """A cluster without Entra: its commands are the administrator's."""
    identity = azure.new_identity("cluster")
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity["id"]: {}}},
        "properties": {"dnsPrefix": "lab", "agentPoolProfiles": [pool]},
    }
    made = azure.arm("PUT", CLUSTER, body)
    assert made.status_code == 201, made.text


def invoke(azure: Azure, command: str) -> httpx.Response:
    """Run a command to its end; the refusal if there is one."""
    sent = azure.arm("POST", f"{CLUSTER}/runCommand", {"command": command})
    while sent.status_code == 202:
        sent = azure.http.get(sent.headers["Location"], headers=azure.bearer())
        azure.http.runner.run(asyncio.sleep(0.05))
    return sent


def kubernetes(azure: Azure, plural: str) -> list[dict[str, Any]]:
    managed = azure.cloud.store.get(f"{azure.group}/providers/{CLUSTER}")
    return azure.http.runner.run(azure.cloud.fleet.cluster(managed)).objects(plural)


def test_a_pod_with_azures_fixed_resources_stands_for_each_command(azure: Azure) -> None:
    build(azure, SYSTEM)
    pending = azure.arm("POST", f"{CLUSTER}/runCommand", {"command": "sleep 30"})

    (found,) = kubernetes(azure, "pods")

    identifier = pending.headers["Location"].rpartition("/")[2].partition("?")[0]
    assert found["metadata"]["name"] == f"command-{identifier}"
    assert found["metadata"]["namespace"] == "aks-command"
    (container,) = found["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "200m", "memory": "500Mi"},
        "limits": {"cpu": "500m", "memory": "1Gi"},
    }


def test_the_pod_is_gone_when_the_command_has_ended(azure: Azure) -> None:
    build(azure, SYSTEM)

    done = invoke(azure, "true").json()["properties"]

    assert (done["provisioningState"], done["exitCode"]) == ("Succeeded", 0)
    assert kubernetes(azure, "pods") == []


def test_nodes_for_critical_addons_only_take_no_command(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod, "FLOOR", 1.0)
    build(azure, TAINTED)

    refused = invoke(azure, "true")

    assert (refused.status_code, refused.json()["code"]) == (400, "KubernetesPerformanceError")
    messages = [event.get("message", "") for event in kubernetes(azure, "events")]
    assert any("0/1 nodes are available" in message for message in messages), messages
    assert kubernetes(azure, "pods") == []
