"""What values a chart takes, what it refuses, and what it says then."""

import re
from typing import Any

import pytest
import yaml

from scripts.chart_values import stale
from scripts.charts import nodes, open_maps, schema
from tests.chart.conftest import NAMES, OUTPUTS, PROJECT, Charts, RefusedError, merged


def at(path: str, value: Any) -> dict[str, Any]:
    """A map that holds the value at `a.b.c`."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return dict(value)


@pytest.mark.parametrize("chart", NAMES)
def test_each_map_is_closed(chart: str) -> None:
    assert open_maps(chart) == []


@pytest.mark.parametrize("chart", NAMES)
def test_each_value_is_described(chart: str) -> None:
    properties = [
        (f"{path}/{name}", value)
        for path, node in nodes(schema(chart))
        if node.get("type") == "object"
        for name, value in node.get("properties", {}).items()
    ]

    assert [path for path, value in properties if not value.get("description")] == []


def test_schema_and_readme_say_what_the_defaults_say_of_themselves() -> None:
    assert [name for chart in NAMES for name in stale(chart)] == []


@pytest.mark.parametrize(
    ("chart", "path"),
    [
        ("platform", "vaultURL"),
        ("s3proxy", "storage.acount"),
        ("supabase", "hostName"),
        ("supabase", "components.auth.replica"),
        ("supabase", "components.authentication"),
        ("supabase", "components.rest.resources.limits.cpu"),
        ("supabase", "autoscaling.postgrest"),
        ("supabase", "edge.ingress.class"),
    ],
)
def test_a_misspelled_key_is_refused_by_name(charts: Charts, chart: str, path: str) -> None:
    with pytest.raises(RefusedError, match=path.rpartition(".")[2]):
        charts.render(chart, at(path, "x"))


@pytest.mark.parametrize(
    ("chart", "path", "sentence"),
    [
        ("platform", "vaultUrl", "vaultUrl is required: the address of the Key Vault"),
        ("platform", "tenantId", "tenantId is required"),
        ("platform", "identityClientId", "identityClientId is required"),
        ("s3proxy", "storage.account", "storage.account is required"),
        ("s3proxy", "storage.container", "storage.container is required"),
        ("s3proxy", "secret", "secret is required: the name of a Secret"),
        ("supabase", "hostname", "hostname is required"),
        ("supabase", "database.host", "database.host is required"),
        ("supabase", "database.name", "database.name is required"),
        ("supabase", "secrets.auth", "secrets.auth is required: the name of a Secret"),
        ("supabase", "secrets.rest", "secrets.rest is required"),
        ("supabase", "secrets.realtime", "secrets.realtime is required"),
        ("supabase", "secrets.storage", "secrets.storage is required"),
        ("supabase", "secrets.meta", "secrets.meta is required"),
        ("supabase", "secrets.studio", "secrets.studio is required"),
        ("supabase", "secrets.functions", "secrets.functions is required"),
        ("supabase", "secrets.gateway", "secrets.gateway is required"),
        ("supabase", "secrets.test", "secrets.test is required"),
    ],
)
def test_what_is_missing_is_said_in_a_sentence(
    charts: Charts, chart: str, path: str, sentence: str
) -> None:
    with pytest.raises(RefusedError, match=re.escape(sentence)):
        charts.render(chart, at(path, ""))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"auth": {"smtp": {"host": "smtp.example.com"}}},
            "auth.smtp.sender is required",
        ),
        (
            {"auth": {"hooks": {"send_sms": {"uri": "https://example.com/sms"}}}},
            "auth.hooks.send_sms.secret is required",
        ),
        (
            {"components": {"analytics": {"enabled": True}}},
            "analytics.tlsSecret is required",
        ),
        (
            {"components": {"vector": {"enabled": True}}},
            "set components.analytics.enabled as well",
        ),
        (
            {"functions": {"deployed": {"main": {"configMap": "mine"}}}},
            "functions.deployed.main: this name is taken",
        ),
        (
            {"edge": {"kind": "httpRoute", "httpRoute": {"gateway": "public"}}},
            "nobody may reach the gateway",
        ),
        (
            {"edge": {"kind": "httpRoute", "namespaces": ["a"]}},
            "edge.httpRoute.gateway is required",
        ),
        ({"edge": {"kind": "ingress", "cidrs": ["10.0.0.0/8"]}}, "className is required"),
        (
            {"autoscaling": {"rest": {"min": 3, "max": 2, "cpuPercent": 70}}},
            r"min \(3\) must not exceed max \(2\)",
        ),
    ],
)
def test_a_half_made_choice_is_refused(
    charts: Charts, values: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        charts.render("supabase", values)


HOSTILE = ['x"\n      hostPID: true #', "$(PGPASSWORD)", "{{ .Values }}", "a b", "ü", "'", "a: b"]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    ("chart", "path"),
    [
        ("platform", "vaultUrl"),
        ("platform", "identityClientId"),
        ("platform", "refreshInterval"),
        ("s3proxy", "storage.account"),
        ("s3proxy", "image"),
        ("s3proxy", "secret"),
        ("supabase", "hostname"),
        ("supabase", "database.host"),
        ("supabase", "database.name"),
        ("supabase", "secrets.auth"),
        ("supabase", "auth.siteUrl"),
        ("supabase", "auth.smtp.sender"),
        ("supabase", "storage.endpoint"),
        ("supabase", "components.auth.image"),
        ("supabase", "components.auth.health"),
        ("supabase", "edge.httpRoute.gateway"),
    ],
)
def test_a_text_that_would_change_the_manifest_is_refused(
    charts: Charts, chart: str, path: str, text: str
) -> None:
    with pytest.raises(RefusedError, match="does not match pattern"):
        charts.render(chart, at(path, text))


@pytest.mark.parametrize("text", HOSTILE)
def test_an_annotation_may_hold_any_text(charts: Charts, text: str) -> None:
    ingress = {"className": "nginx", "annotations": {"example.com/note": text}}

    rendering = charts.render(
        "supabase", {"edge": {"kind": "ingress", "cidrs": ["10.0.0.0/8"], "ingress": ingress}}
    )

    metadata = rendering.kind("Ingress")["supabase-gateway"]["metadata"]
    assert metadata["annotations"] == {"example.com/note": text}


@pytest.mark.parametrize("image", ["envoyproxy/envoy", "envoyproxy/envoy:latest", "a:b:c"])
def test_an_image_without_a_fixed_tag_is_refused(charts: Charts, image: str) -> None:
    with pytest.raises(RefusedError, match="image"):
        charts.render("supabase", at("components.gateway.image", image))


@pytest.mark.parametrize(
    "image",
    ["registry.example.com:5000/team/envoy:v1.39.1", "envoyproxy/envoy:v1@sha256:" + "0" * 64],
)
def test_an_image_may_come_from_anywhere_and_be_pinned_by_digest(
    charts: Charts, image: str
) -> None:
    rendering = charts.render("supabase", at("components.gateway.image", image))

    assert rendering.pods()["supabase-gateway"]["containers"][0]["image"] == image


@pytest.mark.parametrize("chart", NAMES)
def test_the_defaults_hold_no_secret(chart: str) -> None:
    values = yaml.safe_load((PROJECT / "charts" / chart / "values.yaml").read_text())

    texts = [text for _, node in nodes(values) for text in node.values() if isinstance(text, str)]

    assert not [text for text in texts if re.fullmatch(r"[A-Za-z0-9+/_=.-]{24,}", text)]
    assert merged(values, OUTPUTS[chart]) != values
