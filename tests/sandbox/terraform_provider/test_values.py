"""Values that azurerm refuses are refused while planning, in its words and at their place."""

from typing import Any

import pytest

from sandbox.terraform_provider import catalog, validation
from sandbox.terraform_provider.errors import Path, ProviderError
from sandbox.terraform_provider.values import UNKNOWN

GROUP = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/lab"
SUBNET = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet/subnets/nodes"


def refused(type_name: str, **configuration: Any) -> list[ProviderError]:
    rules = catalog.rules(type_name)
    return list(
        validation.check_values(catalog.value_rules(), type_name, rules, dict(configuration))
    )


def nested(path: str, value: Any) -> dict[str, Any]:
    """The configuration that has a value at `network_acls.0.ip_rules.0`."""
    for part in reversed(path.split(".")):
        value = [value] if part.isdigit() else {part: value}
    return dict(value)


@pytest.mark.parametrize(
    ("type_name", "path", "value", "complaint"),
    [
        (
            "azurerm_key_vault",
            "name",
            "a-vault-of-a-name-that-is-too-long",
            (
                '"name" may only contain alphanumeric characters and dashes and must be between '
                "3-24 chars"
            ),
        ),
        ("azurerm_key_vault", "name", "a--b", '"name" cannot contain consecutive hyphens ("--")'),
        (
            "azurerm_key_vault",
            "sku_name",
            "Standard",
            'expected sku_name to be one of ["standard" "premium"], got Standard',
        ),
        (
            "azurerm_key_vault",
            "soft_delete_retention_days",
            6,
            "expected soft_delete_retention_days to be in the range (7 - 90), got 6",
        ),
        (
            "azurerm_key_vault",
            "network_acls.0.default_action",
            "deny",
            'expected network_acls.0.default_action to be one of ["Allow" "Deny"], got deny',
        ),
        (
            "azurerm_storage_account",
            "name",
            "Capital",
            (
                'name ("Capital") can only consist of lowercase letters and numbers, and must be '
                "between 3 and 24 characters long"
            ),
        ),
        (
            "azurerm_storage_account",
            "network_rules.0.ip_rules.0",
            "10.1.2.3",
            '"network_rules.0.ip_rules.0" must be public ip address but got "10.1.2.3"',
        ),
        (
            "azurerm_container_registry",
            "name",
            "with-dash",
            "invalid value for name (alpha numeric characters only are allowed)",
        ),
        (
            "azurerm_kubernetes_cluster",
            "default_node_pool.0.name",
            "Nodes",
            (
                "invalid value for default_node_pool.0.name (must begin with a lowercase letter, "
                "contain only lowercase letters and numbers and be between 1 and 12 characters in "
                "length)"
            ),
        ),
        (
            "azurerm_kubernetes_cluster",
            "network_profile.0.service_cidr",
            "10.0.0.0/33",
            (
                "network_profile.0.service_cidr must start with IPV4 address and/or slash, number "
                'of bits (0-32) as prefix. Example: 127.0.0.1/8. Got "10.0.0.0/33"'
            ),
        ),
        (
            "azurerm_kubernetes_cluster",
            "maintenance_window_auto_upgrade.0.duration",
            3,
            (
                "expected maintenance_window_auto_upgrade.0.duration to be in the range (4 - 24), "
                "got 3"
            ),
        ),
        (
            "azurerm_postgresql_flexible_server",
            "storage_mb",
            40000,
            (
                "expected storage_mb to be one of [32768 65536 131072 262144 524288 1048576 "
                "2097152 4193280 4194304 8388608 16777216 33553408], got 40000"
            ),
        ),
        (
            "azurerm_postgresql_flexible_server",
            "sku_name",
            "Standard_D2ds_v5",
            '"sku_name" is not a valid sku name, got Standard_D2ds_v5',
        ),
        (
            "azurerm_postgresql_flexible_server",
            "administrator_login",
            "supabase",
            None,
        ),
        (
            "azurerm_postgresql_flexible_server",
            "administrator_login",
            "Root",
            '- PostgreSQL AD Administrator login can not be "Root"',
        ),
        (
            "azurerm_postgresql_flexible_server_database",
            "collation",
            "en_US.utf-8",
            "collation contains unknown collation en_US.utf-8",
        ),
        (
            "azurerm_log_analytics_workspace",
            "daily_quota_gb",
            -2,
            "expected daily_quota_gb to be at least (-1.000000), got -2.000000",
        ),
        (
            "azurerm_monitor_metric_alert",
            "window_size",
            "PT7M",
            (
                'expected window_size to be one of ["PT1M" "PT5M" "PT15M" "PT30M" "PT1H" "PT6H" '
                '"PT12H" "P1D"], got PT7M'
            ),
        ),
        (
            "azurerm_key_vault",
            "tenant_id",
            "tenant",
            'expected "tenant_id" to be a valid UUID, got tenant',
        ),
        (
            "azurerm_consumption_budget_resource_group",
            "time_period.0.start_date",
            "2026-11-02T00:00:00Z",
            '"time_period.0.start_date" must be first of the month',
        ),
        (
            "azurerm_monitor_action_group",
            "webhook_receiver.0.service_uri",
            "ftp://example.com/hook",
            (
                'expected "webhook_receiver.0.service_uri" to have a url with schema of: '
                '"http,https", got ftp://example.com/hook'
            ),
        ),
        ("azurerm_kubernetes_cluster", "private_dns_zone_id", "System", None),
        ("azurerm_subnet_route_table_association", "subnet_id", SUBNET, None),
        ("azurerm_management_lock", "notes", "", None),
        ("azurerm_storage_account", "tags", {"a": "b"}, None),
    ],
)
def test_a_value_is_judged_as_azurerm_judges_it(
    type_name: str, path: str, value: Any, complaint: str | None
) -> None:
    told = [error.summary for error in refused(type_name, **nested(path, value))]

    assert told == ([complaint] if complaint else [])


