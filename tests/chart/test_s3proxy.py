"""What the s3proxy chart promises."""

from typing import Any

import pytest

from tests.chart.conftest import Charts, RefusedError

# What the image reads: run-docker-container.sh of gaul/s3proxy 4.0.0.
KNOWN = {
    *("S3PROXY_ENDPOINT", "S3PROXY_VIRTUALHOST", "S3PROXY_AUTHORIZATION", "S3PROXY_IDENTITY"),
    *("S3PROXY_CREDENTIAL", "S3PROXY_IGNORE_UNKNOWN_HEADERS", "S3PROXY_JAVA_OPTS"),
    *("JCLOUDS_PROVIDER", "JCLOUDS_ENDPOINT", "JCLOUDS_IDENTITY", "JCLOUDS_CREDENTIAL"),
}
IDENTITY = {
    "storage": {
        "signIn": "workloadIdentity",
        "clientId": "00000000-0000-0000-0000-00000000feed",
    }
}


def settings(charts: Charts, values: dict[str, Any] | None = None) -> dict[str, str | None]:
    entries = charts.render("s3proxy", values).environment("s3proxy")
    return {entry["name"]: entry.get("value") for entry in entries}


def test_the_endpoint_follows_from_the_account(charts: Charts) -> None:
    found = settings(charts, {"storage": {"account": "otherstg"}})

    assert found["JCLOUDS_ENDPOINT"] == "https://otherstg.blob.core.windows.net"


def test_clients_have_to_sign(charts: Charts) -> None:
    assert settings(charts)["S3PROXY_AUTHORIZATION"] == "aws-v2-or-v4"


def test_it_listens_where_an_ordinary_user_may(charts: Charts) -> None:
    rendering = charts.render("s3proxy", {"port": 8181})

    container = rendering.pods()["s3proxy"]["containers"][0]
    assert settings(charts, {"port": 8181})["S3PROXY_ENDPOINT"] == "http://0.0.0.0:8181"
    assert container["ports"] == [{"name": "http", "containerPort": 8181}]


def test_storage_finds_it_under_its_default_address(charts: Charts) -> None:
    service = charts.render("s3proxy").kind("Service")["s3proxy"]
    storage = charts.render("supabase").environment("supabase-storage")

    port = service["spec"]["ports"][0]["port"]
    address = {"name": "STORAGE_S3_ENDPOINT", "value": f"http://s3proxy:{port}"}
    assert address in storage


@pytest.mark.parametrize("client", ["storage", "imgproxy"])
def test_those_who_read_files_are_let_in_and_nobody_else(charts: Charts, client: str) -> None:
    policy = charts.render("s3proxy").kind("NetworkPolicy")["s3proxy"]["spec"]
    (rule,) = policy["ingress"]

    peers = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]

    labels = {"app.kubernetes.io/name": "supabase", "app.kubernetes.io/component": client}
    assert labels in peers
    assert len(peers) == 2


def test_the_identity_of_the_node_is_out_of_reach(charts: Charts) -> None:
    policy = charts.render("s3proxy").kind("NetworkPolicy")["s3proxy"]["spec"]

    (peer,) = policy["egress"][0]["to"]
    assert peer["ipBlock"]["except"] == ["169.254.169.254/32"]


def test_a_private_endpoint_narrows_the_way_out(charts: Charts) -> None:
    rendering = charts.render("s3proxy", {"storage": {"cidrs": ["10.40.5.0/26"]}})

    (peer,) = rendering.kind("NetworkPolicy")["s3proxy"]["spec"]["egress"][0]["to"]
    assert peer["ipBlock"] == {"cidr": "10.40.5.0/26"}


def test_one_pod_has_no_disruption_budget(charts: Charts) -> None:
    assert charts.render("s3proxy", {"replicas": 1}).kind("PodDisruptionBudget") == {}


@pytest.mark.parametrize("values", [{}, IDENTITY], ids=["accountKey", "workloadIdentity"])
def test_the_image_knows_every_setting(charts: Charts, values: dict[str, Any]) -> None:
    assert set(settings(charts, values)) <= KNOWN


def test_an_identity_signs_in_without_the_key_of_the_account(charts: Charts) -> None:
    rendering = charts.render("s3proxy", IDENTITY)

    pod = rendering.kind("Deployment")["s3proxy"]["spec"]["template"]
    account = rendering.kind("ServiceAccount")[pod["spec"]["serviceAccountName"]]
    found = settings(charts, IDENTITY)
    assert (found["JCLOUDS_IDENTITY"], found["JCLOUDS_CREDENTIAL"]) == ("", "")
    assert "azure-storage-account-key" not in rendering.manifest
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert account["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": "00000000-0000-0000-0000-00000000feed"
    }


def test_an_identity_reaches_entra_beside_a_private_endpoint(charts: Charts) -> None:
    narrow = {"storage": {**IDENTITY["storage"], "cidrs": ["10.40.5.0/26"]}}

    policy = charts.render("s3proxy", narrow).kind("NetworkPolicy")["s3proxy"]["spec"]

    cidrs = [peer["ipBlock"]["cidr"] for rule in policy["egress"] for peer in rule["to"]]
    assert cidrs == ["10.40.5.0/26", "0.0.0.0/0"]


def test_an_identity_without_a_client_id_is_refused(charts: Charts) -> None:
    with pytest.raises(RefusedError, match=r"storage\.clientId is required"):
        charts.render("s3proxy", {"storage": {"signIn": "workloadIdentity"}})


def test_without_a_name_of_its_secret_it_is_refused(charts: Charts) -> None:
    with pytest.raises(RefusedError, match="no default secrets"):
        charts.render("s3proxy", {"secret": ""})


@pytest.mark.parametrize("host", ["", "docker.io/", "localhost:5000/"])
def test_an_imported_image_comes_from_the_registry_it_was_imported_into(
    charts: Charts, host: str
) -> None:
    name = "andrewgaul/s3proxy:s3proxy-4.0.0"
    values = {"images": {"registry": "example.azurecr.io"}, "image": f"{host}{name}"}

    (container,) = charts.render("s3proxy", values).pods()["s3proxy"]["containers"]

    assert container["image"] == f"example.azurecr.io/{name}"
