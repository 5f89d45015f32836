"""The whole cloud together: a cluster runs while it exists, inside a network of its own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cloud.container_service import SERVER_APPLICATION
from sandbox.cluster import Cluster
from sandbox.front import RefusedError
from tests.sandbox.conftest import Azure

CLUSTER = "Microsoft.ContainerService/managedClusters/lab-aks"
POOL = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}


@pytest.fixture
def aks(azure: Azure) -> Azure:
    """A cloud with a private cluster that knows Entra's callers only."""
    build(azure)
    return azure


def build(azure: Azure) -> None:
    identity = azure.new_identity("cluster")
    properties = {
        "dnsPrefix": "lab",
        "disableLocalAccounts": True,
        "aadProfile": {"managed": True, "enableAzureRBAC": True},
        "apiServerAccessProfile": {"enablePrivateCluster": True},
        "oidcIssuerProfile": {"enabled": True},
        "agentPoolProfiles": [POOL],
    }
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity["id"]: {}}},
        "properties": properties,
    }
    made = azure.arm("PUT", CLUSTER, body)
    assert made.status_code == 201, made.text


def properties(azure: Azure) -> dict[str, Any]:
    found: dict[str, Any] = azure.arm("GET", CLUSTER).json()["properties"]
    return found


def running(azure: Azure) -> Cluster:
    """The cluster behind the managed cluster, once it has started."""
    managed = azure.cloud.store.get(f"{azure.group}/providers/{CLUSTER}")
    return azure.http.runner.run(azure.cloud.fleet.cluster(managed))


def test_the_api_server_is_reached_from_inside_its_network_only(aks: Azure) -> None:
    address = f"https://{properties(aks)['privateFQDN']}/version"

    with pytest.raises(RefusedError, match="is private"):
        aks.http.get(address)
    aks.network = "lab-aks"
    headers = {"Authorization": f"Bearer {running(aks).admin_token()}"}
    answer = aks.http.get(address, headers=headers)

    assert answer.json()["gitVersion"].startswith("v1.34.")


def test_the_issuer_of_service_accounts_publishes_its_keys(aks: Azure) -> None:
    issuer = properties(aks)["oidcIssuerProfile"]["issuerURL"]

    configuration = aks.http.get(f"{issuer}.well-known/openid-configuration").json()
    keys = aks.http.get(configuration["jwks_uri"]).json()["keys"]

    assert configuration["issuer"] == issuer
    assert {"kty", "kid", "n", "e"} <= set(keys[0])


def test_another_issuer_has_no_keys(aks: Azure) -> None:
    issuer = "https://westeurope.oic.prod-aks.azure.com/tenant/other/"

    answer = aks.http.get(f"{issuer}.well-known/openid-configuration")

    assert answer.status_code == 404


def test_a_deleted_cluster_leaves_neither_names_nor_keys(aks: Azure) -> None:
    issuer = properties(aks)["oidcIssuerProfile"]["issuerURL"]

    aks.arm("DELETE", CLUSTER)

    assert "lab-aks" not in aks.cloud.hosts.networks
    assert aks.cloud.fleet.issuer_keys(issuer) is None


def test_a_role_on_the_cluster_decides_what_a_caller_may_do_in_it(aks: Azure) -> None:
    cluster, principal = running(aks), aks.identity.object

    before = cluster.settings.authorize(principal, "create", "pods")
    aks.grant("Azure Kubernetes Service RBAC Cluster Admin", principal, aks.group)
    after = cluster.settings.authorize(principal, "create", "pods")

    assert (before, after) == (False, True)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("web", "refused the connection"),
        ("web.default", "refused the connection"),
        ("web.default.svc", "refused the connection"),
        ("web.default.svc.cluster.local", "refused the connection"),
        ("nothing", "Could not resolve host: nothing"),
        ("nothing.default.svc", "Could not resolve host: nothing.default.svc"),
    ],
)
def test_a_pod_may_call_a_service_by_each_of_its_names(aks: Azure, name: str, answer: str) -> None:
    cluster = running(aks)
    aks.network = "lab-aks"
    headers = {"Authorization": f"Bearer {cluster.admin_token()}"}
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    address = f"https://{cluster.settings.fqdn}/api/v1/namespaces/default/services"
    made = aks.http.request("POST", address, json=service, headers=headers)
    aks.http.runner.run(asyncio.sleep(0.1))  # The controllers hear of it.

    found = aks.http.get(f"http://{name}/", headers={"X-Pod-Namespace": "default"})

    assert made.status_code == 201, made.text
    assert found.status_code == 503
    assert answer in found.text


def test_a_name_that_no_service_has_is_refused_as_on_the_internet(aks: Azure) -> None:
    running(aks)
    aks.network = "lab-aks"

    with pytest.raises(RefusedError, match=r"does not simulate example\.com"):
        aks.http.get("http://example.com/")


def test_the_api_server_knows_entras_tokens_for_it_and_asks_for_their_roles(aks: Azure) -> None:
    address = f"https://{running(aks).settings.fqdn}/api/v1/namespaces"
    foreign, own = aks.bearer(), aks.bearer(SERVER_APPLICATION)
    aks.network = "lab-aks"

    unknown = aks.http.get(address, headers=foreign).status_code
    before = aks.http.get(address, headers=own).status_code
    aks.network = ""
    aks.grant("Azure Kubernetes Service RBAC Cluster Admin", aks.identity.object, aks.group)
    aks.network = "lab-aks"
    after = aks.http.get(address, headers=own).status_code

    assert (unknown, before, after) == (401, 403, 200)


def test_a_cluster_without_entra_takes_none_of_its_tokens(aks: Azure) -> None:
    body = aks.arm("GET", CLUSTER).json()
    del body["properties"]["aadProfile"]
    aks.arm("PUT", CLUSTER, body)
    address = f"https://{running(aks).settings.fqdn}/api/v1/namespaces"
    headers = aks.bearer(SERVER_APPLICATION)
    aks.network = "lab-aks"

    answer = aks.http.get(address, headers=headers)

    assert answer.status_code == 401


def test_two_clusters_of_one_name_have_networks_of_their_own(aks: Azure) -> None:
    shown = aks.arm("GET", CLUSTER).json()
    identity = aks.new_identity("cluster")["id"]
    body = {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {}}},
        "properties": {
            "dnsPrefix": "lab",
            "agentPoolProfiles": [POOL],
        },
    }
    aks.arm("PUT", f"{aks.group}-two", {"location": "westeurope"})

    made = aks.arm("PUT", f"{aks.group}-two/providers/{CLUSTER}", body)

    assert made.status_code == 201, made.text
    assert made.json()["name"] == shown["name"]
    assert set(aks.cloud.hosts.networks) == {"lab-aks", "lab-two.lab-aks"}
    other = aks.cloud.store.get(f"{aks.group}-two/providers/{CLUSTER}")
    second = aks.http.runner.run(aks.cloud.fleet.cluster(other))
    assert second.settings.state != running(aks).settings.state
    assert second.settings.socket != running(aks).settings.socket


def test_a_cluster_built_again_outlives_the_end_of_the_one_before(aks: Azure) -> None:
    first = running(aks).settings

    aks.arm("DELETE", CLUSTER)
    build(aks)
    second = running(aks).settings
    aks.http.runner.run(wait_until(lambda: not first.state.exists()))

    assert not first.socket.parent.exists()
    assert second.socket.exists()
    assert second.state.is_dir()


async def wait_until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # A folder sets no event.
            await asyncio.sleep(0.02)
