"""What the supabase chart promises, one promise at a time."""

import json
import re
from typing import Any

import pytest
import yaml

from tasks import catalogue
from tests.chart.conftest import Charts, Rendering

COMPONENTS = (
    *("auth", "functions", "gateway", "imgproxy", "meta"),
    *("realtime", "rest", "storage", "studio"),
)
# Which keys each consumer finds in its own Secret, as the platform chart makes them.
KEYS = {
    "auth": {"jwt-secret", "jwt-keys", "pg-auth-username", "pg-auth-password"},
    "rest": {"jwt-jwks", "pg-rest-username", "pg-rest-password"},
    "realtime": {
        *("jwt-secret", "jwt-jwks", "pg-realtime-username", "pg-realtime-password"),
        *("realtime-enc-key", "realtime-secret-key-base", "realtime-metrics-secret"),
    },
    "storage": {
        *("anon-key", "service-role-key", "jwt-secret", "jwt-jwks"),
        *("pg-storage-username", "pg-storage-password"),
        *("keyId", "accessKey", "s3-protocol-access-key-id", "s3-protocol-access-key-secret"),
    },
    "meta": {"pg-meta-username", "pg-meta-password", "pg-meta-crypto-key"},
    "studio": {
        *("pg-meta-username", "pg-meta-password", "pg-meta-crypto-key"),
        *("anon-key", "service-role-key", "jwt-secret", "publishable-key", "secret-key"),
    },
    "functions": {
        *("jwt-secret", "jwt-jwks", "anon-key", "service-role-key"),
        *("publishable-key", "secret-key", "pg-functions-username", "pg-functions-password"),
    },
    "gateway": {
        *("anon-key", "service-role-key", "publishable-key-accepted", "secret-key-accepted"),
        *("anon-key-asymmetric", "service-role-key-asymmetric"),
        *("dashboard-username", "dashboard-password"),
    },
}


def settings(rendering: Rendering, name: str) -> dict[str, str | None]:
    return {entry["name"]: entry.get("value") for entry in rendering.environment(name)}


def component(policy_part: dict[str, Any]) -> str:
    """Which component a NetworkPolicy means."""
    labels: dict[str, str] = policy_part["podSelector"]["matchLabels"]
    return labels.get("app.kubernetes.io/component", labels["app.kubernetes.io/name"])


def arrows(rendering: Rendering, direction: str) -> set[tuple[str, str]]:
    """Who may call whom inside the namespace, as the callers' or the called ones' policies say."""
    side = "to" if direction == "egress" else "from"
    found = set()
    for policy in rendering.kind("NetworkPolicy").values():
        own = component(policy["spec"])
        for rule in policy["spec"].get(direction) or []:
            others = [component(peer) for peer in rule[side] if "podSelector" in peer]
            found |= {(own, other) if side == "to" else (other, own) for other in others}
    return found


def annotations(rendering: Rendering) -> dict[str, dict[str, str]]:
    return {
        name: deployment["spec"]["template"]["metadata"].get("annotations", {})
        for name, deployment in rendering.kind("Deployment").items()
    }


def test_each_component_has_a_deployment_and_a_service(charts: Charts) -> None:
    rendering = charts.render("supabase")

    names = {f"supabase-{name}" for name in COMPONENTS}
    assert set(rendering.kind("Deployment")) == names
    assert set(rendering.kind("Service")) == names


@pytest.mark.parametrize(
    ("component", "port"),
    [("gateway", 8000), ("auth", 9999), ("rest", 3000), ("studio", 3000), ("meta", 8080)],
)
def test_a_service_has_the_port_that_others_know(charts: Charts, component: str, port: int) -> None:
    service = charts.render("supabase").kind("Service")[f"supabase-{component}"]

    assert service["spec"]["ports"][0]["port"] == port


def references(rendering: Rendering, deployment: str) -> list[dict[str, Any]]:
    """The keys of Secrets that the containers of a Deployment read."""
    return [
        entry["valueFrom"]["secretKeyRef"]
        for entry in rendering.environment(deployment)
        if "secretKeyRef" in entry.get("valueFrom", {})
    ]


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_component_reads_its_own_secret_and_all_of_it(charts: Charts, name: str) -> None:
    found = references(charts.render("supabase"), f"supabase-{name}")

    assert {reference["name"] for reference in found} == {f"supabase-{name}"}
    assert {reference["key"] for reference in found} == KEYS[name]
    assert not any(reference.get("optional") for reference in found)


