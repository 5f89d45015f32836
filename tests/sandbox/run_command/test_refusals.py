"""What Azure, the cluster and its policies say to a command that does not run."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.arm import ResourceId
from sandbox.cloud.container_service import context as context_of_commands
from tests.sandbox.run_command.conftest import CLUSTER, GROUP, Cloud


def test_without_entra_the_command_is_the_administrator(play: Any) -> None:
    found = play(lambda cloud: cloud.run("cat $KUBECONFIG"))

    assert "of-the-administrator through http://net:token@" in found["logs"]


def test_with_entra_the_command_is_its_caller(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        cloud.resource.properties["aadProfile"] = {"managed": True}
        return await cloud.run("cat $KUBECONFIG", clusterToken="good")

    assert "token of-alice" in play(scenario)["logs"]


@pytest.mark.parametrize("token", ["", "stolen"])
def test_with_entra_a_token_for_the_cluster_is_needed(play: Any, token: str) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["aadProfile"] = {"managed": True}
        return await cloud.send("true", clusterToken=token)

    answer = play(scenario)

    assert answer.status_code == 400
    assert "clusterToken" in answer.json()["message"]


def test_a_command_that_cannot_be_started_has_failed_and_has_no_exit_code(
    play: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_data: bytes, _folder: Path) -> None:
        raise RuntimeError("no room for surprises")

    monkeypatch.setattr(context_of_commands, "unpack", broken)

    found = play(lambda cloud: cloud.run("true"))

    assert found["provisioningState"] == "Failed"
    assert "no room for surprises" in found["reason"]
    assert "exitCode" not in found
    assert "could not be run" in caplog.text


def test_a_command_that_is_cut_off_has_failed(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        sent = await cloud.send("sleep 60")
        await asyncio.sleep(0.2)
        await cloud.commands.close()
        answer = await cloud.client.get(sent.headers["Location"])
        found: dict[str, Any] = answer.json()["properties"]
        return found

    found = play(scenario)

    assert found["provisioningState"] == "Failed"
    assert "cancelled" in found["reason"]


def test_a_request_beyond_the_budget_is_too_large(play: Any) -> None:
    answer = play(lambda cloud: cloud.send("true", context="A" * 1024 * 1024))

    assert answer.status_code == 413
    assert "sandbox's budget" in answer.json()["message"]


def test_refusals_come_without_the_envelope_of_the_rest_of_azure(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["powerState"] = {"code": "Stopped"}
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.status_code == 400
    assert answer.json()["code"] == "OperationNotAllowed"
    assert "error" not in answer.json()


def test_the_feature_can_be_switched_off(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["apiServerAccessProfile"] = {"disableRunCommand": True}
        return await cloud.send("true")

    assert play(scenario).json()["code"] == "RunCommandDisabled"


def test_a_cluster_without_room_for_the_pod_says_what_azure_says(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.cluster = None
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesPerformanceError"
    assert "did not start within 30s" in answer.json()["message"]


def test_a_pod_that_finds_no_node_is_refused_and_leaves_nothing(play: Any) -> None:
    async def scenario(cloud: Cloud) -> tuple[httpx.Response, dict[str, Any]]:
        cloud.inside.room = False
        return await cloud.send("true"), cloud.inside.pods

    answer, pods = play(scenario)

    assert (answer.status_code, answer.json()["code"]) == (400, "KubernetesPerformanceError")
    assert "in aks-command namespace did not start within 30s" in answer.json()["message"]
    assert pods == {}


def test_a_pod_that_the_cluster_would_not_have_is_refused_in_its_words(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.inside.objection = 'pods "command-1" is forbidden: exceeded quota: small'
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesOperationError"
    assert answer.json()["message"] == (
        "Failed to run command in managed cluster due to kubernetes failure. details: "
        'pods "command-1" is forbidden: exceeded quota: small'
    )


def test_a_pod_that_never_starts_is_a_failure_without_an_exit_code(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        cloud.inside.starts = False
        return await cloud.run("true")

    found = play(scenario)

    assert (found["provisioningState"], found["reason"]) == ("Failed", "ContainerCreating")
    assert "exitCode" not in found


def test_a_command_dies_with_its_pod(play: Any, tmp_path: Path) -> None:
    survived = tmp_path / "survived"

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        sent = await cloud.send(f"sleep 2; touch {survived}")
        cloud.inside.pods.clear()
        while True:
            answer = await cloud.client.get(sent.headers["Location"])
            if answer.status_code != 202:
                found: dict[str, Any] = answer.json()["properties"]
                return found
            await asyncio.sleep(0.02)

    found = play(scenario)

    assert found["provisioningState"] == "Failed"
    assert "evicted" in found["reason"]
    assert not survived.exists()


def test_a_command_leaves_no_pod_behind(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        await cloud.run("true")
        return cloud.inside.pods

    assert play(scenario) == {}


ALLOWED_IMAGES = "febd0533-8e55-448f-b837-bd0e06f16469"
LIMITS = "e345eecc-fa47-480f-9e88-67dcc122b164"


def assign(cloud: Cloud, definition: str, **parameters: str) -> None:
    """Switch the add-on on, and assign one built-in policy to the group."""
    cloud.resource.properties["addonProfiles"] = {"azurepolicy": {"enabled": True}}
    place = ResourceId(f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/strict")
    properties = {
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "parameters": {name: {"value": value} for name, value in parameters.items()},
    }
    made, _ = cloud.store.put(place, {"properties": properties})
    cloud.policies.append(made)


@pytest.mark.parametrize("allowed", ["^own.azurecr.io/", "(is no expression"])
def test_a_policy_on_images_stops_commands_in_its_own_words(play: Any, allowed: str) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        assign(cloud, ALLOWED_IMAGES, effect="Deny", allowedContainerImagesRegex=allowed)
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "RunCommandBlockedByAzurePolicy"
    assert answer.json()["subcode"] == "PodCreateBlockedByAzurePolicy"


def test_a_policy_on_memory_stops_commands_in_the_words_of_its_webhook(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        assign(cloud, LIMITS, effect="deny", memoryLimit="512Mi")
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesOperationError"
    assert (
        "container <user-command> memory limit <1Gi> is higher than the maximum allowed of <512Mi>"
    ) in answer.json()["message"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"effect": "Audit", "allowedContainerImagesRegex": "^own.azurecr.io/"},
        {"effect": "Deny", "allowedContainerImagesRegex": "^mcr.microsoft.com/"},
    ],
)
def test_a_policy_that_allows_them_stops_no_command(play: Any, parameters: dict[str, str]) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        assign(cloud, ALLOWED_IMAGES, **parameters)
        return await cloud.run("true")

    assert play(scenario)["exitCode"] == 0


def test_an_unknown_result_is_not_found(play: Any) -> None:
    url = f"{CLUSTER}/commandResults/{'0' * 32}?api-version=2025-10-01"

    answer = play(lambda cloud: cloud.client.get(url))

    assert answer.status_code == 404
