"""Other views of a cluster: pages of a list, measurements, events in their newer form."""

from typing import Any

from tests.sandbox.cluster.conftest import Kube


def names(answer: dict[str, Any]) -> list[str]:
    return [each["metadata"]["name"] for each in answer["items"]]


def fill(kube: Kube, count: int) -> None:
    for number in range(count):
        body = {"metadata": {"name": f"cfg-{number}"}}
        kube.http.post(kube.path("configmaps"), json=body).raise_for_status()


def test_a_list_comes_in_pages_of_the_wanted_size(kube: Kube) -> None:
    fill(kube, 5)
    path = kube.path("configmaps")
    first = kube.http.get(path, params={"limit": "2"}).json()

    second = kube.http.get(
        path, params={"limit": "2", "continue": first["metadata"]["continue"]}
    ).json()
    last = kube.http.get(
        path, params={"limit": "2", "continue": second["metadata"]["continue"]}
    ).json()

    found = [names(page) for page in (first, second, last)]
    assert found == [["cfg-0", "cfg-1"], ["cfg-2", "cfg-3"], ["cfg-4"]]
    assert first["metadata"]["remainingItemCount"] == 3
    assert "continue" not in last["metadata"]
    assert len({page["metadata"]["resourceVersion"] for page in (first, second, last)}) == 1


def test_a_page_token_that_nobody_gave_is_refused(kube: Kube) -> None:
    answer = kube.http.get(kube.path("configmaps"), params={"continue": "bm9uc2Vuc2U"})

    assert answer.status_code == 400


def test_kubectl_reads_all_pages(kube: Kube) -> None:
    fill(kube, 5)

    shown = kube.kubectl("get", "configmaps", "--chunk-size=2", "-o", "name")

    assert shown.splitlines() == [f"configmap/cfg-{number}" for number in range(5)]


def test_top_shows_a_share_of_what_a_pod_requests(kube: Kube) -> None:
    resources = {"requests": {"cpu": "400m", "memory": "256Mi"}}
    containers = [{"name": "web", "image": "nginx:1", "resources": resources}]
    body = {"metadata": {"name": "web"}, "spec": {"containers": containers}}
    kube.http.post(kube.path("pods"), json=body).raise_for_status()
    kube.kubectl(
        "patch", "pod", "web", "--subresource=status", "-p", '{"status": {"phase": "Running"}}'
    )

    shown = kube.kubectl("top", "pods")

    assert shown.splitlines()[-1].split() == ["web", "200m", "128Mi"]


def test_an_event_is_the_same_in_both_of_its_forms(kube: Kube) -> None:
    new = {
        "metadata": {"name": "happened"},
        "regarding": {"kind": "Pod", "name": "web", "namespace": kube.namespace},
        "note": "It happened.",
        "reason": "Test",
        "type": "Normal",
        "action": "Testing",
        "reportingController": "test",
        "reportingInstance": "test-1",
        "eventTime": "2026-11-01T00:00:00.000000Z",
    }
    root = "/apis/events.k8s.io/v1"
    kube.http.post(kube.path("events", root=root), json=new).raise_for_status()

    old = kube.read("event", "happened")
    again = kube.http.get(kube.path("events", "happened", root)).json()

    assert (old["message"], old["involvedObject"]["name"]) == ("It happened.", "web")
    assert (again["note"], again["regarding"]["name"]) == ("It happened.", "web")
    assert kube.kubectl("get", "events").splitlines()[0].split()[:2] == ["LAST", "SEEN"]
