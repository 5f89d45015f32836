"""Bad input is refused before anything is built: with the value, the rule and the remedy."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.flows.conftest import Ended, Place

pytestmark = pytest.mark.flows
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-00000000babe"
OTHER = f"{SUBSCRIPTION}/resourceGroups/other"
VAULT = f"{OTHER}/providers/Microsoft.KeyVault/vaults/supabase-bad-kv"
MUCH_WANTED = """
name     = "supabase-bad"
location = "westus"
vault    = { purge_protection = false, retention_days = 7 }
cluster = {
  version = "1.29"
  system  = { size = "Standard_D4s_v9" }
  pools   = { apps = { max = 40 } }
}
database = { sku = "GP_Standard_D64s_v3", storage_gb = 32 }
"""
SPEAKS_AGAINST_IT = {
    "a region without zones": (
        "Region westus has no availability zones: ",
        "Choose a region with zones, such as centralus",
    ),
    "an unknown size": (
        "Node pool system: size Standard_D4s_v9 does not exist in westus.",
        "Did you mean Standard_D4s_v",
    ),
    "too many cores for the quota": (
        "westus: 176 more cores are needed (apps 40 + 4 for upgrades, 4 each), and 0 of 100 are",
        "Ask for 176 cores",
    ),
    "an old version of Kubernetes": (
        "cluster.version is 1.29, which AKS does not offer in westus.",
        "Offered are 1.3",
    ),
    "an unknown size of database": (
        "database.sku asks for GeneralPurpose Standard_D64s_v3",
        "Offered of GeneralPurpose are Standard_D2ds_v5",
    ),
    "a storage account of somebody else": (
        "The storage account name supabasebadstg is taken in Azure",
        "Set `suffix` in the tfvars file",
    ),
    "a vault that was deleted elsewhere": (
        "The vault supabase-bad-kv was deleted and is kept in eastus until ",
        "`az keyvault recover -n supabase-bad-kv -l eastus`), purge it (`deleted_vault: purge` in",
    ),
}


class Azure:
    """The cloud, as somebody else in the subscription uses it."""

    def __init__(self, place: Place) -> None:
        given = place.variables
        self.client = httpx.Client(
            proxy=given["HTTPS_PROXY"],
            verify=ssl.create_default_context(cafile=given["SSL_CERT_FILE"]),
            trust_env=False,
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": given["ARM_CLIENT_ID"],
            "client_secret": given["ARM_CLIENT_SECRET"],
            "scope": "https://management.azure.com/.default",
        }
        address = f"https://login.microsoftonline.com/{given['ARM_TENANT_ID']}/oauth2/v2.0/token"
        token = self.client.post(address, data=form).json()["access_token"]
        self.client.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        address = f"https://management.azure.com{path}"
        answer = self.client.request(
            method, address, params={"api-version": "2023-07-01"}, json=body
        )
        assert answer.is_success, answer.text
        return answer


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 0.04


@pytest.fixture(scope="module")
def azure(place: Place) -> Iterator[Azure]:
    found = Azure(place)
    tenant = place.variables["ARM_TENANT_ID"]
    found.ask("PUT", OTHER, {"location": "eastus"})
    vault = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}}
    found.ask("PUT", VAULT, {"location": "eastus", "properties": vault})
    found.ask("DELETE", VAULT)
    account = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    path = f"{OTHER}/providers/Microsoft.Storage/storageAccounts/supabasebadstg"
    found.ask("PUT", path, account)
    yield found
    found.client.close()


def tfvars(place: Place, text: str) -> str:
    path = place.folder / "bad.tfvars"
    path.write_text(text)
    return str(path)


def written(place: Place) -> list[str]:
    """What was made or changed in the cloud, other than by `Azure` above."""
    return [
        request["path"]
        for request in place.requests()
        if request["method"] in {"PUT", "PATCH", "DELETE"} and "/other" not in request["path"]
    ]


@pytest.fixture(scope="module")
def refused(place: Place, azure: Azure) -> Ended:
    """A preflight against which everything speaks at once."""
    del azure
    place.environment("bad")
    return place.run("preflight", "--environment", "bad", TFVARS_FILE=tfvars(place, MUCH_WANTED))


@pytest.mark.parametrize("what", SPEAKS_AGAINST_IT)
def test_what_azure_would_refuse_is_told_with_value_rule_and_remedy(
    refused: Ended, what: str
) -> None:
    problem, remedy = SPEAKS_AGAINST_IT[what]

    assert problem in refused.text
    assert remedy in refused.text


def test_everything_is_told_at_once_and_nothing_was_built(place: Place, refused: Ended) -> None:
    assert refused.code == 2
    assert f"{len(SPEAKS_AGAINST_IT)} things speak against deploying bad:" in refused.text
    assert written(place) == []


def test_values_that_either_stack_refuses_are_told_before_anything_is_built(place: Place) -> None:
    place.environment("bad")
    wrong = (
        'name = "Supabase"\nlocation = "Central US"\ncluster = { system = { min = 5, max = 2 } }'
    )

    ended = place.run("preflight", "--environment", "bad", TFVARS_FILE=tfvars(place, wrong))

    assert ended.code == 2, ended.text
    assert 'name is "Supabase" (8 signs); it must have' in ended.text
    assert 'location is "Central US"; write the region in its short form' in ended.text
    assert "This was checked by" not in ended.text
    assert written(place) == []


def test_a_disabled_subscription_and_a_service_that_nobody_may_register(
    place: Place, tmp_path: Path, azure: Azure
) -> None:
    place.environment("bad")
    azure.ask("POST", f"{SUBSCRIPTION}/providers/Microsoft.ContainerService/unregister")
    refusal = {"status": 403, "code": "AuthorizationFailed", "message": "Not you."}
    disabled = {"subscriptionId": SUBSCRIPTION, "displayName": "Lab", "state": "Disabled"}
    faults = [
        {"when": {"method": "POST", "path": "*/register"}, "then": {"answer": refusal}},
        {
            "when": {"method": "GET", "path": SUBSCRIPTION},
            "calls": 1,
            "then": {"answer": {"status": 200, "body": disabled}},
        },
    ]
    plan = tmp_path / "faults.yaml"
    plan.write_text(yaml.safe_dump({"faults": faults}))
    place.sandbox("faults", "plan", str(plan))

    first = place.run("preflight", "--environment", "bad")
    second = place.run("preflight", "--environment", "bad")
    place.sandbox("faults", "clear")

    assert (first.code, second.code) == (2, 2), first.text + second.text
    assert "(Lab) is Disabled; Azure makes changes only in one that is Enabled." in first.text
    assert "Reactivate it in the portal" in first.text
    assert "is not registered for Microsoft.ContainerService, and these credentials" in second.text
    assert "--namespace Microsoft.ContainerService --wait" in second.text


def test_a_service_is_registered_and_a_deleted_vault_of_ours_is_announced(
    place: Place, azure: Azure
) -> None:
    place.environment("sandbox")
    space = f"{SUBSCRIPTION}/providers/Microsoft.ContainerService"
    azure.ask("POST", f"{space}/unregister")
    group = f"{SUBSCRIPTION}/resourceGroups/supabase-sandbox-rg"
    vault = f"{group}/providers/Microsoft.KeyVault/vaults/supabase-sandbox-kv"
    tenant = place.variables["ARM_TENANT_ID"]
    properties = {"tenantId": tenant, "sku": {"family": "A", "name": "standard"}}
    azure.ask("PUT", group, {"location": "centralus"})
    azure.ask("PUT", vault, {"location": "centralus", "properties": properties})
    azure.ask("DELETE", vault)
    azure.ask("DELETE", group)

    ended = place.run("preflight", "--environment", "sandbox")

    assert ended.code == 0, ended.text
    assert "Microsoft.ContainerService is being registered with the subscription." in ended.text
    assert azure.ask("GET", space).json()["registrationState"] == "Registered"
    assert "the deploy recovers it, with what was in it." in ended.text


def test_a_deleted_vault_is_purged_with_a_persons_word_only(place: Place, azure: Azure) -> None:
    """Goes on from the vault that the test before has deleted."""
    place.environment("sandbox", deleted_vault="purge")

    refused = place.run("provision", "--environment", "sandbox")

    deleted = f"{SUBSCRIPTION}/providers/Microsoft.KeyVault/deletedVaults"
    names = [entry["name"] for entry in azure.ask("GET", deleted).json()["value"]]
    assert refused.code == 1, refused.text
    assert "Purge the deleted vault supabase-sandbox-kv for good? Nobody is here" in refused.text
    assert "supabase-sandbox-kv" in names
