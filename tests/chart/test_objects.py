"""Each object that a chart renders, in each environment."""

from collections.abc import Callable
from typing import Any

import kubernetes_validate
import pytest

from tests.chart.conftest import ENVIRONMENTS, NAMES, Charts, Rendering

KUBERNETES = "1.34"
GATEWAY_API = {"Gateway", "HTTPRoute"}  # Its schemas are not Kubernetes' own.
OPERATORS_OWN = {"ExternalSecret", "SecretStore"}

# Options that no environment uses yet, so that their objects are checked as well.
OPTIONS: dict[str, dict[str, Any]] = {
    "route": {
        "edge": {
            "kind": "httpRoute",
            "namespaces": ["gateways"],
            "httpRoute": {"gateway": "public", "gatewayNamespace": "gateways", "section": "https"},
        }
    },
    "next": {
        "progressive": {
            "rest": {"strategy": "canary", "image": "postgrest/postgrest:v14.18", "weight": 30},
            "auth": {
                "strategy": "blueGreen",
                "image": "supabase/gotrue:v2.197.0",
                "active": "next",
            },
        }
    },
    "own-gateway": {
        "edge": {
            "kind": "httpRoute",
            "cidrs": ["10.40.8.0/24"],
            "httpRoute": {"create": {"className": "azure-alb-external", "tlsSecret": "tls"}},
        },
        "progressive": {
            "gateway": {"strategy": "canary", "image": "envoyproxy/envoy:v1.39.2", "weight": 5}
        },
    },
    "ingress": {
        "edge": {
            "kind": "ingress",
            "cidrs": ["10.40.0.0/22"],
            "ingress": {
                "className": "nginx",
                "tlsSecret": "supabase-tls",
                "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
            },
        }
    },
    "sign-in": {
        "auth": {
            "smtp": {"host": "smtp.example.com", "sender": "hello@example.com"},
            "providers": {
                "github": {"clientId": "abc", "secret": {"name": "oauth", "key": "github"}},
                "keycloak": {
                    "clientId": "supabase",
                    "secret": {"name": "oauth", "key": "keycloak"},
                    "url": "https://id.example.com/realms/main",
                },
            },
            "hooks": {
                "custom_access_token": {"uri": "pg-functions://postgres/public/claims"},
                "send_sms": {
                    "uri": "https://hooks.example.com/sms",
                    "secret": {"name": "hooks", "key": "sms"},
                },
            },
        },
    },
    "functions": {
        "functions": {
            "hello": False,
            "verifyJwt": False,
            "deployed": {
                "mails": {
                    "configMap": "mails",
                    "secret": "mails",
                    "variables": ["SUPABASE_DB_URL"],
                    "verifyJwt": True,
                },
                "orders": {"configMap": "orders"},
            },
        }
    },
    "pooler": {"components": {"supavisor": {"enabled": True}}},
    "logs": {
        "components": {"analytics": {"enabled": True}, "vector": {"enabled": True}},
        "analytics": {"tlsSecret": "analytics-tls"},
    },
    "development-database": {"components": {"db": {"enabled": True}}},
    "traces": {"telemetry": {"collector": "collector.monitoring:4317"}},
    "pool-of-users": {
        "images": {"registry": "example.azurecr.io/copies", "pullSecrets": ["registry"]},
        "scheduling": {
            "nodeSelector": {"pool": "users"},
            "tolerations": [{"key": "users", "operator": "Exists", "effect": "NoSchedule"}],
            "priorityClassName": "platform",
        },
        "components": {"studio": {"scheduling": {"nodeSelector": {"pool": "system"}}}},
        "rollout": {"reloader": True},
    },
    "least": {
        "components": {name: {"enabled": False} for name in ("realtime", "imgproxy", "functions")}
    },
}


def changed_by(charts: Charts, option: str) -> Rendering:
    """What an option renders otherwise than the defaults do."""
    plain = charts.render("supabase").texts.items()
    texts = charts.render("supabase", OPTIONS[option]).texts
    return Rendering(dict(texts.items() - plain))


