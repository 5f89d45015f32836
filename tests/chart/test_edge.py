"""How clients get in: a route, a Gateway of our own, or an Ingress."""

from typing import Any

import pytest

from tests.chart.conftest import Charts, RefusedError, merged

HOST = "supabase.example.com"
ROUTE: dict[str, Any] = {"edge": {"kind": "httpRoute", "namespaces": ["gateways"]}}
OWN = {
    "className": "azure-alb-external",
    "tlsSecret": "supabase-tls",
    "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
    "infrastructure": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"},
}
CREATING = merged(ROUTE, {"edge": {"httpRoute": {"create": OWN}}})
NAMED = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}
SUBNET = {"ipBlock": {"cidr": "10.1.0.0/24"}}
SOLVER = {"acme.cert-manager.io/http01-solver": "true"}


def test_a_gateway_of_our_own_ends_tls_and_carries_the_route(charts: Charts) -> None:
    rendering = charts.render("supabase", CREATING)

    gateway = rendering.kind("Gateway")["supabase-gateway"]
    assert gateway["metadata"]["annotations"] == OWN["annotations"]
    assert gateway["spec"]["gatewayClassName"] == OWN["className"]
    assert gateway["spec"]["infrastructure"]["annotations"] == OWN["infrastructure"]
    https, http = gateway["spec"]["listeners"]
    assert (https["port"], https["hostname"], http["port"]) == (443, HOST, 80)
    assert https["tls"]["certificateRefs"] == [{"name": "supabase-tls"}]
    (parent,) = rendering.kind("HTTPRoute")["supabase-gateway"]["spec"]["parentRefs"]
    assert parent == {"name": "supabase-gateway", "sectionName": "https"}


def test_plain_http_is_sent_to_https(charts: Charts) -> None:
    route = charts.render("supabase", CREATING).kind("HTTPRoute")["supabase-to-https"]["spec"]

    assert route["parentRefs"] == [{"name": "supabase-gateway", "sectionName": "http"}]
    (rule,) = route["rules"]
    assert rule["filters"][0]["requestRedirect"]["scheme"] == "https"


def test_a_gateway_that_exists_is_left_alone(charts: Charts) -> None:
    place = {"gateway": "public", "gatewayNamespace": "gateways", "section": "https"}

    rendering = charts.render("supabase", merged(ROUTE, {"edge": {"httpRoute": place}}))

    assert rendering.kind("Gateway") == {}
    assert set(rendering.kind("HTTPRoute")) == {"supabase-gateway"}
    (parent,) = rendering.kind("HTTPRoute")["supabase-gateway"]["spec"]["parentRefs"]
    assert parent == {"name": "public", "namespace": "gateways", "sectionName": "https"}


@pytest.mark.parametrize(
    ("edge", "sentence"),
    [
        ({"kind": "httpRoute", "namespaces": ["x"]}, "edge.httpRoute.gateway is required"),
        (
            {"kind": "httpRoute", "namespaces": ["x"], "httpRoute": {"create": {"className": "c"}}},
            "edge.httpRoute.create.tlsSecret is required",
        ),
        ({"kind": "httpRoute", "httpRoute": {"gateway": "g"}}, "nobody may reach the gateway"),
        ({"kind": "ingress", "cidrs": ["10.0.0.0/8"]}, "edge.ingress.className is required"),
    ],
)
def test_an_edge_that_leads_nowhere_is_refused(
    charts: Charts, edge: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        charts.render("supabase", {"edge": edge})


def test_traces_go_to_the_collector_when_there_is_one(charts: Charts) -> None:
    plain = charts.render("supabase").files("supabase-gateway")["envoy.yaml"]
    telemetry = {"collector": "otel.monitoring:4317", "samplePercent": 25}

    traced = charts.render("supabase", {"telemetry": telemetry})

    text = traced.files("supabase-gateway")["envoy.yaml"]
    assert "OpenTelemetryConfig" not in plain
    assert "OpenTelemetryConfig" in text
    assert "random_sampling: { value: 25 }" in text
    assert "4317" in str(traced.kind("NetworkPolicy")["supabase-gateway"]["spec"]["egress"])


@pytest.mark.parametrize(
    ("edge", "peer"),
    [
        ({"kind": "ingress", "ingress": {"className": "nginx"}, "namespaces": ["ingress"]}, NAMED),
        ({"kind": "ingress", "ingress": {"className": "agic"}, "cidrs": ["10.1.0.0/24"]}, SUBNET),
    ],
    ids=["controller in the cluster", "gateway outside"],
)
def test_challenges_of_cert_manager_are_answered_where_wanted(
    charts: Charts, edge: dict[str, Any], peer: dict[str, Any]
) -> None:
    without = charts.render("supabase", {"edge": edge}).kind("NetworkPolicy")
    policies = charts.render("supabase", {"edge": {**edge, "challenges": True}})

    policy = policies.kind("NetworkPolicy")["supabase-challenges"]["spec"]
    assert policy["podSelector"] == {"matchLabels": SOLVER}
    assert policy["ingress"] == [{"from": [peer], "ports": [{"port": 8089}]}]
    assert "supabase-challenges" not in without


def test_a_gateway_beside_ours_reaches_the_challenges(charts: Charts) -> None:
    create = {"className": "approuting-istio", "controlPlane": "aks-istio-system", "tlsSecret": "a"}
    edge = {"kind": "httpRoute", "httpRoute": {"create": create}, "challenges": True}

    policies = charts.render("supabase", {"edge": edge}).kind("NetworkPolicy")

    rules = policies["supabase-edge"]["spec"]["egress"]
    to = [{"podSelector": {"matchLabels": SOLVER}}]
    assert {"to": to, "ports": [{"port": 8089}]} in rules
