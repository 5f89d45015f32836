"""Pods that their namespace does not admit: what the workloads above them tell."""

from collections.abc import Callable
from typing import Any


def test_a_quota_shows_in_the_deployment_and_its_events(
    live: Any, demo: Callable[..., dict[str, Any]]
) -> None:
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
    }
    live.create(
        demo("ResourceQuota", "few", spec={"hard": {"pods": "1"}}),
        demo(
            "Deployment",
            "web",
            "apps/v1",
            spec={"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
        ),
    )

    def failures() -> list[dict[str, Any]]:
        found = live.get("/apis/apps/v1/namespaces/demo/deployments/web")
        conditions = found.get("status", {}).get("conditions", [])
        return [each for each in conditions if each["type"] == "ReplicaFailure"]

    failed = live.until(failures)[0]
    assert failed["reason"] == "FailedCreate"
    assert (
        "exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"
        in (failed["message"])
    )
    live.until(
        lambda: any(
            each["reason"] == "FailedCreate" and each["message"].startswith("Error creating: pods ")
            for each in live.items("/api/v1/namespaces/demo/events")
        )
    )

    live.patch("/api/v1/namespaces/demo/resourcequotas/few", {"spec": {"hard": {"pods": "2"}}})

    live.until(lambda: not failures() and len(live.items("/api/v1/namespaces/demo/pods")) == 2)
