"""The checks that people make by hand after a deployment, with `az`, as the notes have them."""

import base64
import shlex
import time
from typing import Any

import pytest
import yaml

from tests.clients.azure_cli import Az
from tests.clients.conftest import LOCATION

GROUP, CLUSTER, VAULT = "supabase-dev-rg", "supabase-dev-aks", "supabase-dev-kv"
CHART = "oci://ghcr.io/external-secrets/charts/external-secrets"
INSTALL = (
    f"helm install external-secrets {CHART} --version 2.9.0"
    " --namespace external-secrets --create-namespace --wait"
    " && kubectl apply -f objects.yaml"
    " && kubectl -n supabase wait externalsecret --all --for=condition=Ready --timeout=90s"
)
PATIENCE = 120  # Seconds; a loaded machine needs some for each `az`.


def line(az: Az, command: str) -> Any:
    """Run a line as somebody would type it."""
    program, *words = shlex.split(command)
    assert program == "az"
    return az(*words)


def logs(az: Az, command: str) -> str:
    """What a line prints that runs a command in the cluster."""
    ended = line(az, command)
    assert ended["provisioningState"] == "Succeeded"
    return str(ended["logs"])


def objects(client: str) -> str:
    """What reads the vault as the nodes' identity, and a workload beside it."""
    labels = {"app": "rest"}
    container = {"name": "rest", "image": "docker.io/library/demo:1"}
    stored = {
        "vaultUrl": f"https://{VAULT}.vault.azure.net",
        "authType": "ManagedIdentity",
        "identityId": client,
    }
    parts: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "supabase"}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "rest", "namespace": "supabase"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "SecretStore",
            "metadata": {"name": "vault", "namespace": "supabase"},
            "spec": {"provider": {"azurekv": stored}},
        },
        external_secret("supabase-env", "jwt-secret"),
        external_secret("supabase-db", "pg-password"),
    ]
    return yaml.safe_dump_all(parts)


def external_secret(name: str, key: str) -> dict[str, Any]:
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": "supabase"},
        "spec": {
            "refreshInterval": "20s",
            "secretStoreRef": {"kind": "SecretStore", "name": "vault"},
            "target": {"name": name},
            "data": [{"secretKey": key, "remoteRef": {"key": key}}],
        },
    }


@pytest.fixture(scope="module", autouse=True)
def platform(az: Az, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As much of the platform as the checks ask for, built with `az` alone."""
    folder = tmp_path_factory.mktemp("objects")
    az("group", "create", "--name", GROUP, "--location", LOCATION)
    vault = az("keyvault", "create", "-g", GROUP, "--name", VAULT, "--default-action", "Allow")
    cluster = az("aks", "create", "-g", GROUP, "--name", CLUSTER, "--no-ssh-key")
    kubelet = cluster["identityProfile"]["kubeletidentity"]
    for role, application in (
        ("Key Vault Secrets Officer", az.cloud["ARM_CLIENT_ID"]),
        ("Key Vault Secrets User", kubelet["clientId"]),
    ):
        who = ("--assignee", application, "--scope", vault["id"])
        az("role", "assignment", "create", "--role", role, *who)
    for name in ("jwt-secret", "pg-password"):
        az("keyvault", "secret", "set", "--vault-name", VAULT, "--name", name, "--value", "OLD")
    (folder / "objects.yaml").write_text(objects(kubelet["clientId"]))
    ended = az(
        *("aks", "command", "invoke", "-g", GROUP, "-n", CLUSTER, "--command", INSTALL),
        *("--file", "objects.yaml"),
        cwd=folder,
    )
    assert ended["exitCode"] == 0, ended["logs"]


def test_the_pods_are_listed(az: Az) -> None:
    said = logs(
        az,
        "az aks command invoke -g supabase-dev-rg -n supabase-dev-aks"
        ' --command "kubectl -n supabase get pods"',
    )

    assert said.startswith("NAME")
    assert "rest-" in said


def test_the_operators_stores_and_secrets_tell_their_state(az: Az) -> None:
    said = logs(
        az,
        "az aks command invoke -g supabase-dev-rg -n supabase-dev-aks"
        ' --command "kubectl -n supabase get secretstore,externalsecret -o wide"',
    )

    assert "secretstore.external-secrets.io/vault" in said
    assert said.count("SecretSynced") == 2


def test_recent_events_are_listed_in_their_order(az: Az) -> None:
    said = logs(
        az,
        "az aks command invoke -g supabase-dev-rg -n supabase-dev-aks"
        ' --command "kubectl -n supabase get events --sort-by=.lastTimestamp | tail -20"',
    )

    assert "deployment/rest" in said


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("kubectl -n supabase get externalsecret", "supabase-env"),
        ("kubectl -n supabase get secret supabase-env -o yaml || true", "jwt-secret: T0xE"),
        ("kubectl -n supabase get secret supabase-db -o yaml || true", "pg-password: T0xE"),
        ("kubectl -n supabase get secret supabase-none -o yaml || true", "not found"),
    ],
)
def test_the_synchronised_secrets_are_in_the_cluster(az: Az, command: str, expected: str) -> None:
    said = logs(az, f'az aks command invoke -g {GROUP} -n {CLUSTER} --command "{command}"')

    assert expected in said


def test_a_rotated_secret_arrives_in_the_cluster_by_itself(az: Az) -> None:
    line(
        az,
        "az keyvault secret set --vault-name supabase-dev-kv --name jwt-secret --value NEW_VALUE",
    )
    wanted = base64.b64encode(b"NEW_VALUE").decode()
    read = (
        "az aks command invoke -g supabase-dev-rg -n supabase-dev-aks"
        ' --command "kubectl -n supabase get secret supabase-env -o yaml || true"'
    )
    deadline = time.monotonic() + PATIENCE
    said = logs(az, read)
    while wanted not in said and time.monotonic() < deadline:
        said = logs(az, read)

    assert f"jwt-secret: {wanted}" in said
