"""What is there after a sandbox has ended, and what is not."""

import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from tests.sandbox.persistence.conftest import (
    ARM,
    CLUSTER,
    IDENTITY,
    PLACE,
    VAULT,
    Sandbox,
    started,
    trust,
    until,
)

OPERATOR = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"  # Key Vault Secrets Officer.
DESCRIBE = "kubectl get deployment,pod,configmap -A -o json"
CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: note\nversion: 1.2.3\n",
    "chart/templates/note.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: note\ndata:\n  text: kept\n"
    ),
}
GATEWAY = "Microsoft.Network/natGateways/slow"
STORAGE = "Microsoft.Storage/storageAccounts/livedstorage"
REGISTRY = "Microsoft.ContainerRegistry/registries/livedregistry"


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
