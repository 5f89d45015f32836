"""What the platform chart promises: secrets from the vault, and a closed namespace."""

import json
import re
from typing import Any

import pytest
import yaml

from sandbox.cluster.controllers.external_secrets.templates import rendered
from tasks import catalogue
from tasks.catalogue import CATALOGUE
from tasks.external_secrets import part_of
from tests.chart.conftest import Charts

READERS = catalogue.consumers(CATALOGUE)


def test_each_consumer_has_a_secret_with_the_keys_that_the_catalogue_gives_it(
    charts: Charts,
) -> None:
    secrets = charts.render("platform").kind("ExternalSecret")

    found = {
        item["spec"]["target"]["name"]: list(item["spec"]["target"]["template"]["data"])
        for item in secrets.values()
    }
    assert found == {
        consumer.secret: [key.name for key in consumer.keys]
        for consumer in catalogue.consumers(CATALOGUE)
    }


def test_what_the_other_charts_ask_for_is_there(charts: Charts) -> None:
    held = {
        consumer.secret: {key.name for key in consumer.keys}
        for consumer in catalogue.consumers(CATALOGUE)
    }
    entries = [
        entry["valueFrom"]["secretKeyRef"]
        for chart in ("s3proxy", "supabase")
        for pod in charts.render(chart).pods().values()
        for container in pod["containers"] + pod.get("initContainers", [])
        for entry in container.get("env", [])
        if "secretKeyRef" in entry.get("valueFrom", {})
    ]

    missing = [
        entry
        for entry in entries
        if not entry.get("optional") and entry["key"] not in held.get(entry["name"], ())
    ]
    assert missing == []


def test_each_name_is_read_once_so_that_no_secret_mixes_two_versions(charts: Charts) -> None:
    for name, secret in charts.render("platform").kind("ExternalSecret").items():
        keys = next(one.keys for one in READERS if one.secret == name)
        read = [data["remoteRef"] for data in secret["spec"]["data"]]
        assert read == [{"key": one} for one in dict.fromkeys(key.remote for key in keys)]
        assert [data["secretKey"] for data in secret["spec"]["data"]] == [
            one["key"] for one in read
        ]


def test_the_operator_takes_out_what_sync_and_drift_expect_and_keeps_nothing_else(
    charts: Charts,
) -> None:
    names = {key.remote for reader in READERS for key in reader.keys}
    parts = [key for reader in READERS for key in reader.keys if key.part]
    held = {name: f"the value of {name}" for name in names}
    whole = json.dumps({key.part: f'<{key.part}> "ü\\n"' for key in parts})
    held |= {key.remote: whole for key in parts}

    secrets = charts.render("platform").kind("ExternalSecret")

    for reader in READERS:
        template = secrets[reader.secret]["spec"]["target"]["template"]
        read = {key.remote: held[key.remote] for key in reader.keys}
        assert template["mergePolicy"] == "Replace"
        assert {key: rendered(text, read) for key, text in template["data"].items()} == {
            key.name: part_of(held[key.remote], key) for key in reader.keys
        }


def test_the_vault_is_read_with_the_identity_that_azure_trusts(charts: Charts) -> None:
    rendering = charts.render("platform")

    account = rendering.kind("ServiceAccount")["vault-reader"]
    assert account["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": "00000000-0000-0000-0000-00000000beef",
        "azure.workload.identity/tenant-id": "00000000-0000-0000-0000-00000000cafe",
    }
    assert rendering.kind("SecretStore")["vault"]["spec"]["provider"]["azurekv"] == {
        "authType": "WorkloadIdentity",
        "vaultUrl": "https://supabase-dev-kv.vault.azure.net/",
        "serviceAccountRef": {"name": "vault-reader"},
    }


def test_a_secret_that_leaves_the_vault_stays_in_the_cluster(charts: Charts) -> None:
    secrets = charts.render("platform").kind("ExternalSecret").values()

    assert {item["spec"]["target"]["deletionPolicy"] for item in secrets} == {"Retain"}


def test_the_identity_of_the_nodes_is_named_since_nodes_have_several(charts: Charts) -> None:
    rendering = charts.render("platform", {"identity": "kubelet"})

    assert rendering.kind("ServiceAccount") == {}
    assert rendering.kind("SecretStore")["vault"]["spec"]["provider"]["azurekv"] == {
        "authType": "ManagedIdentity",
        "vaultUrl": "https://supabase-dev-kv.vault.azure.net/",
        "identityId": "00000000-0000-0000-0000-00000000beef",
        "tenantId": "00000000-0000-0000-0000-00000000cafe",
    }


@pytest.mark.parametrize(
    ("identity", "parameter"),
    [("workload", "clientID"), ("kubelet", "userAssignedIdentityID")],
)
def test_the_same_keys_are_offered_as_files_by_option(
    charts: Charts, identity: str, parameter: str
) -> None:
    values = {"csi": True, "identity": identity}

    rendering = charts.render("platform", values)

    classes = rendering.kind("SecretProviderClass")
    assert charts.render("platform").kind("SecretProviderClass") == {}
    assert set(classes) == set(rendering.kind("ExternalSecret"))
    given = classes["supabase-auth"]["spec"]["parameters"]
    assert given["keyvaultName"] == "supabase-dev-kv"
    assert given[parameter] == "00000000-0000-0000-0000-00000000beef"
    files = [yaml.safe_load(one) for one in yaml.safe_load(given["objects"])["array"]]
    # One file of each, although the Secret has several keys of it.
    assert [one["objectName"] for one in files] == ["jwt-set", "pg-auth"]


