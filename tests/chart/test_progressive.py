"""A next version beside the present one: its share, its promotion, its end."""

from typing import Any

import pytest
import yaml

from tests.chart.conftest import Charts, RefusedError, Rendering

EDGE = {
    "edge": {"kind": "httpRoute", "namespaces": ["gateways"], "httpRoute": {"gateway": "public"}}
}
NEXT = {"rest": "postgrest/postgrest:v14.18", "auth": "supabase/gotrue:v2.197.0"}
IMAGE = "envoyproxy/envoy:v1.39.2"


def canary(name: str, weight: int) -> dict[str, Any]:
    return {"progressive": {name: {"strategy": "canary", "image": NEXT[name], "weight": weight}}}


def shares(rendering: Rendering, name: str) -> set[tuple[tuple[str, int], ...]]:
    """How the gateway shares requests to a component out, on all its routes."""
    bootstrap = yaml.safe_load(rendering.files("supabase-gateway")["envoy.yaml"])
    manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    found = set()
    for route in manager["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]:
        to = route.get("route", {})
        clusters = to.get("weighted_clusters", {}).get("clusters", [])
        pairs = [(one["name"], one["weight"]) for one in clusters] or [(to.get("cluster"), 100)]
        if pairs[0][0] == name:
            found.add(tuple(pairs))
    return found


@pytest.mark.parametrize("name", NEXT)
def test_a_canary_gets_its_share_of_every_route(charts: Charts, name: str) -> None:
    rendering = charts.render("supabase", canary(name, 10))

    assert shares(rendering, name) == {((name, 90), (f"{name}-next", 10))}
    deployment = rendering.kind("Deployment")[f"supabase-{name}-next"]["spec"]
    assert deployment["replicas"] == 1
    assert deployment["template"]["spec"]["containers"][0]["image"] == NEXT[name]
    assert f"supabase-{name}-next" in rendering.kind("Service")


def test_the_present_version_stays_as_it_is(charts: Charts) -> None:
    plain = charts.render("supabase").kind("Deployment")["supabase-rest"]

    assert (
        charts.render("supabase", canary("rest", 50)).kind("Deployment")["supabase-rest"] == plain
    )


def test_services_and_deployments_keep_the_two_apart(charts: Charts) -> None:
    rendering = charts.render("supabase", canary("rest", 50))

    for kind, path in (("Service", "selector"), ("Deployment", "selector")):
        selectors = [
            str(rendering.kind(kind)[name]["spec"][path])
            for name in ("supabase-rest", "supabase-rest-next")
        ]
        assert selectors[0] != selectors[1]


def test_the_next_version_may_do_what_the_present_one_may(charts: Charts) -> None:
    policies = charts.render("supabase", canary("rest", 50)).kind("NetworkPolicy")

    selector = policies["supabase-rest"]["spec"]["podSelector"]
    (expression,) = selector["matchExpressions"]
    assert expression["values"] == ["rest", "rest-next"]
    assert "rest-next" in str(policies["supabase-gateway"]["spec"]["egress"])


@pytest.mark.parametrize(("active", "weight"), [("present", 0), ("next", 100)])
def test_blue_green_gives_all_to_one_with_as_many_pods(
    charts: Charts, active: str, weight: int
) -> None:
    plan = {"strategy": "blueGreen", "image": NEXT["auth"], "active": active}

    rendering = charts.render("supabase", {"progressive": {"auth": plan}})

    assert shares(rendering, "auth") == {(("auth", 100 - weight), ("auth-next", weight))}
    deployments = rendering.kind("Deployment")
    present, following = (deployments[f"supabase-auth{end}"] for end in ("", "-next"))
    assert present["spec"]["replicas"] == following["spec"]["replicas"] == 2


def test_a_next_version_that_may_get_all_scales_as_the_present_one(charts: Charts) -> None:
    plan = {"strategy": "blueGreen", "image": NEXT["rest"], "active": "next"}

    rendering = charts.render("supabase", {"progressive": {"rest": plan}})

    for name in ("supabase-rest", "supabase-rest-next"):
        scaler = rendering.kind("HorizontalPodAutoscaler")[name]["spec"]
        assert scaler["scaleTargetRef"]["name"] == name
        assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
        assert "replicas" not in rendering.kind("Deployment")[name]["spec"]


@pytest.mark.parametrize(("replicas", "guarded"), [(1, False), (3, True)])
def test_several_pods_of_a_canary_do_not_go_at_once(
    charts: Charts, replicas: int, *, guarded: bool
) -> None:
    plan = canary("rest", 10)["progressive"]["rest"] | {"replicas": replicas}

    rendering = charts.render("supabase", {"progressive": {"rest": plan}})

    assert ("supabase-rest-next" in rendering.kind("PodDisruptionBudget")) is guarded
    assert "supabase-rest-next" not in rendering.kind("HorizontalPodAutoscaler")
    assert rendering.kind("Deployment")["supabase-rest-next"]["spec"]["replicas"] == replicas


def test_taking_the_entry_away_or_saying_none_leaves_nothing(charts: Charts) -> None:
    plan = {"strategy": "none", "image": NEXT["rest"]}

    rendering = charts.render("supabase", {"progressive": {"rest": plan}})

    assert rendering.manifest == charts.render("supabase").manifest


def test_a_next_gateway_gets_its_share_from_the_edge(charts: Charts) -> None:
    plan = {"strategy": "canary", "image": IMAGE, "weight": 25}

    rendering = charts.render("supabase", EDGE | {"progressive": {"gateway": plan}})

    (rule,) = rendering.kind("HTTPRoute")["supabase-gateway"]["spec"]["rules"]
    assert [(one["name"], one["weight"]) for one in rule["backendRefs"]] == [
        ("supabase-gateway", 75),
        ("supabase-gateway-next", 25),
    ]
    pod = rendering.pods()["supabase-gateway-next"]
    assert pod["containers"][0]["image"] == IMAGE
    assert "supabase-gateway" in str(pod["volumes"])  # Both have one configuration.


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"rest": {"strategy": "canary", "weight": 10}}, "progressive.rest.image is required"),
        ({"rest": {"strategy": "canary", "image": NEXT["rest"]}}, "progressive.rest.weight is"),
        ({"gateway": {"strategy": "canary", "image": IMAGE, "weight": 1}}, "set it to httpRoute"),
        ({"meta": {"strategy": "none"}}, "meta"),
    ],
)
def test_an_incomplete_plan_is_refused_with_a_sentence(
    charts: Charts, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        charts.render("supabase", {"progressive": values})
