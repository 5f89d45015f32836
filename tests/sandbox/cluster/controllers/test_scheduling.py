"""Where pods go: capacity, taints, affinities, spreading, and pools that grow."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cluster.settings import Pool

Manifest = dict[str, Any]
Build = Callable[..., Manifest]
PODS = "/api/v1/namespaces/demo/pods"
EVENTS = "/api/v1/namespaces/demo/events"


def pod(demo: Build, name: str, cpu: str = "100m", **spec: Any) -> Manifest:
    resources = {"requests": {"cpu": cpu, "memory": "64Mi"}}
    containers = [{"name": "main", "image": "nginx:1", "resources": resources}]
    labels = {"labels": {"app": name.partition("-")[0]}}
    return demo("Pod", name, metadata=labels, spec={"containers": containers} | spec)


def node_of(live: Any, name: str) -> str:
    def bound() -> str:
        return str(live.get(f"{PODS}/{name}")["spec"].get("nodeName", ""))

    found: str = live.until(bound)
    return found


def refusal(live: Any, name: str) -> str:
    """Why a pod stays Pending, as its condition says it."""

    def told() -> str:
        conditions = live.get(f"{PODS}/{name}")["status"].get("conditions") or []
        found = (each for each in conditions if each["type"] == "PodScheduled")
        return next((each.get("message", "") for each in found), "")

    text: str = live.until(told)
    return text


def test_a_pod_that_fits_nowhere_waits_and_says_why(live: Any, demo: Build) -> None:
    live.create(pod(demo, "big", cpu="20"))

    text = refusal(live, "big")
    event = live.until(
        lambda: [each for each in live.items(EVENTS) if each["reason"] == "FailedScheduling"]
    )

    assert text.startswith("0/2 nodes are available: 2 Insufficient cpu. preemption: ")
    assert event[0]["message"] == text


def test_a_waiting_pod_starts_when_another_leaves(live: Any, demo: Build) -> None:
    live.create(pod(demo, "one", cpu="3"), pod(demo, "two", cpu="3"), pod(demo, "three", cpu="3"))
    waiting = live.until(
        lambda: [
            each["metadata"]["name"]
            for each in live.items(PODS)
            if "Unschedulable" in str(each["status"])
        ]
    )
    gone = next(name for name in ("one", "two", "three") if name not in waiting)

    live.delete(f"{PODS}/{gone}", gracePeriodSeconds=0)

    assert node_of(live, waiting[0])


def test_pods_spread_over_the_nodes_by_their_load(live: Any, demo: Build) -> None:
    live.create(pod(demo, "one", cpu="1"))
    first = node_of(live, "one")
    live.create(pod(demo, "two", cpu="1"))

    assert node_of(live, "two") != first


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"nodeSelector": {"disk": "ssd"}}, "2 node(s) didn't match Pod's node affinity/selector"),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
                            ]
                        }
                    }
                }
            },
            "2 node(s) didn't match Pod's node affinity/selector",
        ),
        (
            {
                "affinity": {
                    "podAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            {
                                "topologyKey": "kubernetes.io/hostname",
                                "labelSelector": {"matchLabels": {"app": "nobody"}},
                            }
                        ]
                    }
                }
            },
            "2 node(s) didn't match pod affinity rules",
        ),
    ],
)
def test_a_pod_that_wants_another_node_waits(
    live: Any, demo: Build, spec: Manifest, why: str
) -> None:
    live.create(pod(demo, "choosy", **spec))

    assert why in refusal(live, "choosy")


def test_anti_affinity_leaves_one_pod_per_node(live: Any, demo: Build) -> None:
    term = {
        "topologyKey": "kubernetes.io/hostname",
        "labelSelector": {"matchLabels": {"app": "db"}},
    }
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    live.create(pod(demo, "db-0", affinity=apart), pod(demo, "db-1", affinity=apart))
    nodes = {node_of(live, "db-0"), node_of(live, "db-1")}

    live.create(pod(demo, "db-2", affinity=apart))

    assert len(nodes) == 2
    assert "2 node(s) didn't match pod anti-affinity rules" in refusal(live, "db-2")


def test_a_hard_spread_over_zones_refuses_a_second_pod_of_one_zone(live: Any, demo: Build) -> None:
    spread: Manifest = {
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}},
            }
        ]
    }
    live.create(pod(demo, "web-0", **spread))
    first = node_of(live, "web-0")
    full = next(
        each["metadata"]["name"]
        for each in live.items("/api/v1/nodes")
        if each["metadata"]["name"] != first
    )
    live.patch(f"/api/v1/nodes/{full}", {"spec": {"unschedulable": True}})

    live.create(pod(demo, "web-1", **spread))

    assert refusal(live, "web-1").startswith(
        "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, "
        "1 node(s) were unschedulable."
    )


def test_a_taint_keeps_pods_away_that_do_not_tolerate_it(live: Any, demo: Build) -> None:
    names = [each["metadata"]["name"] for each in live.items("/api/v1/nodes")]
    for name in names:
        taint = {"key": "CriticalAddonsOnly", "value": "true", "effect": "NoSchedule"}
        live.patch(f"/api/v1/nodes/{name}", {"spec": {"taints": [taint]}})

    live.create(pod(demo, "plain"))
    live.create(pod(demo, "patient", tolerations=[{"operator": "Exists"}]))

    assert "2 node(s) had untolerated taint {CriticalAddonsOnly: true}" in refusal(live, "plain")
    assert node_of(live, "patient") in names


def test_nodes_follow_the_pools_of_the_cloud(live: Any) -> None:
    live.pools.append(Pool("work", size="Standard_E8s_v5", count=3, mode="User"))

    live.do(refresh(live))

    found = live.until(
        lambda: [
            node
            for node in live.items("/api/v1/nodes")
            if node["metadata"]["labels"]["agentpool"] == "work" and node.get("status")
        ]
    )
    nodes = live.until(lambda: len(live.items("/api/v1/nodes")) == 5 and found)
    assert nodes[0]["status"]["capacity"]["cpu"] == "8"
    live.pools.pop()
    live.do(refresh(live))
    live.until(lambda: len(live.items("/api/v1/nodes")) == 2)


def test_a_pool_that_may_grow_gets_a_node_for_a_waiting_pod(live: Any, demo: Build) -> None:
    live.pools[:] = [Pool(count=2, least=2, most=3)]
    live.create(pod(demo, "one", cpu="3"), pod(demo, "two", cpu="3"), pod(demo, "three", cpu="3"))

    for name in ("one", "two", "three"):
        assert node_of(live, name)

    live.create(pod(demo, "four", cpu="3"))
    assert "0/3 nodes are available" in refusal(live, "four")
    reasons = live.until(
        lambda: {each["reason"] for each in live.items(EVENTS)} & {"NotTriggerScaleUp"}
    )
    assert reasons


def test_somebody_can_wait_for_the_start_of_a_pod(live: Any, demo: Build) -> None:
    quick = live.do(live.cluster.create_pod(pod(demo, "quick")))
    stuck = live.do(live.cluster.create_pod(pod(demo, "stuck", cpu="99")))

    started = live.do(live.cluster.await_pod(quick, runs, 20))
    still = live.do(live.cluster.await_pod(stuck, runs, 0.3))

    assert started["status"]["phase"] == "Running"
    assert still.get("status", {}).get("phase", "Pending") == "Pending"


def test_somebody_can_wait_for_the_end_of_a_pod(live: Any, demo: Build) -> None:
    made = live.do(live.cluster.create_pod(pod(demo, "short")))
    live.do(live.cluster.await_pod(made, runs, 20))

    live.do(live.cluster.end_pod(made))

    assert live.do(live.cluster.await_pod(made, lambda _pod: False, 20)) is None
    live.do(live.cluster.end_pod(made))  # It is gone already: no matter.


def test_a_pod_that_the_api_refuses_is_a_matter_of_permission(live: Any, demo: Build) -> None:
    wrong = pod(demo, "wrong")
    wrong["metadata"]["name"] = "Not_A_Name"

    with pytest.raises(PermissionError, match="Not_A_Name"):
        live.do(live.cluster.create_pod(wrong))


def runs(made: dict[str, Any]) -> bool:
    return bool(made.get("status", {}).get("phase") == "Running")


async def refresh(live: Any) -> None:
    live.cluster.refresh_nodes()
