"""What the platform chart promises: secrets from the vault, and a closed namespace."""

from tasks import catalogue
from tasks.catalogue import CATALOGUE
from tests.chart.conftest import Charts


def test_each_consumer_has_a_secret_with_the_keys_that_the_catalogue_gives_it(
    charts: Charts,
) -> None:
    secrets = charts.render("platform").kind("ExternalSecret")

    found = {
        item["spec"]["target"]["name"]: [data["secretKey"] for data in item["spec"]["data"]]
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


def test_the_s3_credentials_are_two_parts_of_one_value(charts: Charts) -> None:
    secret = charts.render("platform").kind("ExternalSecret")["s3proxy"]

    assert [
        data["remoteRef"] for data in secret["spec"]["data"] if "property" in data["remoteRef"]
    ] == [
        {"key": "supabase-storage-creds", "property": "keyId"},
        {"key": "supabase-storage-creds", "property": "accessKey"},
    ]


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


def test_the_namespace_is_closed_but_for_dns(charts: Charts) -> None:
    policies = charts.render("platform").kind("NetworkPolicy")

    closed, dns = policies["default-deny"]["spec"], policies["allow-dns"]["spec"]
    assert closed == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert dns["podSelector"] == {}
    assert [{port["port"] for port in rule["ports"]} for rule in dns["egress"]] == [{53}]
