"""The whole cloud together: a cluster runs while it exists, inside a network of its own."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.arm import ArmError
from sandbox.cloud.container_service import SERVER_APPLICATION
from sandbox.cluster import Cluster
from sandbox.files import short_folder
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

    aks.pod = "default/client"
    found = aks.http.get(f"http://{name}/")

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

    assert not first.socket.exists()
    assert second.socket.exists()
    assert second.state.is_dir()


def test_who_waits_for_a_cluster_that_is_deleted_is_told_that_there_is_none(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def for_ever(_cluster: Cluster) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Cluster, "start", for_ever)
    build(azure)
    managed = azure.cloud.store.get(f"{azure.group}/providers/{CLUSTER}")

    async def scenario() -> None:
        waiting = asyncio.create_task(azure.cloud.fleet.cluster(managed))
        await asyncio.sleep(0.05)
        azure.cloud.store.delete(managed.id)
        await waiting

    with pytest.raises(ArmError, match="No cluster runs for") as refused:
        azure.http.runner.run(scenario())

    assert refused.value.status == 404


def test_a_cluster_that_did_not_start_is_started_by_who_asks_for_it_next(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_cluster: Cluster) -> None:
        raise OSError("no room for a socket")

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "start", broken)
        build(azure)
        with pytest.raises(ArmError, match="no room for a socket") as refused:
            running(azure)

    assert refused.value.status == 500
    assert running(azure).settings.socket.exists()


def test_what_a_killed_sandbox_left_of_its_clusters_is_removed(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.fleet.fleet.SOCKET_LIMIT", 0)  # As in a folder with a long name.
    build(azure)
    settings = running(azure).settings
    folder = azure.cloud.fleet.folder / "left"
    folder.mkdir()
    (folder / "token").write_text("secret")
    socket = settings.socket.with_name("left.sock")
    socket.touch()

    async def tidy() -> None:
        azure.cloud.fleet.tidy()
        await wait_until(lambda: not folder.exists() and not socket.exists())

    azure.http.runner.run(tidy())

    assert settings.state.is_dir()
    assert settings.socket.exists()
    azure.http.runner.run(azure.cloud.fleet.stop())
    assert not settings.socket.parent.exists()


def test_a_cluster_does_not_listen_where_others_can_enter(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.fleet.fleet.SOCKET_LIMIT", 0)
    place = short_folder(azure.cloud.fleet.folder)
    place.mkdir(mode=0o755)
    try:
        build(azure)
        with pytest.raises(ArmError, match="not a folder that only this user enters"):
            running(azure)
    finally:
        place.rmdir()


def test_the_data_of_a_database_server_are_removed_beside_the_loop(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[bool] = []

    def remove(_folder: Path, *, ignore_errors: bool) -> None:
        removed.append(ignore_errors and threading.current_thread() is threading.main_thread())

    monkeypatch.setattr("sandbox.databases.shutil.rmtree", remove)
    wanted = {
        "version": "16",
        "administratorLogin": "pgadmin",
        "administratorLoginPassword": "Correct-Horse-9",
        "storage": {"storageSizeGB": 64},
    }
    sku = {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"}
    body = {"location": "westeurope", "sku": sku, "properties": wanted}
    server = "Microsoft.DBforPostgreSQL/flexibleServers/lab-pg"
    azure.arm("PUT", server, body)

    azure.arm("DELETE", server)
    azure.http.runner.run(wait_until(lambda: bool(removed)))

    assert removed == [False]


async def wait_until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110  # A folder sets no event.
            await asyncio.sleep(0.02)
