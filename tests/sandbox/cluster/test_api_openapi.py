"""The published schemas: what `kubectl explain` shows and clients validate with."""

from typing import Any

from tests.sandbox.cluster.conftest import Kube
from tests.sandbox.cluster.test_api_kubectl import WIDGETS

DEFINITION: dict[str, Any] = {
    **WIDGETS,
    "metadata": {"name": "gears.openapi.example.com"},
    "spec": {
        **WIDGETS["spec"],
        "group": "openapi.example.com",
        "names": {"plural": "gears", "kind": "Gear"},
    },
}


def test_explain_shows_a_field_of_a_builtin_kind(kube: Kube) -> None:
    shown = kube.kubectl("explain", "deployment.spec.strategy.rollingUpdate.maxSurge")

    assert "FIELD: maxSurge <IntOrString>" in shown


def test_explain_shows_what_a_definition_brought(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=DEFINITION)

    shown = kube.kubectl("explain", "gear.spec", "--api-version=openapi.example.com/v1")

    assert "size\t<integer>" in shown


def test_the_address_of_a_document_changes_with_its_definition(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=DEFINITION)
    path = "apis/openapi.example.com/v1"
    before = kube.http.get("/openapi/v3").json()["paths"]
    version = DEFINITION["spec"]["versions"][0]
    properties: dict[str, Any] = {"spec": {"type": "object", "properties": {}}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": properties}}
    changed = {**DEFINITION["spec"], "versions": [{**version, "schema": schema}]}
    kube.kubectl("apply", "-f", "-", given={**DEFINITION, "spec": changed})

    after = kube.http.get("/openapi/v3").json()["paths"]

    assert before[path] != after[path]
    assert before["apis/apps/v1"] == after["apis/apps/v1"]


def test_every_reference_in_a_document_leads_somewhere(kube: Kube) -> None:
    for place in kube.http.get("/openapi/v3").json()["paths"].values():
        document = kube.http.get(place["serverRelativeURL"])
        schemas = document.json()["components"]["schemas"]

        named = {
            part.partition('"')[0] for part in document.text.split("#/components/schemas/")[1:]
        }

        assert named <= schemas.keys()


def test_the_older_form_lists_builtin_and_custom_kinds(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=DEFINITION)

    found = kube.http.get("/openapi/v2", headers={"Accept": "application/json"}).json()

    assert {"io.k8s.api.apps.v1.Deployment", "com.example.openapi.v1.Gear"} <= set(
        found["definitions"]
    )


def test_an_unknown_document_is_not_found(kube: Kube) -> None:
    assert kube.http.get("/openapi/v3/apis/nowhere/v1").status_code == 404