@pytest.mark.parametrize(
    ("type_name", "path", "place"),
    [
        (
            "azurerm_kubernetes_cluster",
            "default_node_pool.0.os_disk_type",
            ("default_node_pool", 0, "os_disk_type"),
        ),
        (
            "azurerm_storage_account",
            "network_rules.0.bypass.0",
            ("network_rules", 0, "bypass"),
        ),
        (
            "azurerm_network_security_group",
            "security_rule.0.access",
            ("security_rule", "access"),
        ),
    ],
    ids=["in a block", "in a set, whose elements have no path", "in a block that is a set"],
)
def test_a_complaint_points_to_its_attribute(type_name: str, path: str, place: Path) -> None:
    found = refused(type_name, **nested(path, "no-such-choice"))

    assert [error.path for error in found] == [place]


@pytest.mark.parametrize(
    "path", ["name", "network_acls", "network_acls.0", "network_acls.0.bypass"]
)
def test_what_is_not_known_yet_passes(path: str) -> None:
    assert refused("azurerm_key_vault", **nested(path, UNKNOWN)) == []


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("", 'parsing "": cannot parse an empty string'),
        (GROUP, "the number of segments didn't match\n\nExpected a Subnet ID"),
        (
            SUBNET.replace("subnets", "networks"),
            (
                'parsing segment "subnets": parsing the Subnet ID: the segment at position 8 '
                "didn't match"
            ),
        ),
        (f"{SUBNET}/more", 'unexpected segment "more" present at the end of the URI'),
        (
            SUBNET.replace("vnet", ""),
            (
                "(which should be the user specified value for this virtualNetwork [for example "
                '"virtualNetworksValue"])'
            ),
        ),
    ],
    ids=["empty", "too short", "of another type", "too long", "without a name"],
)
def test_an_id_of_something_else_is_refused_segment_by_segment(value: str, complaint: str) -> None:
    (found,) = refused("azurerm_subnet_route_table_association", subnet_id=value)

    assert complaint in found.summary
    assert found.path == ("subnet_id",)


def test_a_resource_that_may_be_of_any_type_needs_an_id_of_pairs() -> None:
    (found,) = refused("azurerm_monitor_metric_alert", scopes=["not-an-id"])

    assert found.summary == (
        'cannot parse "scopes.0" as a resource id: cannot parse Azure ID: parse "not-an-id": '
        "invalid URI for request"
    )


def test_too_long_tags_are_refused() -> None:
    (found,) = refused("azurerm_key_vault", tags={"owner": "x" * 257})

    assert found.summary == (
        'the maximum length for a tag value is 256 characters: the value for "owner" is 257 '
        "characters"
    )


@pytest.mark.parametrize("type_name", sorted(catalog.value_rules().types))
def test_a_rule_for_values_names_an_attribute_of_its_type(type_name: str) -> None:
    for path in catalog.value_rules().of(type_name):
        members: Any = catalog.rules(type_name)
        for part in path.removesuffix("[]").split("."):
            assert part in members, f"{type_name}: {path}"
            members = members[part].get("elem")