def test_the_chart_brings_no_secret_of_its_own(charts: Charts) -> None:
    assert charts.render("supabase").kind("Secret") == {}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("auth", "GOTRUE_DB_DATABASE_URL"),
        ("rest", "PGRST_DB_URI"),
        ("storage", "DATABASE_URL"),
        ("functions", "SUPABASE_DB_URL"),
    ],
)
def test_a_database_address_is_encrypted_and_its_login_comes_from_the_secret(
    charts: Charts, name: str, variable: str
) -> None:
    environment = charts.render("supabase").environment(f"supabase-{name}")

    names = [entry["name"] for entry in environment]
    address = environment[names.index(variable)]["value"]
    assert re.fullmatch(
        r"postgres://\$\(PGUSER\):\$\(PGPASSWORD\)@[a-z.-]+:5432/supabase\?sslmode=require", address
    )
    assert max(names.index(name) for name in ("PGUSER", "PGPASSWORD")) < names.index(variable)


def test_each_reference_to_a_variable_follows_its_definition(charts: Charts) -> None:
    rendering = charts.render("supabase")

    for name in rendering.kind("Deployment"):
        seen: set[str] = set()
        for entry in rendering.environment(name):
            assert set(re.findall(r"\$\((\w+)\)", entry.get("value", ""))) <= seen, name
            seen.add(entry["name"])


def test_numbers_are_written_as_numbers(charts: Charts) -> None:
    environment = charts.render(
        "supabase", {"storage": {"fileSizeLimit": 5_368_709_120}}
    ).environment("supabase-storage")

    assert {"name": "FILE_SIZE_LIMIT", "value": "5368709120"} in environment


def test_storage_asks_s3proxy_only_for_what_blob_can_do(charts: Charts) -> None:
    environment = charts.render("supabase").environment("supabase-storage")

    settings = {entry["name"]: entry.get("value") for entry in environment}
    assert settings["TUS_ALLOW_S3_TAGS"] == "false"
    assert settings["STORAGE_S3_FORCE_PATH_STYLE"] == "true"
    assert settings["STORAGE_S3_REQUEST_CHECKSUM_CALCULATION"] == "WHEN_REQUIRED"
    assert settings["DB_INSTALL_ROLES"] == "false"


def test_files_stay_where_they_are_when_a_release_gets_another_name(charts: Charts) -> None:
    named = {
        name: settings(charts.render("supabase", release=name), f"{name}-storage")
        for name in ("supabase", "other")
    }

    assert {found["TENANT_ID"] for found in named.values()} == {"supabase"}


@pytest.mark.parametrize("metrics", [True, False])
def test_storage_shows_its_metrics_where_they_are_wanted(charts: Charts, metrics: bool) -> None:
    rendering = charts.render("supabase", {"telemetry": {"metrics": metrics}})

    found = settings(rendering, "supabase-storage")
    assert {"OTEL_METRICS_ENABLED", "PROMETHEUS_METRICS_ENABLED"} <= set(found) or not metrics
    assert metrics or "OTEL_METRICS_ENABLED" not in found


@pytest.mark.parametrize("name", ["supabase-rest", "supabase-gateway"])
def test_a_new_revision_of_a_secret_restarts_those_who_read_it(charts: Charts, name: str) -> None:
    revisions = dict.fromkeys(("supabase-auth", "supabase-rest", "supabase-gateway"), "1")
    before = annotations(charts.render("supabase", {"secretsRevisions": revisions}))

    after = annotations(charts.render("supabase", {"secretsRevisions": revisions | {name: "2"}}))

    assert [one for one in before if before[one] != after[one]] == [name]


