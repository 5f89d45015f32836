"""Commands in a private cluster through azure-mgmt-containerservice, and through our own module."""

import base64
import json
import os

import httpx
import pytest
import yaml
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.containerservice.models import CommandResultProperties, RunCommandRequest

from tasks import run_command
from tasks.cluster import MARK, Script
from tasks.errors import NotReadyError, ToolError
from tests.contract.conftest import AKS_SERVER, Cloud


def run(cloud: Cloud, command: str, **files: bytes) -> CommandResultProperties:
    """What became of a command; its files lie beside it."""
    token = cloud.credential.get_token(f"{AKS_SERVER}/.default").token
    context = run_command.pack(files) if files else None
    request = RunCommandRequest(command=command, context=context, cluster_token=token)
    clusters = cloud.containers.managed_clusters
    poller = clusters.begin_run_command(
        cloud.group, cloud.cluster, request, polling_interval=cloud.pause
    )
    properties = poller.result().properties
    assert properties is not None
    return properties


def ours(cloud: Cloud) -> run_command.RunCommand:
    return run_command.RunCommand(cloud.subscription, cloud.group, cloud.cluster, cloud.pause)


def script(text: str) -> Script:
    """A script of ours with another text; what it is started with stays."""
    return Script("verify", {"verify.sh": text.encode()})


# --- What the service promises -------------------------------------------------------------------


def test_a_command_that_fails_is_a_success_with_its_exit_code(cloud: Cloud) -> None:
    ended = run(cloud, "echo before; exit 3")

    assert (ended.provisioning_state, ended.exit_code) == ("Succeeded", 3)
    assert "before" in (ended.logs or "")


def test_both_outputs_are_one_log_in_their_order(cloud: Cloud) -> None:
    ended = run(cloud, "echo one; echo two >&2; echo three")

    assert (ended.logs or "").split() == ["one", "two", "three"]
    assert ended.exit_code == 0


def test_a_command_finds_its_files_beside_it(cloud: Cloud) -> None:
    ended = run(cloud, "cat greeting.txt", **{"greeting.txt": b"hello from the zip"})

    assert "hello from the zip" in (ended.logs or "")


def test_a_command_reaches_the_api_server_as_its_caller(cloud: Cloud) -> None:
    ended = run(cloud, "kubectl get namespaces -o name && kubectl auth can-i '*' '*'")

    lines = (ended.logs or "").split()
    assert "namespace/kube-system" in lines
    assert lines[-1] == "yes"


def test_the_tools_that_we_count_on_are_there(cloud: Cloud) -> None:
    tools = ["kubectl", "helm", "bash", "grep", "awk", "xargs"]

    ended = run(
        cloud, f"for tool in {' '.join(tools)}; do command -v $tool > /dev/null && echo $tool; done"
    )

    assert (ended.logs or "").split() == tools


def test_a_cluster_with_entra_wants_a_token_of_the_caller(cloud: Cloud) -> None:
    request = RunCommandRequest(command="true")
    clusters = cloud.containers.managed_clusters

    with pytest.raises(HttpResponseError) as refusal:
        clusters.begin_run_command(cloud.group, cloud.cluster, request).result()

    assert refusal.value.status_code in (400, 401, 403)


def test_a_token_for_another_service_does_not_count(cloud: Cloud) -> None:
    token = cloud.credential.get_token("https://vault.azure.net/.default").token
    request = RunCommandRequest(command="kubectl get pods", cluster_token=token)
    clusters = cloud.containers.managed_clusters

    with pytest.raises(HttpResponseError) as refusal:
        clusters.begin_run_command(cloud.group, cloud.cluster, request).result()

    assert refusal.value.status_code in (400, 401, 403)


def test_the_result_of_a_command_that_never_was_is_not_found(cloud: Cloud) -> None:
    clusters = cloud.containers.managed_clusters

    with pytest.raises(ResourceNotFoundError) as refusal:
        clusters.get_command_result(cloud.group, cloud.cluster, "0" * 32)

    assert refusal.value.status_code == 404


def test_too_many_files_are_refused_as_too_large(cloud: Cloud) -> None:
    noise = base64.b64encode(os.urandom(5_000_000)).decode()
    request = RunCommandRequest(command="true", context=noise, cluster_token="any")
    clusters = cloud.containers.managed_clusters

    with pytest.raises(HttpResponseError) as refusal:
        clusters.begin_run_command(cloud.group, cloud.cluster, request).result()

    assert refusal.value.status_code == 413


def test_nobody_outside_the_network_reaches_the_api_server(cloud: Cloud) -> None:
    clusters = cloud.containers.managed_clusters
    found = clusters.list_cluster_user_credentials(cloud.group, cloud.cluster)
    assert found.kubeconfigs is not None
    kubeconfig = yaml.safe_load(bytes(found.kubeconfigs[0].value or b""))
    server = kubeconfig["clusters"][0]["cluster"]["server"]

    with pytest.raises(httpx.TransportError):
        httpx.get(f"{server}/version", timeout=20)


# --- Our own module ------------------------------------------------------------------------------


def test_our_way_in_brings_back_the_answer_and_the_log(cloud: Cloud) -> None:
    text = 'echo working; answer "{\\"pods\\": $(kubectl get pods -A -o name | wc -l)}"'

    answer = ours(cloud).run(script(text))

    assert isinstance(answer.document["pods"], int)
    assert "working" in answer.log
    assert MARK not in answer.log


def test_our_way_in_shows_the_end_of_what_failed(cloud: Cloud) -> None:
    with pytest.raises(ToolError, match=r"ended with 7\.\n.*no such luck") as end:
        ours(cloud).run(script("echo no such luck >&2; exit 7"))

    assert not end.value.transient


def test_our_way_in_sees_that_a_kind_is_not_there_yet(cloud: Cloud) -> None:
    with pytest.raises(NotReadyError, match="does not know a kind of object yet"):
        ours(cloud).run(script("kubectl apply -f - <<< '" + json.dumps(UNKNOWN) + "'"))


UNKNOWN = {
    "apiVersion": "contract.example.com/v1",
    "kind": "Unknown",
    "metadata": {"name": "never", "namespace": "default"},
}
