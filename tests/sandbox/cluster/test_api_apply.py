"""Server-side apply: ownership, conflicts, pruning."""

from typing import Any

import httpx

from tests.sandbox.cluster.conftest import Kube

APPS = "/apis/apps/v1"


def apply(
    kube: Kube, path: str, body: dict[str, Any], manager: str, **query: str
) -> httpx.Response:
    return kube.http.patch(
        path,
        params={"fieldManager": manager, **query},
        json=body,
        headers={"Content-Type": "application/apply-patch+yaml"},
    )


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"}, "data": data}


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": list(containers)}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def container(name: str = "web", **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": "nginx:1", **fields}


def test_the_first_apply_creates_and_the_second_changes_nothing(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)

    first = apply(kube, path, deployment(container()), "helm")
    second = apply(kube, path, deployment(container()), "helm")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_a_variable_that_is_no_longer_applied_goes_and_its_neighbour_stays(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)
    both = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    apply(kube, path, deployment(container(env=both)), "helm")

    after = apply(kube, path, deployment(container(env=both[:1])), "helm").json()

    assert after["spec"]["template"]["spec"]["containers"][0]["env"] == both[:1]


def test_a_probe_that_is_no_longer_applied_goes_with_its_defaults(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)
    probe = {"httpGet": {"path": "/", "port": 80}}
    apply(kube, path, deployment(container(livenessProbe=probe)), "helm")

    after = apply(kube, path, deployment(container()), "helm").json()

    assert "livenessProbe" not in after["spec"]["template"]["spec"]["containers"][0]


def test_a_container_of_somebody_else_survives(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)
    apply(kube, path, deployment(container()), "helm")
    apply(kube, path, deployment(container("sidecar")), "injector", force="true")

    after = apply(kube, path, deployment(container()), "helm").json()

    names = [each["name"] for each in after["spec"]["template"]["spec"]["containers"]]
    assert sorted(names) == ["sidecar", "web"]


def test_two_ports_that_differ_in_protocol_only_are_both_kept(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)
    ports = [
        {"containerPort": 53, "protocol": "TCP", "name": "tcp"},
        {"containerPort": 53, "protocol": "UDP", "name": "udp"},
    ]

    applied = apply(kube, path, deployment(container(ports=ports)), "helm").json()

    assert applied["spec"]["template"]["spec"]["containers"][0]["ports"] == ports


def test_a_conflict_names_each_field_and_its_manager(kube: Kube) -> None:
    path = kube.path("configmaps", "cfg")
    apply(kube, path, config_map(a="1", b="1"), "one")

    refused = apply(kube, path, config_map(a="2", b="2"), "two")

    body = refused.json()
    assert (refused.status_code, body["reason"]) == (409, "Conflict")
    assert body["message"] == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    )
    assert body["details"]["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "one"',
        "field": ".data.a",
    }


def test_who_scales_by_hand_owns_the_number_until_somebody_forces_it(kube: Kube) -> None:
    path = kube.path("deployments", "web", APPS)
    apply(kube, path, deployment(container(), replicas=1), "helm")
    kube.http.patch(
        f"{path}/scale",
        params={"fieldManager": "kubectl"},
        json={"spec": {"replicas": 5}},
        headers={"Content-Type": "application/merge-patch+json"},
    ).raise_for_status()

    refused = apply(kube, path, deployment(container(), replicas=2), "helm")
    forced = apply(kube, path, deployment(container(), replicas=2), "helm", force="true")
    again = apply(kube, path, deployment(container(), replicas=3), "helm")

    assert 'conflict with "kubectl" with subresource "scale"' in refused.json()["message"]
    assert (forced.json()["spec"]["replicas"], again.status_code) == (2, 200)


def test_equal_values_are_shared_and_outlive_one_of_their_owners(kube: Kube) -> None:
    path = kube.path("configmaps", "cfg")
    apply(kube, path, config_map(a="1"), "one")
    apply(kube, path, config_map(a="1", b="1"), "two")

    after = apply(kube, path, config_map(b="1"), "two").json()

    assert after["data"] == {"a": "1", "b": "1"}


def test_labels_taken_back_leave_the_object_itself_alone(kube: Kube) -> None:
    path = kube.path("configmaps", "cfg")
    labelled = config_map(a="1")
    labelled["metadata"] = {"name": "cfg", "labels": {"app": "web"}}
    apply(kube, path, labelled, "one")

    after = apply(kube, path, config_map(a="1"), "one").json()

    assert (after["metadata"]["name"], after["data"]) == ("cfg", {"a": "1"})
    assert not after["metadata"].get("labels")


def test_an_element_named_twice_is_refused(kube: Kube) -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]

    refused = apply(
        kube, kube.path("deployments", "web", APPS), deployment(container(env=twice)), "helm"
    )

    assert refused.status_code == 500
    assert 'env: duplicate entries for key [name="A"]' in refused.json()["message"]


def test_a_boolean_where_a_string_belongs_is_refused_before_anything_is_stored(kube: Kube) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "keys"},
        "stringData": {"enabled": True},
    }

    refused = apply(kube, kube.path("secrets", "keys"), secret, "helm")

    assert "Kind=Secret): .stringData.enabled: expected string, got " in refused.json()["message"]
    assert kube.http.get(kube.path("secrets", "keys")).status_code == 404


def test_an_apply_without_a_manager_is_refused(kube: Kube) -> None:
    refused = apply(kube, kube.path("configmaps", "cfg"), config_map(a="1"), "")

    assert refused.status_code == 422
    assert "fieldManager: Required value" in refused.json()["message"]
