"""Each edge from its word in the tfvars file to the objects in the cluster, and nothing twice."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.flows.conftest import PROJECT, Ended, Place

pytestmark = [pytest.mark.flows, pytest.mark.long]
CLUSTER = "supabase-sandbox-aks"
WITHOUT = ("realtime", "imgproxy", "functions")
HOST = "supabase.sandbox.internal"


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


def chosen(place: Place, kind: str) -> None:
    """An environment with this edge: small, since the edge is what it is about."""
    text = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    blocks = "^(observability|registry) = \\{.*?^\\}"
    less = re.sub(blocks, r"\1 = { enabled = false }", text, flags=re.DOTALL | re.MULTILINE)
    tfvars = place.folder / "edge.tfvars"
    tfvars.write_text(f'{less}\nedge = {{ kind = "{kind}" }}\n')
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    values["supabase"].pop("edge", None)
    for name in WITHOUT:
        values["supabase"].setdefault("components", {})[name] = {"enabled": False}
    file = place.folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    place.environment("sandbox", tfvars=str(tfvars), values=str(file), approval="never")


def stage(place: Place, name: str) -> Ended:
    ended = place.run(name, "--environment", "sandbox")
    assert ended.code == 0, ended.text
    return ended


def writes(place: Place) -> int:
    """How often the cluster as a whole was changed."""
    path = f"/managedClusters/{CLUSTER}".lower()
    return sum(
        one["method"] == "PUT" and one["path"].lower().endswith(path) for one in place.requests()
    )


def found(place: Place, kinds: str, namespace: str = "supabase") -> list[dict[str, Any]]:
    """What a person inside the network sees of these kinds."""
    command = [sys.executable, "-m", "sandbox", "kubectl", "--state", str(place.state)]
    command += ["get", kinds, "--namespace", namespace, "--output", "json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    items: list[dict[str, Any]] = json.loads(done.stdout)["items"]
    return items


def conditions(thing: dict[str, Any]) -> dict[str, str]:
    return {one["type"]: one["status"] for one in thing["conditions"]}


def test_gateways_of_the_cluster_are_switched_on_once_and_carry_the_route(place: Place) -> None:
    chosen(place, "appRouting")
    stage(place, "provision")
    built = writes(place)

    first = stage(place, "configure")

    assert "serves Gateway API now" in first.text
    assert writes(place) == built + 1
    stage(place, "release")
    (gateway,) = found(place, "gateways.gateway.networking.k8s.io")
    assert gateway["spec"]["gatewayClassName"] == "approuting-istio"
    assert conditions(gateway["status"])["Programmed"] == "True"
    https, http = gateway["status"]["listeners"]
    assert (https["attachedRoutes"], http["attachedRoutes"]) == (1, 1)
    assert conditions(https)["ResolvedRefs"] == "False"  # Nobody has made the certificate.

    stage(place, "provision")  # Terraform does not see it, and leaves it alone.
    again = stage(place, "configure")

    assert "serves Gateway API now" not in again.text
    assert writes(place) == built + 1


def test_a_balancer_in_front_gets_its_controller_and_is_told_where_to_lead(place: Place) -> None:
    chosen(place, "applicationGateway")
    for name in ("provision", "configure", "release"):
        stage(place, name)

    (controller,) = found(place, "deployments", "azure-alb-system")
    assert controller["metadata"]["name"] == "alb-controller"
    assert controller["status"]["readyReplicas"] == controller["spec"]["replicas"]
    (account,) = [
        one
        for one in found(place, "serviceaccounts", "azure-alb-system")
        if one["metadata"]["name"] == "alb-controller-sa"
    ]
    assert account["metadata"]["annotations"]["azure.workload.identity/client-id"]
    (gateway,) = found(place, "gateways.gateway.networking.k8s.io")
    assert gateway["spec"]["gatewayClassName"] == "azure-alb-external"
    assert conditions(gateway["status"])["Programmed"] == "True"
    identifier = gateway["metadata"]["annotations"]["alb.networking.azure.io/alb-id"]
    assert identifier.endswith("/trafficControllers/supabase-sandbox-agc")
    policies = "webapplicationfirewallpolicies,frontendtlspolicies,healthcheckpolicies"
    kinds = {one["kind"]: one["spec"] for one in found(place, policies)}
    assert set(kinds) == {"WebApplicationFirewallPolicy", "FrontendTLSPolicy", "HealthCheckPolicy"}
    assert (
        "supabase-sandbox-waf"
        in kinds["WebApplicationFirewallPolicy"]["webApplicationFirewall"]["id"]
    )
    (route,) = [
        one
        for one in found(place, "httproutes.gateway.networking.k8s.io")
        if one["metadata"]["name"] == "supabase-gateway"
    ]
    assert route["spec"]["hostnames"] == [HOST]
    assert conditions(route["status"]["parents"][0])["ResolvedRefs"] == "True"
