"""Patches: the three kinds besides apply."""

from typing import Any

import pytest

from sandbox.cluster.api import patches, strategic
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.kinds import Kinds
from tests.sandbox.cluster.conftest import Kube

DEPLOYMENT = Kinds().of("deployments", "apps")
PODS = Kinds().of("pods")


def pod(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def merged(live: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = strategic.merge(PODS, live, patch)["spec"]
    return found


def test_lists_with_keys_merge_and_others_are_replaced() -> None:
    live = pod({"name": "a", "image": "1", "args": ["x"]}, {"name": "b", "image": "1"})
    patch = pod({"name": "a", "image": "2", "args": ["y"]})

    spec = merged(live, patch)

    assert spec["containers"] == [
        {"name": "a", "image": "2", "args": ["y"]},
        {"name": "b", "image": "1"},
    ]


def test_an_element_is_deleted_by_its_directive() -> None:
    live = pod({"name": "a"}, {"name": "b"})

    assert merged(live, pod({"name": "a", "$patch": "delete"}))["containers"] == [{"name": "b"}]


def test_a_list_is_replaced_by_its_directive() -> None:
    live = pod({"name": "a"}, {"name": "b"})

    spec = merged(live, pod({"$patch": "replace"}, {"name": "c"}))

    assert spec["containers"] == [{"name": "c"}]


def test_a_map_keeps_only_what_it_is_told_to() -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}

    found = strategic.merge(DEPLOYMENT, live, patch)

    assert found["spec"]["strategy"] == {"type": "Recreate"}


def test_elements_take_the_order_of_the_patch() -> None:
    live = pod({"name": "a"}, {"name": "b"})
    patch = {
        "spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
            "containers": [{"name": "c"}],
        }
    }

    assert [each["name"] for each in merged(live, patch)["containers"]] == ["c", "b", "a"]


def test_plain_values_leave_a_list_by_name() -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}

    assert strategic.merge(PODS, live, patch)["metadata"]["finalizers"] == ["b"]


def test_null_deletes_and_the_live_object_stays_as_it_was() -> None:
    live = {"metadata": {"labels": {"a": "1", "b": "2"}}}

    found = strategic.merge(PODS, live, {"metadata": {"labels": {"a": None}}})

    assert found["metadata"]["labels"] == {"b": "2"}
    assert live["metadata"]["labels"] == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "add", "path": "/list/-", "value": 3}, {"list": [1, 2, 3]}),
        ({"op": "add", "path": "/list/0", "value": 0}, {"list": [0, 1, 2]}),
        ({"op": "add", "path": "/a~1b", "value": 1}, {"list": [1, 2], "a/b": 1}),
        ({"op": "remove", "path": "/list/1"}, {"list": [1]}),
        ({"op": "replace", "path": "/list", "value": []}, {"list": []}),
        ({"op": "move", "from": "/list", "path": "/more"}, {"more": [1, 2]}),
        ({"op": "copy", "from": "/list/0", "path": "/one"}, {"list": [1, 2], "one": 1}),
        ({"op": "test", "path": "/list/0", "value": 1}, {"list": [1, 2]}),
    ],
)
def test_each_operation_of_a_json_patch_does_its_part(
    operation: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert patches.json_patch({"list": [1, 2]}, [operation]) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/absent"},
        {"op": "replace", "path": "/absent", "value": 1},
        {"op": "replace", "path": "/list/7", "value": 1},
        {"op": "test", "path": "/list/0", "value": 2},
        {"op": "invent", "path": "/list"},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        patches.json_patch({"list": [1]}, [operation])

    assert refused.value.code == 422


def test_an_unknown_type_of_patch_is_refused_with_those_that_are_known(kube: Kube) -> None:
    path = f"/api/v1/namespaces/{kube.namespace}"

    refused = kube.http.patch(path, content="{}", headers={"Content-Type": "text/plain"})

    assert refused.status_code == 415
    assert "application/strategic-merge-patch+json" in refused.json()["message"]
