"""What the s3proxy chart promises."""

from typing import Any

from tests.chart.conftest import Charts


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


def test_storage_is_let_in_and_nobody_else(charts: Charts) -> None:
    policy = charts.render("s3proxy").kind("NetworkPolicy")["s3proxy"]["spec"]
    pods = charts.render("supabase").kind("Deployment")["supabase-storage"]["spec"]["template"]

    (peer,) = policy["ingress"][0]["from"]
    assert peer["podSelector"]["matchLabels"].items() <= pods["metadata"]["labels"].items()


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