def test_the_pooler_follows_its_own_secret_which_has_the_login_of_its_clients(
    charts: Charts,
) -> None:
    values = {"components": {"supavisor": {"enabled": True}}}

    def mark(**revisions: str) -> str:
        found = charts.render("supabase", values | {"secretsRevisions": revisions})
        return annotations(found)["supabase-supavisor"]["checksum/secrets"]

    readers = {one.secret: one for one in catalogue.consumers(catalogue.of(["supavisor"]))}
    found = references(charts.render("supabase", values), "supabase-supavisor")
    assert {(one["name"], one["key"]) for one in found} == {
        ("supabase-supavisor", key.name) for key in readers["supabase-supavisor"].keys
    }
    assert mark(**{"supabase-supavisor": "1", "supabase-meta": "2"}) == "1"


def test_the_jobs_follow_the_secrets_that_they_read(charts: Charts) -> None:
    revisions = {"supabase-database": "d1", "supabase-realtime": "r1"}

    rendering = charts.render("supabase", {"secretsRevisions": revisions})

    jobs = rendering.kind("Job")
    database = jobs["supabase-database"]["spec"]["template"]["metadata"]["annotations"]
    (container,) = jobs["supabase-realtime-tenant"]["spec"]["template"]["spec"]["containers"]
    assert database == {"checksum/secrets": "d1"}
    assert {"name": "REVISION", "value": "r1"} in container["env"]


def test_a_new_route_configuration_restarts_the_gateway_alone(charts: Charts) -> None:
    before = annotations(charts.render("supabase"))

    after = annotations(charts.render("supabase", {"hostname": "other.example.com"}))

    assert [name for name in before if before[name] != after[name]] == ["supabase-gateway"]


def test_two_pods_get_a_disruption_budget_and_one_does_not(charts: Charts) -> None:
    values = {"components": {"auth": {"replicas": 1}, "meta": {"replicas": 2}}}

    budgets = charts.render("supabase", values).kind("PodDisruptionBudget")

    assert "supabase-meta" in budgets
    assert "supabase-auth" not in budgets