def test_what_the_namespace_may_take_covers_all_that_can_run_at_once(charts: Charts) -> None:
    """Every component at its largest, its next version beside it, and room for one more of each."""
    hard = charts.render("platform").kind("ResourceQuota")["supabase"]["spec"]["hard"]
    sums = {"requests.cpu": 0.0, "requests.memory": 0.0, "limits.memory": 0.0, "pods": 0.0}
    for chart in ("supabase", "s3proxy"):
        rendering = charts.render(chart)
        largest = {
            item["spec"]["scaleTargetRef"]["name"]: item["spec"]["maxReplicas"]
            for item in rendering.kind("HorizontalPodAutoscaler").values()
        }
        for name, spec in rendering.pods().items():
            deployment = rendering.kind("Deployment").get(name)
            replicas = largest.get(name) or (deployment or {}).get("spec", {}).get("replicas", 1)
            count = 2 * (replicas + 1) if deployment else 1
            sums["pods"] += count
            for container in spec["containers"]:
                given = container["resources"]
                sums["requests.cpu"] += count * amount(given["requests"]["cpu"])
                sums["requests.memory"] += count * amount(given["requests"]["memory"])
                sums["limits.memory"] += count * amount(given["limits"]["memory"])

    assert [name for name, used in sums.items() if used > amount(hard[name])] == []


def amount(text: str) -> float:
    units = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
    number, unit = re.fullmatch(r"([0-9.]+)(\D*)", text).groups()  # type: ignore[union-attr] # It is one.
    return float(number) * units.get(unit, 1)


def test_a_container_that_says_nothing_is_not_refused_by_the_quota(charts: Charts) -> None:
    rendering = charts.render("platform")

    (range_,) = rendering.kind("LimitRange")["containers"]["spec"]["limits"]
    told = {f"requests.{name}" for name in range_["defaultRequest"]} | {
        f"limits.{name}" for name in range_["default"]
    }
    assert told == set(rendering.kind("ResourceQuota")["supabase"]["spec"]["hard"]) - {"pods"}


@pytest.mark.parametrize("part", ["quota", "containers"])
def test_a_limit_goes_by_option(charts: Charts, part: str) -> None:
    kind = {"quota": "ResourceQuota", "containers": "LimitRange"}[part]

    assert charts.render("platform", {part: {"enabled": False}}).kind(kind) == {}


def test_monitors_name_ports_that_their_pods_have(charts: Charts) -> None:
    """The operator's pods are not ours; what is not installed is not looked for."""
    monitors = charts.render("platform", {"monitors": {"create": "always"}}).kind("PodMonitor")
    canary = {"strategy": "canary", "image": "postgrest/postgrest:v14.18", "weight": 10}
    supabase = charts.render("supabase", {"progressive": {"rest": canary}})
    pods = supabase.kind("Deployment").values()
    watched = set()

    assert {"gateway", "realtime", "external-secrets"} <= set(monitors)
    assert monitors["external-secrets"]["spec"]["namespaceSelector"] == {
        "matchNames": ["external-secrets"]
    }
    for name, monitor in monitors.items():
        selector = monitor["spec"]["selector"]
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        for item in pods:
            template = item["spec"]["template"]
            if chosen(selector, template["metadata"]["labels"]):
                watched.add(item["metadata"]["name"])
                (container,) = template["spec"]["containers"]
                assert endpoint["port"] in {port["name"] for port in container["ports"]}, name
    assert {"supabase-rest", "supabase-rest-next"} <= watched


def chosen(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    return selector["matchLabels"].items() <= labels.items() and all(
        labels.get(term["key"]) in term["values"] for term in selector.get("matchExpressions", [])
    )


def test_the_token_of_a_monitor_is_in_a_secret_that_is_made(charts: Charts) -> None:
    rendering = charts.render("platform", {"monitors": {"create": "always"}})

    (endpoint,) = rendering.kind("PodMonitor")["realtime"]["spec"]["podMetricsEndpoints"]
    given = endpoint["authorization"]["credentials"]
    secret = rendering.kind("ExternalSecret")[given["name"]]
    assert list(secret["spec"]["target"]["template"]["data"]) == [given["key"]]


def test_a_cluster_without_managed_prometheus_gets_no_monitors(charts: Charts) -> None:
    assert charts.render("platform").kind("PodMonitor") == {}


def test_the_namespace_is_closed_but_for_dns(charts: Charts) -> None:
    policies = charts.render("platform").kind("NetworkPolicy")

    closed, dns = policies["default-deny"]["spec"], policies["allow-dns"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert dns["podSelector"] == {}
    assert [{port["port"] for port in rule["ports"]} for rule in dns["egress"]] == [{53}]
