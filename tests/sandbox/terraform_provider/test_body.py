"""Values find their way into bodies of Azure and back."""

from typing import Any

import pytest

from sandbox.terraform_provider import body, catalog
from sandbox.terraform_provider.engine import shape
from sandbox.terraform_provider.tree import conform

CLUSTER = "azurerm_kubernetes_cluster"


def written(type_name: str, prior: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """What is sent for these values."""
    nodes = shape("resource_schemas", type_name)
    made: dict[str, Any] = {"properties": {}}
    before = conform(nodes, prior) if prior is not None else None
    body.encode(nodes, conform(nodes, values), made, before)
    return made


def read(type_name: str, found: dict[str, Any], **prior: Any) -> dict[str, Any]:
    """What state says about a body."""
    nodes = shape("resource_schemas", type_name)
    return body.decode(nodes, found, conform(nodes, prior), {})


def test_a_path_grows_objects_and_lists() -> None:
    made: dict[str, Any] = {}

    body.put(made, "properties.pools.1.name", "user")

    assert made == {"properties": {"pools": [{}, {"name": "user"}]}}


def test_removing_what_is_not_there_leaves_no_trace() -> None:
    made: dict[str, Any] = {}

    body.put(made, "properties.pools.name", None)

    assert made == {}


@pytest.mark.parametrize(
    ("attribute", "value", "path", "sent"),
    [
        ("run_command_enabled", True, "properties.apiServerAccessProfile.disableRunCommand", False),
        (
            "private_dns_zone_id",
            "System",
            "properties.apiServerAccessProfile.privateDNSZone",
            "system",
        ),
        ("location", "West Europe", "location", "westeurope"),
        ("oidc_issuer_enabled", True, "properties.oidcIssuerProfile.enabled", True),
    ],
)
def test_a_value_is_written_where_azure_looks_for_it_and_read_back(
    attribute: str, value: Any, path: str, sent: Any
) -> None:
    made = written(CLUSTER, **{attribute: value})

    assert body.get(made, path) == sent
    assert read(CLUSTER, made, **{attribute: value})[attribute] == (
        "westeurope" if attribute == "location" else value
    )


def test_an_attribute_without_an_entry_follows_the_convention() -> None:
    made = written("azurerm_network_security_rule", source_port_range="*")

    assert made["properties"] == {"sourcePortRange": "*"}


def test_a_removed_switch_is_turned_off() -> None:
    made = written(CLUSTER, {"azure_policy_enabled": True})

    assert made["properties"]["addonProfiles"]["azurepolicy"]["enabled"] is False


def test_a_removed_block_says_off_where_azure_has_a_word_for_it() -> None:
    made = written(CLUSTER, {"key_vault_secrets_provider": [{"secret_rotation_enabled": True}]})

    addon = made["properties"]["addonProfiles"]["azureKeyvaultSecretsProvider"]
    assert addon == {"enabled": False}


def test_an_addon_that_is_off_is_no_block() -> None:
    found = {"properties": {"addonProfiles": {"omsagent": {"enabled": False}}}}

    assert read(CLUSTER, found)["oms_agent"] == []


def test_an_identity_of_no_type_is_no_block() -> None:
    assert read("azurerm_storage_account", {"identity": {"type": "None"}})["identity"] == []


def test_a_secret_that_azure_keeps_to_itself_stays_in_state() -> None:
    state = read("azurerm_postgresql_flexible_server", {}, administrator_password="known")

    assert state["administrator_password"] == "known"


def test_elements_keep_the_order_of_state() -> None:
    rules = [{"name": name, "properties": {"priority": 1}} for name in ("a", "b", "c")]
    prior = [{"name": "c"}, {"name": "a"}]

    state = read(
        "azurerm_network_security_group",
        {"properties": {"securityRules": rules}},
        security_rule=prior,
    )

    assert [rule["name"] for rule in state["security_rule"]] == ["c", "a", "b"]


def test_an_element_keeps_what_only_azure_says_about_it() -> None:
    nodes = shape("resource_schemas", "azurerm_network_security_group")
    made: dict[str, Any] = {"properties": {"securityRules": [{"name": "a", "etag": "1"}]}}

    body.encode(nodes, conform(nodes, {"security_rule": [{"name": "a", "priority": 7}]}), made)

    rule = made["properties"]["securityRules"][0]
    assert rule["etag"] == "1"
    assert rule["properties"]["priority"] == 7


@pytest.mark.parametrize("type_name", sorted(catalog.schema()["resource_schemas"]))
def test_every_type_reads_an_empty_body(type_name: str) -> None:
    state = read(type_name, {"properties": {}})

    nodes = shape("resource_schemas", type_name)
    assert conform(nodes, state) == state