def test_an_autoscaler_owns_the_number_of_pods(charts: Charts) -> None:
    bounds = {"min": 2, "max": 6, "cpuPercent": 70}

    rendering = charts.render("supabase", {"autoscaling": {"rest": bounds}})

    scaler = rendering.kind("HorizontalPodAutoscaler")["supabase-rest"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert "replicas" not in rendering.kind("Deployment")["supabase-rest"]["spec"]
    assert "supabase-rest" in rendering.kind("PodDisruptionBudget")


def test_a_scaled_component_with_one_pod_at_least_blocks_no_drain(charts: Charts) -> None:
    bounds = {"min": 1, "max": 6, "cpuPercent": 70}

    rendering = charts.render("supabase", {"autoscaling": {"rest": bounds}})

    assert "supabase-rest" not in rendering.kind("PodDisruptionBudget")


def test_callers_and_called_agree_on_the_arrows(charts: Charts) -> None:
    rendering = charts.render("supabase")

    outward = {arrow for arrow in arrows(rendering, "egress") if arrow[1] != "s3proxy"}

    assert outward == arrows(rendering, "ingress")


def test_optional_components_have_their_arrows(charts: Charts) -> None:
    components = {name: {"enabled": True} for name in ("supavisor", "analytics", "vector", "db")}

    drawn = arrows(charts.render("supabase", {"components": components}), "egress")

    assert {("vector", "analytics"), ("studio", "analytics"), ("supavisor", "db")} <= drawn
    assert {called for caller, called in drawn if caller == "rest"} == {"db"}


def test_the_test_calls_the_gateway_and_sees_what_s3proxy_refuses(charts: Charts) -> None:
    outward = arrows(charts.render("supabase"), "egress")

    assert {called for caller, called in outward if caller == "test"} == {"gateway", "s3proxy"}


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_component_has_a_policy_for_both_directions(charts: Charts, name: str) -> None:
    policy = charts.render("supabase").kind("NetworkPolicy")[f"supabase-{name}"]

    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_only_those_who_need_the_database_reach_it(charts: Charts) -> None:
    rendering = charts.render("supabase", {"database": {"cidrs": ["10.40.4.0/27"]}})

    reaching = {
        name
        for name, policy in rendering.kind("NetworkPolicy").items()
        if "10.40.4.0/27" in json.dumps(policy["spec"].get("egress"))
    }

    needing = ("auth", "rest", "realtime", "meta", "storage", "functions")
    assert reaching - {"supabase-database"} == {f"supabase-{name}" for name in needing}


def test_without_an_edge_nobody_outside_reaches_the_gateway(charts: Charts) -> None:
    policy = charts.render("supabase").kind("NetworkPolicy")["supabase-gateway"]

    rules = [rule for rule in policy["spec"]["ingress"] if rule["ports"] == [{"port": "http"}]]
    assert {name for rule in rules for peer in rule["from"] for name in peer} == {"podSelector"}


def test_the_edge_opens_the_gateway_for_the_named_alone(charts: Charts) -> None:
    edge = {
        "kind": "ingress",
        "namespaces": ["app-routing-system"],
        "ingress": {"className": "webapprouting.kubernetes.azure.com"},
    }

    policy = charts.render("supabase", {"edge": edge}).kind("NetworkPolicy")["supabase-gateway"]

    rules = [rule for rule in policy["spec"]["ingress"] if rule["ports"] == [{"port": "http"}]]
    outside = [peer for rule in rules for peer in rule["from"] if "podSelector" not in peer]
    labels = {"kubernetes.io/metadata.name": "app-routing-system"}
    assert outside == [{"namespaceSelector": {"matchLabels": labels}}]


def test_a_long_release_name_still_gives_valid_names(charts: Charts) -> None:
    release = "a" + "b" * 52

    rendering = charts.render("supabase", release=release)

    names = [item["metadata"]["name"] for item in rendering.objects]
    assert max(map(len, names)) <= 63
    assert f"{release}-gateway" in names


def test_components_find_each_other_whatever_the_release_is_called(charts: Charts) -> None:
    rendering = charts.render("supabase", release="blue")

    addresses = {
        address
        for pod in rendering.pods().values()
        for entry in pod["containers"][0]["env"]
        for address in re.findall(r"http://([a-z-]+)\.supabase\.svc", entry.get("value", ""))
    }
    assert {"blue-gateway", "blue-imgproxy", "blue-meta", "blue-rest"} <= addresses
    assert addresses <= set(rendering.kind("Service"))


def test_the_gateway_forwards_to_services_that_exist(charts: Charts) -> None:
    rendering = charts.render("supabase", release="blue")

    config = yaml.safe_load(rendering.files("blue-gateway")["envoy.yaml"])
    services = {
        f"{name}.supabase.svc.cluster.local": service["spec"]["ports"][0]["port"]
        for name, service in rendering.kind("Service").items()
    }
    for cluster in config["static_resources"]["clusters"][1:]:
        endpoint = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
        address = endpoint["address"]["socket_address"]
        assert services[address["address"]] == address["port_value"]


def test_the_notes_tell_how_to_ask_and_what_is_missing(charts: Charts) -> None:
    notes = charts.render("supabase").notes

    assert "helm test supabase --namespace supabase; " in notes
    assert "logs job/supabase-test" in notes  # `--logs` knows pods that are hooks, no Jobs.
    assert "Users cannot confirm their address" in notes


def test_every_pod_goes_where_its_operator_wants_it(charts: Charts) -> None:
    values = {
        "images": {"registry": "example.azurecr.io", "pullSecrets": ["registry"]},
        "scheduling": {"nodeSelector": {"pool": "users"}},
        "components": {"studio": {"scheduling": {"nodeSelector": {"pool": "system"}}}},
    }

    pods = charts.render("supabase", values).pods()

    assert pods.pop("supabase-studio")["nodeSelector"] == {"pool": "system"}
    for name, pod in pods.items():
        assert pod["nodeSelector"] == {"pool": "users"}, name
        assert pod["imagePullSecrets"] == [{"name": "registry"}], name
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            assert container["image"].startswith("example.azurecr.io/"), name


def test_a_copy_takes_the_place_of_the_host_that_published_it(charts: Charts) -> None:
    values = {
        "images": {"registry": "example.azurecr.io/copies"},
        "components": {"rest": {"image": "quay.io/postgrest/postgrest:v14.17"}},
    }

    container = charts.render("supabase", values).pods()["supabase-rest"]["containers"][0]

    assert container["image"] == "example.azurecr.io/copies/postgrest/postgrest:v14.17"
