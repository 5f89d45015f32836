"""Each edge that Terraform builds, from its output to the objects that lead clients in."""

from pathlib import Path
from typing import Any

import pytest

from flows import release
from tasks import environment
from tasks.environment import Environment
from tasks.terraform import Edge
from tests.chart.conftest import Charts, Rendering

SUBNET = "10.60.6.0/24"
FRONT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ServiceNetworking/trafficControllers"
WAF = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/policies/supabase-prod-waf"
BALANCER = Edge(
    kind="applicationGateway",
    gateway_class="azure-alb-external",
    cidr=SUBNET,
    gateway_id=f"{FRONT}/supabase-prod-agc",
    frontend="public",
    host="abc.fz12.alb.azure.com",
    waf_policy_id=WAF,
)
ROUTING = Edge(kind="appRouting", gateway_class="approuting-istio")
NONE = Edge(kind="none")
RELEASED = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "supabase-gateway"}


def told(values: Path, text: str = "{}") -> Environment:
    """Production, with these values for the chart."""
    values.write_text(f"supabase: {text}")
    return environment.load("prod").model_copy(update={"values": values})


def rendered(charts: Charts, wanted: Environment, built: Edge) -> Rendering:
    return charts.render("supabase", {"edge": release.edge(wanted, built)})


def ways_in(rendering: Rendering) -> list[Any]:
    """Who reaches the gateway from outside of the chart, and where."""
    policy = rendering.kind("NetworkPolicy")["supabase-gateway"]["spec"]
    ours = "app.kubernetes.io/component"
    return [
        (peer, [port["port"] for port in rule["ports"]])
        for rule in policy["ingress"]
        for peer in rule["from"]
        if ours not in str(peer) and "kube-system" not in str(peer)
    ]


def test_production_comes_in_through_the_gateway_that_terraform_built(charts: Charts) -> None:
    rendering = rendered(charts, environment.load("prod"), BALANCER)

    gateway = rendering.kind("Gateway")["supabase-gateway"]
    assert gateway["metadata"]["annotations"] == {
        "alb.networking.azure.io/alb-id": BALANCER.gateway_id,
        "cert-manager.io/cluster-issuer": "letsencrypt",
    }
    assert gateway["spec"]["gatewayClassName"] == "azure-alb-external"
    address = {"type": "alb.networking.azure.io/alb-frontend", "value": "public"}
    assert gateway["spec"]["addresses"] == [address]
    https = gateway["spec"]["listeners"][0]
    assert https["tls"]["certificateRefs"] == [{"name": "supabase-tls"}]
    assert set(rendering.kind("HTTPRoute")) == {"supabase-gateway", "supabase-to-https"}


def test_the_firewall_and_the_rules_for_tls_concern_that_gateway(charts: Charts) -> None:
    rendering = rendered(charts, environment.load("prod"), BALANCER)

    firewall = rendering.kind("WebApplicationFirewallPolicy")["supabase-gateway"]["spec"]
    tls = rendering.kind("FrontendTLSPolicy")["supabase-gateway"]["spec"]
    assert firewall["webApplicationFirewall"] == {"id": WAF}
    assert firewall["targetRef"].items() >= RELEASED.items()
    assert tls["targetRef"].items() >= {**RELEASED, "sectionNames": ["https"]}.items()
    assert tls["default"]["policyType"]["name"] == "2023-06-S"


def test_without_a_firewall_nothing_names_one(charts: Charts, tmp_path: Path) -> None:
    built = BALANCER.model_copy(update={"waf_policy_id": None})

    rendering = rendered(charts, told(tmp_path / "values.yaml"), built)

    assert rendering.kind("WebApplicationFirewallPolicy") == {}
    assert rendering.kind("FrontendTLSPolicy")


def test_probes_ask_what_makes_the_pods_ready(charts: Charts) -> None:
    rendering = rendered(charts, environment.load("prod"), BALANCER)

    probe = rendering.kind("HealthCheckPolicy")["supabase-gateway"]["spec"]
    (pod,) = rendering.pods()["supabase-gateway"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in pod["ports"]}
    assert probe["default"]["port"] == ports[pod["readinessProbe"]["httpGet"]["port"]]
    assert probe["default"]["http"]["path"] == pod["readinessProbe"]["httpGet"]["path"]


def test_the_gateway_opens_for_the_subnet_of_the_edge_alone(charts: Charts) -> None:
    rendering = rendered(charts, environment.load("prod"), BALANCER)

    assert ways_in(rendering) == [({"ipBlock": {"cidr": SUBNET}}, ["http"])]


def test_a_gateway_inside_the_cluster_has_pods_that_reach_ours_and_nobody_else(
    charts: Charts, tmp_path: Path
) -> None:
    rendering = rendered(charts, told(tmp_path / "values.yaml"), ROUTING)

    proxies = {"matchLabels": {"gateway.networking.k8s.io/gateway-name": "supabase-gateway"}}
    assert rendering.kind("Gateway")["supabase-gateway"]["spec"]["gatewayClassName"] == (
        "approuting-istio"
    )
    assert ways_in(rendering) == [({"podSelector": proxies}, ["http"])]
    policy = rendering.kind("NetworkPolicy")["supabase-edge"]["spec"]
    assert policy["podSelector"] == proxies
    assert "aks-istio-system" in str(policy["egress"])
    assert rendering.kind("HealthCheckPolicy") == {}


@pytest.mark.parametrize("built", [BALANCER, ROUTING], ids=lambda built: built.kind)
@pytest.mark.parametrize(
    "edge",
    [
        {"kind": "none"},
        {"kind": "ingress", "namespaces": ["nginx"], "ingress": {"className": "nginx"}},
        {"kind": "httpRoute", "namespaces": ["front"], "httpRoute": {"gateway": "public"}},
    ],
    ids=lambda edge: str(edge["kind"]),
)
def test_an_operator_who_chose_another_way_in_gets_that(
    tmp_path: Path, built: Edge, edge: dict[str, Any]
) -> None:
    assert release.edge(told(tmp_path / "values.yaml", f"{{edge: {edge}}}"), built) == edge


def test_an_operator_adds_to_what_terraform_says(tmp_path: Path) -> None:
    text = (
        "{edge: {httpRoute: {create: {tlsSecret: ours}}, applicationGateway: {tlsPolicy: 2023-06}}}"
    )

    edge = release.edge(told(tmp_path / "values.yaml", text), BALANCER)

    assert edge["httpRoute"]["create"]["tlsSecret"] == "ours"
    assert edge["httpRoute"]["create"]["className"] == "azure-alb-external"
    assert edge["applicationGateway"]["firewallPolicy"] == WAF


def test_without_an_edge_nobody_outside_is_let_in(charts: Charts, tmp_path: Path) -> None:
    assert ways_in(rendered(charts, told(tmp_path / "values.yaml"), NONE)) == []
