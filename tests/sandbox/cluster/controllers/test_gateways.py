"""Gateway API in a cluster: who brings it, what it refuses, and what gateways answer."""

from collections.abc import Callable
from typing import Any

import pytest

Manifest = dict[str, Any]
Build = Callable[..., Manifest]

API = "gateway.networking.k8s.io/v1"
ROOT = f"/apis/{API}/namespaces/demo"
CLASS = f"/apis/{API}/gatewayclasses/azure-alb-external"
IMAGE = "mcr.microsoft.com/application-lb/images/alb-controller:1.12.4"
HTTPS = {
    "name": "https",
    "port": 443,
    "protocol": "HTTPS",
    "tls": {"certificateRefs": [{"name": "web-tls"}]},
}


@pytest.fixture
def balanced(live: Any, demo: Build) -> Any:
    """A cluster in which the controller of Application Gateway for Containers has begun."""
    containers = [{"name": "main", "image": IMAGE}]
    live.create(demo("Pod", "alb-controller", spec={"containers": containers}))
    live.until(lambda: "Accepted" in str(live.get(CLASS)))
    return live


def gateway(demo: Build, name: str, **spec: Any) -> Manifest:
    wanted = {"gatewayClassName": "azure-alb-external", "listeners": [HTTPS]} | spec
    return demo("Gateway", name, API, spec=wanted)


def route(demo: Build, name: str, to: str) -> Manifest:
    rules = [{"backendRefs": [{"name": "web", "port": 80}], "timeouts": {"request": "0s"}}]
    return demo("HTTPRoute", name, API, spec={"parentRefs": [{"name": to}], "rules": rules})


def conditions(told: Manifest | None) -> dict[str, str]:
    return {one["type"]: one["status"] for one in (told or {}).get("conditions") or []}


def listener(live: Any, name: str) -> Manifest:
    found: list[Manifest] = (live.get(f"{ROOT}/gateways/{name}").get("status") or {}).get(
        "listeners"
    ) or [{}]
    return found[0]


def test_a_controller_brings_the_kinds_and_a_class(balanced: Any) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = {one["metadata"]["name"] for one in balanced.items(path)}

    assert "gateways.gateway.networking.k8s.io" in names
    assert "healthcheckpolicies.alb.networking.azure.io" in names
    assert conditions(balanced.get(CLASS)["status"]) == {"Accepted": "True"}


def test_a_listener_works_once_its_certificate_is_there(balanced: Any, demo: Build) -> None:
    balanced.create(gateway(demo, "secure"))
    balanced.until(lambda: conditions(listener(balanced, "secure")).get("ResolvedRefs") == "False")

    balanced.create(demo("Secret", "web-tls", type="Opaque"))

    balanced.until(lambda: conditions(listener(balanced, "secure")).get("Programmed") == "True")


def test_a_route_is_counted_and_says_which_service_is_missing(balanced: Any, demo: Build) -> None:
    balanced.create(gateway(demo, "counted"), route(demo, "web", "counted"))

    balanced.until(lambda: listener(balanced, "counted").get("attachedRoutes") == 1)
    path = f"{ROOT}/httproutes/web"
    (parent,) = balanced.until(lambda: (balanced.get(path).get("status") or {}).get("parents"))
    assert conditions(parent) == {"Accepted": "True", "ResolvedRefs": "False"}
    assert "Service web" in str(parent["conditions"])


def test_a_name_is_published_once_a_listener_with_a_certificate_carries_its_route(
    balanced: Any, demo: Build
) -> None:
    named = route(demo, "web", "public")
    named["spec"]["hostnames"] = ["shop.example.com"]
    balanced.create(gateway(demo, "public"), named)
    balanced.until(lambda: listener(balanced, "public").get("attachedRoutes") == 1)
    before = balanced.cluster.published("shop.example.com")

    balanced.create(demo("Secret", "web-tls", type="Opaque"))

    balanced.until(lambda: balanced.cluster.published("shop.example.com") == "web.demo.svc:80")
    assert before == ""
    assert balanced.cluster.published("other.example.com") == ""


def test_a_gateway_of_an_unknown_class_waits(balanced: Any, demo: Build) -> None:
    balanced.create(gateway(demo, "nobodys", gatewayClassName="unknown"), gateway(demo, "ours"))

    balanced.until(lambda: listener(balanced, "ours"))
    assert "status" not in balanced.get(f"{ROOT}/gateways/nobodys")


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"listeners": []}, "spec.listeners"),
        ({"listeners": [{"name": "https", "port": 0, "protocol": "HTTPS"}]}, "port"),
        ({"gatewayClassName": ""}, "gatewayClassName"),
    ],
)
def test_a_gateway_that_no_class_could_serve_is_refused(
    balanced: Any, demo: Build, spec: Manifest, complaint: str
) -> None:
    answer = balanced.http.post(f"{ROOT}/gateways", json=gateway(demo, "wrong", **spec))

    assert answer.status_code == 422
    assert complaint in answer.json()["message"]