@pytest.fixture(params=[(chart, name) for chart in NAMES for name in ENVIRONMENTS], ids="-".join)
def rendering(request: pytest.FixtureRequest, charts: Charts) -> Rendering:
    chart, environment = request.param
    return charts.render(chart, charts.values(chart, environment))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("chart", NAMES)
def test_an_environment_gets_the_accepted_objects(
    charts: Charts, golden: Callable[[str, str], None], chart: str, environment: str
) -> None:
    rendering = charts.render(chart, charts.values(chart, environment))

    golden(f"chart/{environment}-{chart}.yaml", rendering.manifest)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_gets_the_accepted_objects(
    charts: Charts, golden: Callable[[str, str], None], option: str
) -> None:
    golden(f"chart/option-{option}.yaml", changed_by(charts, option).manifest)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("chart", NAMES)
def test_helm_finds_nothing_to_complain_about(charts: Charts, chart: str, environment: str) -> None:
    assert charts.lint(chart, environment) == []


def test_kubernetes_knows_each_field(rendering: Rendering) -> None:
    known = [item for item in rendering.objects if item["kind"] not in OPERATORS_OWN]

    for item in known:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)

    assert known


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_kubernetes_knows_each_field_of_an_option(charts: Charts, option: str) -> None:
    own = (item for item in changed_by(charts, option).objects if item["kind"] not in GATEWAY_API)
    for item in own:
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_each_object_stays_in_the_namespace_of_its_release(rendering: Rendering) -> None:
    places = {item["metadata"].get("namespace") for item in rendering.objects}

    assert places == {"supabase"}


def test_each_object_says_where_it_comes_from(rendering: Rendering) -> None:
    for item in rendering.objects:
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/managed-by"] == "Helm"
        assert labels["helm.sh/chart"].startswith(labels["app.kubernetes.io/name"])


def test_no_two_objects_have_the_same_name(rendering: Rendering) -> None:
    names = [(item["kind"], item["metadata"]["name"]) for item in rendering.objects]

    assert len(names) == len(set(names))


def test_each_pod_is_hardened(rendering: Rendering) -> None:
    for name, pod in rendering.pods().items():
        container = pod["containers"][0]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        assert pod["enableServiceLinks"] is False, name
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name


def test_each_pod_asks_for_what_it_needs_and_has_a_memory_limit(rendering: Rendering) -> None:
    for name, pod in rendering.pods().items():
        resources = pod["containers"][0]["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}, name
        assert set(resources["limits"]) == {"memory"}, name


def test_each_image_is_pinned(rendering: Rendering) -> None:
    for name, pod in rendering.pods().items():
        image, _, tag = pod["containers"][0]["image"].rpartition(":")
        assert image, name
        assert tag not in {"", "latest"}, name


def test_each_deployment_is_probed_and_updates_without_a_gap(rendering: Rendering) -> None:
    for name, deployment in rendering.kind("Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        container = pod["containers"][0]
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name
        update = deployment["spec"]["strategy"]["rollingUpdate"]
        assert update == {"maxSurge": 1, "maxUnavailable": 0}, name
        pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert 0 < pause < pod["terminationGracePeriodSeconds"], name


def test_a_container_writes_to_bounded_folders_only(rendering: Rendering) -> None:
    for name, pod in rendering.pods().items():
        for volume in pod.get("volumes", []):
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"], name
            else:
                assert {"configMap", "secret"} & volume.keys(), name


def test_selectors_and_pod_labels_agree(rendering: Rendering) -> None:
    for name, deployment in rendering.kind("Deployment").items():
        chosen = deployment["spec"]["selector"]["matchLabels"]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert chosen.items() <= labels.items(), name
        for kind in ("Service", "PodDisruptionBudget"):
            found = rendering.kind(kind).get(name)
            if found:
                selector = found["spec"]["selector"]
                assert selector.get("matchLabels", selector) == chosen, (kind, name)
