"""Images as charts name them: where they come from, and where they lie in our registry."""

import pytest

from scripts import charts as rendered
from tasks import charts
from tasks.registry import Image

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("text", "target", "registry", "source"),
    [
        ("supabase/gotrue:v2", "supabase/gotrue:v2", "docker.io", "supabase/gotrue:v2"),
        ("postgres:17", "postgres:17", "docker.io", "library/postgres:17"),
        ("docker.io/postgres:17", "postgres:17", "docker.io", "library/postgres:17"),
        ("ghcr.io/a/b/c:1", "a/b/c:1", "ghcr.io", "a/b/c:1"),
        ("localhost:5000/a:1", "a:1", "localhost:5000", "a:1"),
        (f"quay.io/a/b:1@{DIGEST}", "a/b:1", "quay.io", f"a/b@{DIGEST}"),
    ],
)
def test_an_image_is_fetched_from_its_host_and_kept_under_its_name(
    text: str, target: str, registry: str, source: str
) -> None:
    image = Image(text)

    assert image.target == target
    assert f"{image.repository}:{image.tag}" == target
    assert image.source == {"registryUri": registry, "sourceImage": source}


@pytest.mark.parametrize("chart", ["s3proxy", "supabase"])
def test_every_image_that_a_chart_starts_is_known_without_rendering_it(chart: str) -> None:
    found = {Image(text).target for text in charts.images(chart, {})}
    values = {"images": {"registry": "example.azurecr.io"}}

    with rendered.helm() as helm:
        pods = helm.render(chart, values).pods().values()

    started = {
        container["image"]
        for pod in pods
        for container in [*pod["containers"], *pod.get("initContainers", [])]
    }
    assert started <= {f"example.azurecr.io/{target}" for target in found}


def test_what_is_not_enabled_brings_no_image() -> None:
    plain = charts.images("supabase", {})

    more = charts.images("supabase", {"components": {"supavisor": {"enabled": True}}})

    assert [image for image in more if image not in plain]
    assert not [image for image in plain if "supavisor" in image]
