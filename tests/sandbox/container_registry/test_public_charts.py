"""The public registry, and the chart of the operator in it."""

import io
import re
import tarfile
from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest
import yaml

from sandbox.cloud.container_registry import public
from sandbox.tools.helm import __main__ as helm
from tests.sandbox.container_registry.conftest import CHART, Cloud


def pulled(cloud: Cloud) -> dict[str, bytes]:
    """The files of the published chart, through the token dance of an anonymous client."""
    base = "https://ghcr.io/v2/" + CHART
    challenge = cloud("GET", f"{base}/manifests/2.9.0").headers["WWW-Authenticate"]
    found = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    token = cloud("GET", found.pop("realm"), params=found).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    manifest = cloud("GET", f"{base}/manifests/2.9.0", headers=headers).json()
    name = manifest["layers"][0]["digest"]
    content = cloud("GET", f"{base}/blobs/{name}", headers=headers).content
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {
            entry.name: part.read()
            for entry in archive.getmembers()
            if (part := archive.extractfile(entry))
        }


def test_everybody_can_pull_the_operators_chart(cloud: Cloud) -> None:
    files = pulled(cloud)

    described = yaml.safe_load(files["external-secrets/Chart.yaml"])
    assert (described["version"], described["appVersion"]) == ("2.9.0", "v2.9.0")
    assert "external-secrets/templates/webhook.yaml" in files


def test_nobody_can_push_to_the_public_registry(cloud: Cloud) -> None:
    answer = cloud("POST", f"https://ghcr.io/v2/{CHART}/blobs/uploads/")

    assert answer.status_code == 403


def test_what_is_not_published_is_denied_with_the_names_of_what_is(cloud: Cloud) -> None:
    answer = cloud("GET", "https://ghcr.io/token", params={"scope": "repository:a/b:pull"})

    assert answer.status_code == 403
    assert CHART in answer.json()["errors"][0]["message"]


Rendered = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def rendered(capsys: pytest.CaptureFixture[str]) -> Rendered:
    """The objects of the chart by `Kind/name`, rendered with some `--set` expressions."""

    def render(*settings: str) -> dict[str, dict[str, Any]]:
        chart = public.CHARTS / "external-secrets"
        chosen = [word for setting in settings for word in ("--set", setting)]
        code = helm.main(["template", "external-secrets", str(chart), "-n", "eso", *chosen])
        assert code == 0
        objects = [one for one in yaml.safe_load_all(capsys.readouterr().out) if one]
        return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}

    return render


def test_the_chart_has_the_names_that_deployments_wait_for(rendered: Rendered) -> None:
    found = rendered()

    assert {
        "Deployment/external-secrets",
        "Deployment/external-secrets-webhook",
        "Deployment/external-secrets-cert-controller",
        "Service/external-secrets-webhook",
        "ValidatingWebhookConfiguration/externalsecret-validate",
        "ValidatingWebhookConfiguration/secretstore-validate",
        "CustomResourceDefinition/secretstores.external-secrets.io",
        "CustomResourceDefinition/clustersecretstores.external-secrets.io",
        "CustomResourceDefinition/externalsecrets.external-secrets.io",
        "CustomResourceDefinition/clusterexternalsecrets.external-secrets.io",
    } <= set(found)


def test_every_object_of_the_chart_is_one_that_kubernetes_accepts(rendered: Rendered) -> None:
    for one in rendered("podDisruptionBudget.enabled=true").values():
        kubernetes_validate.validate(one, "1.34", strict=True)


def test_webhooks_fail_closed_and_trust_nobody_at_first(rendered: Rendered) -> None:
    found = rendered()["ValidatingWebhookConfiguration/externalsecret-validate"]["webhooks"]

    assert [hook["name"] for hook in found] == ["validate.externalsecret.external-secrets.io"]
    assert found[0]["failurePolicy"] == "Fail"
    assert "caBundle" not in found[0]["clientConfig"]


def test_definitions_can_be_left_out(rendered: Rendered) -> None:
    kinds = {one["kind"] for one in rendered("installCRDs=false").values()}

    assert "CustomResourceDefinition" not in kinds


def test_the_store_schema_knows_the_three_ways_to_sign_in(rendered: Rendered) -> None:
    definition = rendered()["CustomResourceDefinition/secretstores.external-secrets.io"]

    version = definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    vault = schema["provider"]["properties"]["azurekv"]
    assert (version["name"], vault["required"]) == ("v1", ["vaultUrl"])
    kinds = vault["properties"]["authType"]["enum"]
    assert kinds == ["ServicePrincipal", "ManagedIdentity", "WorkloadIdentity"]


def test_packing_twice_gives_the_same_bytes() -> None:
    folder = public.CHARTS / "external-secrets"

    archives = {public.archive(folder) for _ in range(2)}

    assert len(archives) == 1
