"""What `kubectl get` prints of each kind."""

from typing import Any

import pytest

from sandbox.cluster.api import clock, jsonpath, tables
from sandbox.cluster.api.kinds import Kinds

METADATA = {"name": "it", "creationTimestamp": clock.now()}
POD = {"containers": [{"name": "a"}, {"name": "b"}]}


def row(plural: str, group: str = "", **body: Any) -> dict[str, Any]:
    """The cells of one object by the name of their column."""
    kind = Kinds().of(plural, group)
    shown = tables.table(kind, [{"metadata": METADATA, **body}], "1")
    names = [column["name"] for column in shown["columnDefinitions"]]
    return dict(zip(names, shown["rows"][0]["cells"], strict=True))


def container(name: str = "a", **state: Any) -> dict[str, Any]:
    return {"name": name, "ready": "running" in state, "restartCount": 1, "state": state}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], "Running"),
        (["SuccessCriteriaMet", "Complete"], "Complete"),
        (["FailureTarget", "Failed"], "Failed"),
        (["Suspended"], "Suspended"),
    ],
)
def test_a_job_shows_how_it_ended(conditions: list[str], expected: str) -> None:
    status = {"conditions": [{"type": name, "status": "True"} for name in conditions]}

    assert row("jobs", "batch", spec={"completions": 1}, status=status)["Status"] == expected


def test_a_job_shows_how_long_it_took() -> None:
    status = {"startTime": "2026-07-01T10:00:00Z", "completionTime": "2026-07-01T10:03:05Z"}

    assert row("jobs", "batch", spec={}, status={**status, "succeeded": 1})["Duration"] == "3m5s"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"containerStatuses": [container(running={})], "phase": "Running"}, "Running"),
        (
            {"containerStatuses": [container(waiting={"reason": "ImagePullBackOff"})]},
            "ImagePullBackOff",
        ),
        (
            {"containerStatuses": [container(terminated={"reason": "Completed"})]},
            "Completed",
        ),
        (
            {"initContainerStatuses": [container(waiting={"reason": "CrashLoopBackOff"})]},
            "Init:CrashLoopBackOff",
        ),
    ],
)
def test_a_pod_shows_why_it_does_not_run(status: dict[str, Any], expected: str) -> None:
    assert row("pods", spec=POD, status=status)["Status"] == expected


def test_a_pod_counts_its_ready_containers_and_restarts() -> None:
    status = {"containerStatuses": [container("a", running={}), container("b", waiting={})]}

    cells = row("pods", spec=POD, status=status)

    assert (cells["Ready"], cells["Restarts"]) == ("1/2", "2")


def test_a_deployment_shows_ready_of_wanted() -> None:
    status = {"readyReplicas": 1, "updatedReplicas": 2, "availableReplicas": 1}

    cells = row("deployments", "apps", spec={"replicas": 2}, status=status)

    assert (cells["Ready"], cells["Up-to-date"], cells["Available"]) == ("1/2", 2, 1)


def test_a_load_balancer_without_an_address_is_pending() -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]}

    cells = row("services", spec=spec)

    assert (cells["External-IP"], cells["Port(s)"]) == ("<pending>", "80:30080/TCP")


@pytest.mark.parametrize("kind", [kind for kind in Kinds() if not kind.is_review])
def test_every_kind_can_be_shown_with_nothing_but_a_name(kind: Any) -> None:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    body = {"metadata": METADATA, "spec": spec, "roleRef": {"kind": "Role", "name": "reader"}}

    shown = tables.table(kind, [body], "1")

    assert len(shown["rows"][0]["cells"]) == len(shown["columnDefinitions"])


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (9 * 3600, "9h"),
        (3 * 86400 + 3600, "3d1h"),
        (9 * 86400, "9d"),
    ],
)
def test_durations_are_shortened_as_kubectl_does(seconds: int, expected: str) -> None:
    assert clock.duration(seconds) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".spec.size", 3),
        (".items[1].name", "b"),
        ('.items[?(@.name=="b")].value', 2),
        (".labels['a.b/c']", "x"),
        (".labels.a\\.b/c", "x"),
        (".absent.deep", None),
        ('.items[?(@.name=="z")].value', None),
    ],
)
def test_printer_columns_find_their_values(path: str, expected: Any) -> None:
    document = {
        "spec": {"size": 3},
        "items": [{"name": "a", "value": 1}, {"name": "b", "value": 2}],
        "labels": {"a.b/c": "x"},
    }

    assert jsonpath.find(document, path) == expected
