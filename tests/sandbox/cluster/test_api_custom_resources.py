"""Custom resources: a schema that defaults, prunes and refuses; a kind that comes and goes."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.cluster.conftest import Kube

GROUP = "stores.example.com"
ROOT = f"/apis/{GROUP}/v1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
MERGE = {"Content-Type": "application/merge-patch+json"}

SPEC = {
    "type": "object",
    "required": ["provider"],
    "properties": {
        "provider": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "azure": {
                    "type": "object",
                    "properties": {
                        "auth": {
                            "type": "string",
                            "enum": ["ServicePrincipal", "WorkloadIdentity"],
                            "default": "ServicePrincipal",
                        },
                        "url": {"type": "string", "pattern": "^https://"},
                    },
                },
                "fake": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "interval": {"type": "string", "default": "1h"},
        "retries": {"type": "integer", "minimum": 0},
        "port": {"x-kubernetes-int-or-string": True},
        "rules": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
            },
        },
    },
}


def definition() -> dict[str, Any]:
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": SPEC, "status": status}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"stores.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"plural": "stores", "kind": "Store"},
            "versions": [version, {**version, "name": "v1beta1", "storage": False}],
        },
    }


@pytest.fixture
def stores(kube: Kube) -> Iterator[Kube]:
    """The API with the kind Store."""
    kube.http.post(CRDS, json=definition()).raise_for_status()
    yield kube
    kube.http.delete(f"{CRDS}/stores.{GROUP}")


def store(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Store",
        "metadata": {"name": "vault"},
        "spec": {"provider": {"azure": {}}, **spec},
    }


def create(kube: Kube, body: dict[str, Any], **query: str) -> Any:
    return kube.http.post(kube.path("stores", root=ROOT), json=body, params=query)


def test_defaults_are_filled_in_at_every_depth(stores: Kube) -> None:
    spec = create(stores, store()).json()["spec"]

    assert spec == {"provider": {"azure": {"auth": "ServicePrincipal"}}, "interval": "1h"}


def test_unknown_fields_are_pruned_with_a_warning_except_where_they_are_kept(
    stores: Kube,
) -> None:
    body = store(provider={"fake": {"anything": [1]}}, intervall="2h")

    answer = create(stores, body)

    assert answer.json()["spec"] == {"provider": {"fake": {"anything": [1]}}, "interval": "1h"}
    assert 'unknown field \\"spec.intervall\\"' in answer.headers["warning"]


def test_unknown_fields_are_refused_when_validation_is_strict(stores: Kube) -> None:
    refused = create(stores, store(intervall="2h"), fieldValidation="Strict")

    assert refused.status_code == 400
    assert 'strict decoding error: unknown field "spec.intervall"' in refused.json()["message"]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"provider": None}, "spec.provider: Required value"),
        (
            {"retries": "many"},
            (
                'spec.retries: Invalid value: "many": '
                'spec.retries in body must be of type integer: "string"'
            ),
        ),
        ({"retries": -1}, "should be greater than or equal to 0"),
        (
            {"provider": {"azure": {"auth": "Magic"}}},
            (
                'spec.provider.azure.auth: Unsupported value: "Magic": supported values: '
                '"ServicePrincipal", "WorkloadIdentity"'
            ),
        ),
        ({"provider": {"azure": {"url": "vault"}}}, "should match '^https://'"),
        ({"provider": {}}, "spec.provider in body should have at least 1 properties"),
        (
            {"provider": {"azure": {}, "fake": {}}},
            "spec.provider in body should have at most 1 properties",
        ),
        ({"rules": [{"value": "x"}]}, "spec.rules[0].name: Required value"),
    ],
)
def test_what_breaks_the_schema_is_refused(
    stores: Kube, spec: dict[str, Any], expected: str
) -> None:
    refused = create(stores, store(**spec))

    assert refused.status_code == 422
    assert refused.json()["message"].startswith(f'Store.{GROUP} "vault" is invalid: ')
    assert expected in refused.json()["message"]


@pytest.mark.parametrize("port", [80, "http"])
def test_a_field_may_be_a_number_or_a_string(stores: Kube, port: int | str) -> None:
    assert create(stores, store(port=port)).json()["spec"]["port"] == port


def test_the_status_is_written_apart_and_raises_no_generation(stores: Kube) -> None:
    create(stores, {**store(), "status": {"conditions": []}})
    path = stores.path("stores", "vault", ROOT)
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}

    before = stores.http.get(path).json()
    after = stores.http.patch(f"{path}/status", json=ready, headers=MERGE).json()

    assert "status" not in before
    assert after["status"] == ready["status"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


def test_a_strategic_merge_patch_is_refused(stores: Kube) -> None:
    create(stores, store())
    header = {"Content-Type": "application/strategic-merge-patch+json"}

    path = stores.path("stores", "vault", ROOT)
    refused = stores.http.patch(path, json={"spec": {}}, headers=header)

    assert refused.status_code == 415
    assert "strategic" not in refused.json()["message"]


def test_a_list_with_keys_in_its_schema_is_owned_element_by_element(stores: Kube) -> None:
    path = stores.path("stores", "vault", ROOT)
    header = {"Content-Type": "application/apply-patch+yaml"}
    for manager, name in (("one", "a"), ("two", "b")):
        body = store(rules=[{"name": name, "value": manager}])
        stores.http.patch(
            path, json=body, headers=header, params={"fieldManager": manager}
        ).raise_for_status()

    after = stores.http.patch(
        path, json=store(), headers=header, params={"fieldManager": "one"}
    ).json()

    assert after["spec"]["rules"] == [{"name": "b", "value": "two"}]


def test_every_served_version_shows_the_same_object(stores: Kube) -> None:
    create(stores, store())

    other = stores.http.get(stores.path("stores", "vault", f"/apis/{GROUP}/v1beta1")).json()

    assert (other["apiVersion"], other["spec"]["interval"]) == (f"{GROUP}/v1beta1", "1h")


def test_a_definition_is_established_and_named_completely(stores: Kube) -> None:
    found = stores.http.get(f"{CRDS}/stores.{GROUP}").json()

    holding = [each["type"] for each in found["status"]["conditions"] if each["status"] == "True"]
    assert holding == ["NamesAccepted", "Established"]
    assert found["status"]["storedVersions"] == ["v1"]
    assert found["spec"]["names"]["listKind"] == "StoreList"
    assert found["spec"]["conversion"] == {"strategy": "None"}


def test_deleting_a_definition_deletes_its_objects_and_its_paths(stores: Kube) -> None:
    create(stores, store())

    stores.http.delete(f"{CRDS}/stores.{GROUP}")
    absent = stores.http.get(stores.path("stores", root=ROOT)).status_code
    stores.http.post(CRDS, json=definition()).raise_for_status()

    assert absent == 404
    assert stores.http.get(stores.path("stores", root=ROOT)).json()["items"] == []


def test_a_definition_without_a_schema_is_refused(kube: Kube) -> None:
    body = definition()
    for version in body["spec"]["versions"]:
        del version["schema"]

    refused = kube.http.post(CRDS, json=body)

    assert refused.status_code == 422
    assert "schemas are required" in refused.json()["message"]
