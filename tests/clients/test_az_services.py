"""`az storage account`, `az postgres flexible-server` and `az acr`."""

from typing import Any

import pytest

from tests.clients.azure_cli import Az
from tests.clients.conftest import LOCATION

CHART = "external-secrets/charts/external-secrets"


# --- Storage -------------------------------------------------------------------------------------


def test_a_storage_account_has_two_keys_that_are_renewed_one_by_one(az: Az, group: str) -> None:
    name = ("--account-name", "labazstore")
    made = az("storage", "account", "create", "-g", group, "--name", "labazstore", "-l", LOCATION)
    first = az("storage", "account", "keys", "list", *name)
    second = az("storage", "account", "keys", "renew", *name, "--key", "key2")

    assert az("storage", "account", "show", "--name", "labazstore")["id"] == made["id"]
    assert az("storage", "account", "list", "--query", "[].id") == [made["id"]]
    assert [key["keyName"] for key in first] == ["key1", "key2"]
    assert second[0]["value"] == first[0]["value"]
    assert second[1]["value"] != first[1]["value"]


# --- PostgreSQL ----------------------------------------------------------------------------------


SERVER = ("--resource-group", "lab", "--name", "lab-az-pg")
SETTING = ("--resource-group", "lab", "--server-name", "lab-az-pg", "--name", "wal_level")


@pytest.fixture(scope="module")
def server(az: Az, group: str) -> dict[str, Any]:
    """A server for which `az` chose the size and the version."""
    assert group == "lab"
    made: dict[str, Any] = az(
        *("postgres", "flexible-server", "create", *SERVER, "--location", LOCATION, "--yes"),
        *("--admin-user", "supabase", "--admin-password", "a-Long-passw0rd"),
        *("--public-access", "None"),
    )
    return made


@pytest.mark.usefixtures("server")
def test_a_server_is_made_with_what_its_region_offers(az: Az) -> None:
    shown = az("postgres", "flexible-server", "show", *SERVER)

    assert (shown["state"], shown["sku"]["tier"]) == ("Ready", "GeneralPurpose")
    assert shown["fullyQualifiedDomainName"] == "lab-az-pg.postgres.database.azure.com"
    assert az("postgres", "flexible-server", "list", "--query", "[].id") == [shown["id"]]


@pytest.mark.usefixtures("server")
def test_a_parameter_is_read_and_set_and_holds_over_a_restart(az: Az) -> None:
    parameter = ("postgres", "flexible-server", "parameter")
    names = az(*parameter, "list", *SETTING[:4], "--query", "[].name")
    before = az(*parameter, "show", *SETTING)
    changed = az(*parameter, "set", *SETTING, "--value", "logical")
    az("postgres", "flexible-server", "restart", *SERVER)

    assert {"wal_level", "azure.extensions"} <= set(names)
    assert (before["value"], changed["value"]) == ("replica", "logical")
    assert az(*parameter, "show", *SETTING)["isConfigPendingRestart"] is False


def test_a_server_of_an_unknown_size_is_not_even_asked_for(az: Az, group: str) -> None:
    said = az.refused(
        *("postgres", "flexible-server", "create", "--resource-group", group, "--yes"),
        *("--name", "lab-az-odd", "--location", LOCATION, "--sku-name", "Standard_Odd"),
        *("--admin-password", "a-Long-passw0rd", "--public-access", "None"),
    )

    assert "Invalid value for --sku-name" in said


# --- Registries ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry(az: Az, group: str) -> str:
    """A registry with the operator's chart, fetched from the public registry."""
    az("acr", "create", "--resource-group", group, "--name", "labazacr", "--sku", "Basic")
    az("acr", "import", "--name", "labazacr", "--source", f"ghcr.io/{CHART}:2.9.0")
    return "labazacr"


def test_an_imported_chart_is_in_the_catalogue_with_its_tag(az: Az, registry: str) -> None:
    repository = ("--name", registry, "--repository", CHART)

    assert az("acr", "repository", "list", "--name", registry) == [CHART]
    assert az("acr", "repository", "show-tags", *repository) == ["2.9.0"]
    assert az("acr", "repository", "show", *repository)["tagCount"] == 1


def test_what_is_nowhere_cannot_be_imported(az: Az, registry: str) -> None:
    words = ("acr", "import", "--name", registry, "--source")

    twice = az.refused(*words, f"ghcr.io/{CHART}:2.9.0")
    unknown = az.refused(*words, f"ghcr.io/{CHART}:0.0.1")
    elsewhere = az.refused(*words, "registry.example.com/library/nginx:latest")

    assert "already exists in target registry" in twice
    assert "manifest unknown" in unknown
    assert "not from 'registry.example.com'" in elsewhere


def test_a_registry_is_listed_and_gives_a_token_to_those_with_a_role(az: Az, registry: str) -> None:
    token = az("acr", "login", "--name", registry, "--expose-token")

    assert az("acr", "list", "--query", "[].name") == [registry]
    assert token["loginServer"] == "labazacr.azurecr.io"
    assert az("acr", "show", "--name", registry)["loginServer"] == token["loginServer"]


def test_an_image_is_deleted_from_its_registry(az: Az, registry: str) -> None:
    words = ("--name", registry, "--source", f"{registry}.azurecr.io/{CHART}:2.9.0")
    az("acr", "import", *words, "--image", "copy:1")
    az("acr", "repository", "delete", "--name", registry, "--image", "copy:1", "--yes")

    assert az("acr", "repository", "list", "--name", registry) == [CHART]
