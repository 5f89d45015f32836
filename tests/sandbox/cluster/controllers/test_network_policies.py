"""Network policies: who gets through, who waits in vain."""

import time
from collections.abc import Callable
from typing import Any

import pytest

Manifest = dict[str, Any]
Build = Callable[..., Manifest]
PODS = "/api/v1/namespaces/demo/pods"


def server(demo: Build) -> list[Manifest]:
    """Postgres-meta: its health is asked without a key."""
    container = {
        "name": "meta",
        "image": "supabase/postgres-meta:v0.90.0",
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [
            {"name": "PG_META_PORT", "value": "8080"},
            {"name": "PG_META_DB_HOST", "value": "db.internal"},
            {"name": "PG_META_DB_PASSWORD", "value": "secret"},
        ],
    }
    labels = {"labels": {"app": "meta"}}
    return [
        demo("Pod", "meta", metadata=labels, spec={"containers": [container]}),
        demo(
            "Service",
            "meta",
            spec={
                "selector": {"app": "meta"},
                "ports": [{"port": 80, "targetPort": "http"}],
            },
        ),
    ]


def client(demo: Build, name: str) -> Manifest:
    container = {
        "name": "curl",
        "image": "curlimages/curl:8.10.1",
        "args": ["-sS", "--fail", "--max-time", "20", "http://meta/health"],
    }
    return demo(
        "Pod",
        name,
        metadata={"labels": {"app": name.partition("-")[0]}},
        spec={"containers": [container], "restartPolicy": "Never"},
    )


def policy(demo: Build, name: str, **spec: Any) -> Manifest:
    return demo("NetworkPolicy", name, "networking.k8s.io/v1", spec={"podSelector": {}} | spec)


def outcome(live: Any, demo: Build, name: str) -> str:
    """How a client ends that asks the server."""
    live.create(client(demo, name))
    ended: str = live.until(
        lambda: (
            phase
            if (phase := live.get(f"{PODS}/{name}")["status"].get("phase"))
            in ("Succeeded", "Failed")
            else ""
        ),
        30,
    )
    return ended


def ready(live: Any) -> bool:
    found = live.get(f"{PODS}/meta")["status"].get("conditions") or []
    return any(each["type"] == "Ready" and each["status"] == "True" for each in found)


@pytest.fixture
def served(live: Any, demo: Build) -> Any:
    live.create(*server(demo))
    live.until(lambda: ready(live))
    return live


FROM_FRIENDS = {
    "podSelector": {"matchLabels": {"app": "meta"}},
    "policyTypes": ["Ingress"],
    "ingress": [
        {
            "from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
            "ports": [{"port": "http"}],
        }
    ],
}


def test_without_policies_everybody_gets_through(served: Any, demo: Build) -> None:
    assert outcome(served, demo, "anybody") == "Succeeded"


def test_only_those_whom_the_policy_names_get_in(served: Any, demo: Build) -> None:
    served.create(policy(demo, "meta", **FROM_FRIENDS))
    served.until(lambda: outcome(served, demo, f"stranger-{time.monotonic_ns()}") == "Failed", 60)

    assert outcome(served, demo, "friend-1") == "Succeeded"


@pytest.mark.parametrize(
    ("ports", "wanted"),
    [([{"port": 8080}], "Succeeded"), ([{"port": 80}], "Failed"), ([], "Succeeded")],
)
def test_a_rule_is_about_the_port_of_the_pod_not_of_the_service(
    served: Any, demo: Build, ports: list[Manifest], wanted: str
) -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "meta"}}}]}
    out = {"egress": [rule | ({"ports": ports} if ports else {}), {"ports": [DNS]}]}
    served.create(policy(demo, "out", policyTypes=["Egress"], **out))

    assert outcome(served, demo, "anybody") == wanted


DNS = {"protocol": "UDP", "port": 53}


def test_a_pod_that_may_not_ask_for_names_finds_nobody(served: Any, demo: Build) -> None:
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "meta"}}}]}
    served.create(policy(demo, "out", policyTypes=["Egress"], egress=[rule]))

    assert outcome(served, demo, "anybody") == "Failed"
    log = served.http.get(f"{PODS}/anybody/log").text
    assert "curl" in log


@pytest.mark.parametrize(("other", "wanted"), [(8080, "Succeeded"), (3000, "Failed")])
def test_a_name_on_the_way_out_counts_while_it_means_one_number_in_the_whole_cluster(
    served: Any, demo: Build, other: int, wanted: str
) -> None:
    container = {"name": "other", "image": "example.com/other:1", "ports": [named(other)]}
    served.create(demo("Pod", "other", spec={"containers": [container]}))
    rule = {"to": [{"podSelector": {"matchLabels": {"app": "meta"}}}], "ports": [{"port": "http"}]}
    served.create(policy(demo, "out", policyTypes=["Egress"], egress=[rule, {"ports": [DNS]}]))

    assert outcome(served, demo, "anybody") == wanted


def named(number: int) -> Manifest:
    return {"name": "http", "containerPort": number}
