"""Objects for the External Secrets Operator against the API that it publishes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.chart.conftest import PROJECT, Charts

API = "external-secrets.io/v1"
STAND_IN = PROJECT / "sandbox" / "cloud" / "container_registry" / "charts" / "external-secrets"


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "object", "additionalProperties": TEXT}
POLICY = {"enum": ["Owner", "Orphan", "Merge", "CreateOrMerge", "None"]}

# The part of version 2.9 that the chart uses.
PUBLISHED: dict[str, dict[str, Any]] = {
    "SecretStore": closed(
        {
            "provider": closed(
                {
                    "azurekv": closed(
                        {
                            "authType": {
                                "enum": ["ServicePrincipal", "ManagedIdentity", "WorkloadIdentity"]
                            },
                            "vaultUrl": TEXT,
                            "tenantId": TEXT,
                            "identityId": TEXT,
                            "serviceAccountRef": closed(
                                {"name": TEXT, "namespace": TEXT, "audiences": {"type": "array"}},
                                "name",
                            ),
                        },
                        "vaultUrl",
                    )
                }
            )
        },
        "provider",
    ),
    "ExternalSecret": closed(
        {
            "refreshInterval": TEXT,
            "refreshPolicy": {"enum": ["Periodic", "CreatedOnce", "OnChange"]},
            "secretStoreRef": closed(
                {"kind": {"enum": ["SecretStore", "ClusterSecretStore"]}, "name": TEXT}
            ),
            "target": closed(
                {
                    "name": TEXT,
                    "creationPolicy": POLICY,
                    "deletionPolicy": {"enum": ["Retain", "Delete", "Merge"]},
                    "template": closed(
                        {
                            "engineVersion": {"enum": ["v2"]},
                            "mergePolicy": {"enum": ["Replace", "Merge"]},
                            "metadata": closed({"labels": TEXTS}),
                            "data": TEXTS,
                        }
                    ),
                }
            ),
            "data": {
                "type": "array",
                "items": closed(
                    {
                        "secretKey": TEXT,
                        "remoteRef": closed(
                            {"key": TEXT, "property": TEXT, "version": TEXT}, "key"
                        ),
                    },
                    "secretKey",
                    "remoteRef",
                ),
            },
        },
    ),
}


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The plain objects of a chart's file; a template that only Helm can read has none."""
    try:
        found = list(yaml.safe_load_all(path.read_text()))
    except yaml.YAMLError:
        return
    yield from (item for item in found if isinstance(item, dict))


def stand_in() -> dict[str, dict[str, Any]]:
    """How the sandbox's own operator describes the same kinds, once it does."""
    return {
        item["spec"]["names"]["kind"]: version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        for path in sorted(STAND_IN.rglob("*.yaml"))
        for item in documents(path)
        if item.get("kind") == "CustomResourceDefinition"
        for version in item["spec"]["versions"]
        if version["name"] == "v1"
    }


SCHEMAS = {"published": PUBLISHED} | ({"stand-in": stand_in()} if stand_in() else {})


@pytest.mark.parametrize("source", SCHEMAS)
def test_the_operator_knows_each_field(charts: Charts, source: str) -> None:
    objects = [item for item in charts.render("platform").objects if item["apiVersion"] == API]

    complaints = [
        (item["metadata"]["name"], error.json_path, error.message)
        for item in objects
        for error in Draft202012Validator(SCHEMAS[source][item["kind"]]).iter_errors(item["spec"])
    ]

    assert complaints == []
    assert {item["kind"] for item in objects} == {"SecretStore", "ExternalSecret"}
