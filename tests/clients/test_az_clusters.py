"""`az aks`: clusters, their pools, the way in, and commands inside."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.clients.azure_cli import Az
from tests.clients.conftest import LOCATION

CLUSTER = ("--resource-group", "lab", "--name", "lab-aks")
INSIDE = ("--resource-group", "lab", "--cluster-name", "lab-aks")


@pytest.fixture(scope="module", autouse=True)
def cluster(az: Az, group: str) -> dict[str, Any]:
    """A cluster as `az` makes one without being told more than its name."""
    assert group == "lab"
    made: dict[str, Any] = az("aks", "create", *CLUSTER, "--no-ssh-key", "--enable-oidc-issuer")
    return made


def invoke(az: Az, command: str, *words: str, cwd: Path | None = None) -> dict[str, Any]:
    """What became of a command in the cluster."""
    ended: dict[str, Any] = az(
        "aks", "command", "invoke", *CLUSTER, "--command", command, *words, cwd=cwd
    )
    return ended


def test_a_cluster_has_a_default_size_and_version(az: Az, cluster: dict[str, Any]) -> None:
    [pool] = cluster["agentPoolProfiles"]
    [listed] = az("aks", "list")

    assert pool["vmSize"].startswith("Standard_")
    assert cluster["provisioningState"] == "Succeeded"
    assert listed["id"] == cluster["id"] == az("aks", "show", *CLUSTER)["id"]


def test_versions_name_their_upgrades(az: Az) -> None:
    versions = {one["version"]: one for one in az("aks", "get-versions", "-l", LOCATION)["values"]}
    profile = az("aks", "get-upgrades", *CLUSTER)["controlPlaneProfile"]

    assert "1.34.1" in versions["1.33"]["patchVersions"]["1.33.6"]["upgrades"]
    assert profile["kubernetesVersion"] == "1.34.1"


def test_a_pool_comes_and_goes_beside_the_first(az: Az) -> None:
    name = ("--name", "extra")
    az("aks", "nodepool", "add", *INSIDE, *name, "--node-count", "1")
    names = az("aks", "nodepool", "list", *INSIDE, "--query", "[].name")
    az("aks", "nodepool", "delete", *INSIDE, *name)

    assert names == ["nodepool1", "extra"]
    assert az("aks", "nodepool", "list", *INSIDE, "--query", "[].name") == ["nodepool1"]


def test_a_cluster_is_changed_as_az_does_it(az: Az) -> None:
    changed = az("aks", "update", *CLUSTER, "--tags", "team=data")

    assert changed["tags"] == {"team": "data"}


def test_credentials_lead_to_the_clusters_api_server(
    az: Az, cluster: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "config"
    az("aks", "get-credentials", *CLUSTER, "--file", str(file))

    [server] = yaml.safe_load(file.read_text())["clusters"]
    assert server["cluster"]["server"] == f"https://{cluster['fqdn']}:443"


def test_a_command_runs_in_the_cluster(az: Az) -> None:
    ended = invoke(az, "kubectl get namespaces -o name")

    assert (ended["provisioningState"], ended["exitCode"]) == ("Succeeded", 0)
    assert "namespace/kube-system" in ended["logs"]


def test_a_command_that_fails_is_a_success_for_az(az: Az) -> None:
    ended = az.run("aks", "command", "invoke", *CLUSTER, "--command", "kubectl get nothing")

    assert ended.returncode == 0
    assert "exitcode=1" in ended.stdout
    assert "the server doesn't have a resource type" in ended.stdout


def test_files_lie_beside_the_command(az: Az, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "note.txt").write_text("from a folder")
    (tmp_path / "single.txt").write_text("a file")

    single = invoke(az, "cat single.txt", "--file", str(tmp_path / "single.txt"))
    tree = invoke(az, "cat single.txt inner/note.txt", "--file", ".", cwd=tmp_path)

    assert "a file" in single["logs"]
    assert "from a folder" in tree["logs"]


def test_a_result_can_be_asked_for_later(az: Az) -> None:
    started = az.run(
        *("aks", "command", "invoke", *CLUSTER, "--no-wait", "--output", "json"),
        *("--command", "sleep 1; echo at last"),
    )
    said = started.stdout + started.stderr
    [identifier] = set(re.findall(r"\b[0-9a-f]{32}\b", said))
    result = ("aks", "command", "result", *CLUSTER, "--command-id", identifier)
    deadline = time.monotonic() + 60
    ended = az.run(*result, "--output", "json")
    while "at last" not in ended.stdout and time.monotonic() < deadline:
        ended = az.run(*result, "--output", "json")

    assert json.loads(ended.stdout)["logs"].strip() == "at last"


def test_a_stopped_cluster_refuses_commands_until_it_is_started(az: Az) -> None:
    az("aks", "stop", *CLUSTER)
    power = az("aks", "show", *CLUSTER, "--query", "powerState.code")
    said = az.refused("aks", "command", "invoke", *CLUSTER, "--command", "true")
    az("aks", "start", *CLUSTER)

    assert power == "Stopped"
    assert "ERROR: (" in said
    assert az("aks", "show", *CLUSTER, "--query", "powerState.code") == "Running"
    assert invoke(az, "echo back")["logs"].strip() == "back"


def test_an_identity_signs_in_with_a_token_of_the_cluster_and_sees_what_it_may(
    az: Az, group: str, cluster: dict[str, Any]
) -> None:
    made = az("identity", "create", "--resource-group", group, "--name", "worker")
    az(
        *("identity", "federated-credential", "create", "--resource-group", group),
        *("--identity-name", "worker", "--name", "default"),
        *("--issuer", cluster["oidcIssuerProfile"]["issuerUrl"]),
        *("--subject", "system:serviceaccount:default:default"),
        *("--audiences", "api://AzureADTokenExchange"),
    )
    token = invoke(az, "kubectl create token default --audience api://AzureADTokenExchange")
    worker = az.another("worker")

    login = (
        *("login", "--service-principal", "--tenant", az.cloud["ARM_TENANT_ID"]),
        *("--username", made["clientId"], "--federated-token", token["logs"].strip()),
    )
    without_a_role = worker.refused(*login)
    other = az("group", "create", "--name", "other", "--location", LOCATION)
    who = ("--assignee", made["clientId"], "--role", "Reader")
    az("role", "assignment", "create", *who, "--scope", other["id"])
    worker(*login)

    assert f"No subscriptions found for {made['clientId']}." in without_a_role
    assert worker("group", "show", "--name", "other") == other
    said = worker.refused("group", "show", "--name", group)
    assert f"(AuthorizationFailed) The client '{made['clientId']}'" in said
    assert "Microsoft.Resources/subscriptions/resourceGroups/read" in said
