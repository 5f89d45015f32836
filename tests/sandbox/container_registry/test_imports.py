"""What a registry takes over from public ones, and the names that are free."""

from typing import Any

import pytest

from sandbox import arm
from tests.sandbox.container_registry.conftest import CHART, HOST, REGISTRY, Cloud


def imported(cloud: Cloud, image: str, *, registry: str = "ghcr.io", mode: str = "NoForce") -> Any:
    """How the import of an image ends, as `charts/copy:1`."""
    body = {
        "source": {"registryUri": registry, "sourceImage": image},
        "targetTags": ["charts/copy:1"],
        "mode": mode,
    }
    answer = cloud("POST", f"{REGISTRY}/importImage", json=body)
    if answer.status_code != 202:
        return answer.json()
    path, _, _ = (
        answer.headers["Azure-AsyncOperation"].removeprefix(f"https://{arm.HOST}").partition("?")
    )
    return cloud("GET", path).json()


def test_a_registry_imports_a_public_chart_byte_for_byte(cloud: Cloud) -> None:
    done = imported(cloud, f"{CHART}:2.9.0")

    token = cloud("GET", f"https://ghcr.io/token?scope=repository:{CHART}:pull").json()["token"]
    anybody = {"Authorization": f"Bearer {token}"}
    there = cloud("GET", f"https://ghcr.io/v2/{CHART}/manifests/2.9.0", headers=anybody)
    headers = cloud.signed_in()
    here = cloud("GET", f"{HOST}/v2/charts/copy/manifests/1", headers=headers)
    layer = here.json()["layers"][0]["digest"]
    assert done["status"] == "Succeeded"
    assert here.content == there.content
    assert cloud("GET", f"{HOST}/v2/charts/copy/blobs/{layer}", headers=headers).status_code == 200


def test_a_tag_that_is_there_is_replaced_only_by_force(cloud: Cloud) -> None:
    imported(cloud, f"{CHART}:2.9.0")

    again = imported(cloud, f"{CHART}:2.9.0")
    forced = imported(cloud, f"{CHART}:2.9.0", mode="Force")

    assert again["error"]["code"] == "Conflict"
    assert "Tag charts/copy:1 already exists in target registry." in again["error"]["message"]
    assert forced["status"] == "Succeeded"


def test_an_image_that_is_nowhere_fails_the_operation(cloud: Cloud) -> None:
    assert imported(cloud, f"{CHART}:0.0.1")["error"]["code"] == "InvalidParameters"


@pytest.mark.parametrize("target", ["a b:1", "a:b c", "../x:1"])
def test_an_import_under_a_name_that_is_none_is_refused(cloud: Cloud, target: str) -> None:
    source = {"registryUri": "ghcr.io", "sourceImage": f"{CHART}:2.9.0"}

    answer = cloud(
        "POST", f"{REGISTRY}/importImage", json={"source": source, "targetTags": [target]}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameters")


def test_a_registry_that_is_not_simulated_is_no_source(cloud: Cloud) -> None:
    answer = imported(cloud, "library/nginx:latest", registry="registry.example.com")

    assert answer["error"]["code"] == "SandboxUnsupported"
    assert "registry.example.com" in answer["error"]["message"]


@pytest.mark.parametrize("reference", [":1.27", f"@sha256:{'a' * 64}"])
def test_images_of_public_registries_can_be_imported(cloud: Cloud, reference: str) -> None:
    done = imported(cloud, f"library/nginx{reference}", registry="docker.io")

    here = cloud("GET", f"{HOST}/v2/charts/copy/manifests/1", headers=cloud.signed_in())
    assert done["status"] == "Succeeded"
    assert here.status_code == 200


def test_an_image_that_is_not_published_ends_the_import(cloud: Cloud) -> None:
    done = imported(cloud, "library/does-not-exist:1", registry="docker.io")

    assert done["error"]["code"] == "InvalidParameters"


def test_a_name_is_free_until_somebody_has_it(cloud: Cloud) -> None:
    path = "/subscriptions/x/providers/Microsoft.ContainerRegistry/checkNameAvailability"
    kind = "Microsoft.ContainerRegistry/registries"

    reasons = [
        cloud("POST", path, json={"name": name, "type": kind}).json().get("reason")
        for name in ("freename", "labacr", "no")
    ]

    assert reasons == [None, "AlreadyExists", "Invalid"]
