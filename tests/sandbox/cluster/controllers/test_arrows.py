"""Every pod asks every service: what the table of the chart allows gets through, nothing else."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts import arrows
from tests.sandbox.cluster.controllers import estate

TABLE = arrows.table(arrows.TABLE.read_text())
PODS = "/api/v1/namespaces/{}/pods"
BLOCKED = 504


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    live = start_live(tmp_path_factory.mktemp("platform"))
    estate.release(live, estate.Keys())
    live.namespace("elsewhere")
    for space in ("supabase", "kube-system", "elsewhere"):
        live.create(idle("stranger", space, {"app": "stranger"}))
    labels = {
        "app.kubernetes.io/name": "supabase",
        "app.kubernetes.io/instance": "supabase",
    }
    for name in ("test", "tenant"):
        live.create(idle(name, "supabase", labels | {"app.kubernetes.io/component": name}))
    live.until(lambda: len(addresses(live)) == 5)
    return live


def idle(name: str, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod that does nothing but be there."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "main", "image": "registry.k8s.io/pause:3.10"}]},
    }


def addresses(live: Any) -> list[str]:
    found = [
        pod["status"].get("podIP")
        for space in ("supabase", "kube-system", "elsewhere")
        for pod in live.items(PODS.format(space))
        if pod["metadata"]["name"] in ("stranger", "test", "tenant")
    ]
    return [address for address in found if address]


def services(live: Any) -> dict[str, int]:
    """The services of the release by component, with their ports."""
    found = live.items("/api/v1/namespaces/supabase/services")
    return {
        item["metadata"]["name"].removeprefix("supabase-"): item["spec"]["ports"][0]["port"]
        for item in found
    }


def pods(live: Any) -> dict[str, str]:
    """A pod of each component of the release, of its jobs, and of S3Proxy."""
    found = {}
    for pod in live.items(PODS.format("supabase")):
        labels = pod["metadata"]["labels"]
        name = labels.get("app.kubernetes.io/component", labels.get("app.kubernetes.io/name"))
        found[name or labels["app"]] = f"supabase/{pod['metadata']['name']}"
    return found


PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Unused; the usual one takes its time.


def gets_through(live: Any, pod: str, host: str, port: int) -> bool:
    """Is there any answer, of whatever kind, to a pod."""
    who = pod.replace("/", ";")
    proxy = live.settings.proxy.replace(":token", f";{who}:token")
    with httpx.Client(proxy=proxy, verify=PLAIN, trust_env=False) as client:
        answer = client.get(f"http://{host}.supabase.svc.cluster.local:{port}/")
    return answer.status_code != BLOCKED


def test_exactly_the_arrows_of_the_table_get_through(platform: Any) -> None:
    callers, called = pods(platform), services(platform)
    names = {"s3proxy": "s3"}  # As the table calls what is not of this chart.

    passing = {
        (names.get(caller, caller), names.get(name, name))
        for caller, pod in callers.items()
        for name, port in called.items()
        if gets_through(platform, pod, name if name == "s3proxy" else f"supabase-{name}", port)
    }

    there = {names.get(name, name) for name in callers.keys() | called.keys()}
    assert passing == {
        (caller, name)
        for caller, calls in TABLE.items()
        for name in calls
        if caller in callers and name in there and names.get(name, name) != "database"
    }
    assert len(callers) * len(called) > 100


def test_metrics_are_for_the_namespace_of_the_monitoring_alone(platform: Any) -> None:
    pod = pods(platform)["gateway"].removeprefix("supabase/")
    labels = platform.get(f"{PODS.format('supabase')}/{pod}")["metadata"]["labels"]
    ports = [{"name": "metrics", "port": 9902}, {"name": "status", "port": 9901}]
    platform.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "watched", "namespace": "supabase"},
            "spec": {
                "selector": {
                    name: value for name, value in labels.items() if name != "pod-template-hash"
                },
                "ports": [*ports, {"name": "http", "port": 8000}],
            },
        }
    )
    platform.until(
        lambda: gets_through(platform, "kube-system/stranger", "watched", 9902), seconds=10
    )

    reached = {
        (space, port)
        for space in ("kube-system", "elsewhere", "supabase")
        for port in (9902, 9901, 8000)
        if gets_through(platform, f"{space}/stranger", "watched", port)
    }

    assert reached == {("kube-system", 9902)}
