"""What the real Terraform makes of the stand-in: init, plan, apply, import, destroy."""

import json
from typing import Any

import pytest

GROUP = """
resource "azurerm_resource_group" "this" {
  name     = "lab"
  location = "West Europe"
}
"""
NETWORK = (
    GROUP
    + """
resource "azurerm_virtual_network" "this" {
  name                = "vnet"
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  address_space       = ["10.0.0.0/16", "10.1.0.0/16"]
}
resource "azurerm_subnet" "this" {
  name                 = "subnet"
  resource_group_name  = azurerm_resource_group.this.name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.0.0/24"]
}
resource "azurerm_network_security_group" "this" {
  name                = "rules"
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name

  security_rule {
    name                       = "web"
    description                = "What the schema must not have lost."
    priority                   = 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    source_address_prefix      = "*"
    destination_port_ranges    = ["443", "80"]
    destination_address_prefix = "*"
  }
}
resource "azurerm_subnet_network_security_group_association" "this" {
  subnet_id                 = azurerm_subnet.this.id
  network_security_group_id = azurerm_network_security_group.this.id
}
"""
)
RULES = "/providers/microsoft.network/networksecuritygroups/rules"
PARENT = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourcegroups/lab"
SERVER = (
    GROUP
    + """
resource "azurerm_postgresql_flexible_server" "this" {
  name                              = "server"
  location                          = azurerm_resource_group.this.location
  resource_group_name               = azurerm_resource_group.this.name
  version                           = "16"
  administrator_login               = "supabase"
  administrator_password_wo         = "A-Password-0"
  administrator_password_wo_version = 1
  sku_name                          = "GP_Standard_D2ds_v5"
  storage_mb                        = 32768
}
"""
)


def test_after_an_apply_there_is_nothing_to_do(project: Any) -> None:
    project.write(NETWORK)

    project.apply()

    assert project.plan() == []


def test_a_list_in_another_order_is_no_change_where_order_means_nothing(project: Any) -> None:
    project.write(NETWORK)
    project.apply()
    project.write(NETWORK.replace('"443", "80"', '"80", "443"'))

    assert project.plan() == []


def test_a_change_by_hand_is_shown_and_repaired(project: Any, arm: Any) -> None:
    project.write(NETWORK)
    project.apply()
    arm.stored[PARENT + RULES]["properties"]["securityRules"][0]["properties"]["access"] = "Deny"

    assert project.plan() == ["azurerm_network_security_group.this: update"]

    project.apply()

    rule = arm.stored[PARENT + RULES]["properties"]["securityRules"][0]
    assert rule["properties"]["access"] == "Allow"


def test_another_name_is_another_resource(project: Any) -> None:
    project.write(NETWORK)
    project.apply()
    project.write(NETWORK.replace('"subnet"', '"other"'))

    assert project.plan() == [
        "azurerm_subnet.this: delete create",
        "azurerm_subnet_network_security_group_association.this: delete create",
    ]


def test_a_resource_moves_to_another_address_and_is_replaced_on_request(project: Any) -> None:
    project.write(GROUP)
    project.apply()
    moved = "moved {\n  from = azurerm_resource_group.this\n  to = azurerm_resource_group.that\n}\n"
    project.write(GROUP.replace('"this"', '"that"') + moved)

    assert project.plan() == []
    assert project.plan("-replace=azurerm_resource_group.that") == [
        "azurerm_resource_group.that: delete create"
    ]


def test_a_refresh_takes_over_what_was_changed_by_hand(project: Any, arm: Any) -> None:
    project.write(GROUP)
    project.apply()
    arm.stored[PARENT]["tags"] = {"by": "hand"}

    done = project.run("apply", "-refresh-only", "-auto-approve")

    assert done.returncode == 0, done.stderr
    assert '"by": "hand"' in (project.folder / "terraform.tfstate").read_text()


def test_a_value_that_azurerm_refuses_ends_validation_at_its_line(project: Any) -> None:
    project.write(SERVER.replace("GP_Standard_D2ds_v5", "Standard_D2ds_v5"))

    done = project.run("validate")

    assert '"sku_name" is not a valid sku name, got Standard_D2ds_v5' in done.stderr
    assert 'sku_name                          = "Standard_D2ds_v5"' in done.stderr


def test_a_destroy_leaves_nothing(project: Any, arm: Any) -> None:
    project.write(NETWORK)
    project.apply()

    done = project.run("destroy", "-auto-approve")

    assert done.returncode == 0, done.stderr
    assert arm.stored == {}


def test_what_exists_is_imported_without_a_change(project: Any) -> None:
    project.write(NETWORK)
    project.apply()
    state = json.loads(project.run("show", "-json").stdout)
    imports = [
        f'import {{\n  to = {found["address"]}\n  id = "{found["values"]["id"]}"\n}}\n'
        for found in state["values"]["root_module"]["resources"]
    ]
    (project.folder / "terraform.tfstate").unlink()
    (project.folder / "imports.tf").write_text("".join(imports))

    assert project.plan() == []


def test_a_create_that_failed_late_is_tainted_and_made_anew(project: Any, arm: Any) -> None:
    project.write(NETWORK)
    arm.slow = "/vnet"
    arm.outcome = {"status": "Failed", "error": {"code": "Quota", "message": "Too many."}}
    failed = project.run("apply", "-auto-approve")
    arm.slow = "none"

    assert 'Code: "Quota"' in failed.stderr
    assert "azurerm_virtual_network.this: delete create" in project.plan()

    project.apply()

    assert project.plan() == []


def test_a_write_only_password_reaches_azure_and_nothing_else(project: Any, arm: Any) -> None:
    project.write(SERVER)

    project.apply()

    sent = json.dumps(arm.bodies)
    state = (project.folder / "terraform.tfstate").read_text()
    assert sent.count("A-Password-0") == 1
    assert "A-Password-0" not in state


def test_a_write_only_password_is_sent_again_with_its_next_version(project: Any, arm: Any) -> None:
    project.write(SERVER)
    project.apply()
    arm.bodies.clear()
    project.write(SERVER.replace("wo_version = 1", "wo_version = 2"))

    project.apply()

    assert [body for body in arm.bodies if body] == [
        {"properties": {"administratorLoginPassword": "A-Password-0"}}
    ]


@pytest.mark.parametrize(("dynamic", "restarts"), [(True, 0), (False, 1)])
def test_a_parameter_that_counts_from_the_next_start_on_restarts_the_server(
    project: Any, arm: Any, dynamic: bool, restarts: int
) -> None:
    server = f"{PARENT}/providers/microsoft.dbforpostgresql/flexibleservers/server"
    arm.stored[f"{server}/configurations/wal_level"] = {
        "properties": {"value": "replica", "isDynamicConfig": dynamic, "isReadOnly": False}
    }
    arm.next("POST", "/restart", 200)
    project.write(
        SERVER
        + """
resource "azurerm_postgresql_flexible_server_configuration" "this" {
  name      = "wal_level"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = "logical"
}
"""
    )

    project.apply()

    assert sum(call.endswith("flexibleServers/server/restart") for call in arm.calls) == restarts
    assert project.plan() == []


def test_a_data_source_tells_who_is_asking(project: Any) -> None:
    project.write(
        'data "azurerm_client_config" "me" {}\n'
        'output "me" { value = data.azurerm_client_config.me.object_id }\n'
    )

    project.apply()

    assert project.run("output", "-raw", "me").stdout == "the-object-id"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (NETWORK.replace('= "vnet"', '= "vnet"\n  nonsense = 1'), "nonsense"),
        (
            NETWORK.replace('  address_space       = ["10.0.0.0/16", "10.1.0.0/16"]\n', ""),
            "one of `address_space,ip_address_pool` must be specified",
        ),
    ],
    ids=["an unknown argument", "none of two arguments"],
)
def test_a_configuration_that_azurerm_refuses_is_refused(
    project: Any, text: str, complaint: str
) -> None:
    project.write(text)

    done = project.run("validate")

    assert complaint in done.stderr


def test_another_way_to_sign_in_is_refused_with_a_hint(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(GROUP)
    monkeypatch.setenv("ARM_USE_OIDC", "true")

    done = project.run("plan")

    assert "`use_oidc` is not supported by the sandbox's stand-in" in done.stderr


def test_a_wrong_secret_is_not_shown(project: Any, arm: Any) -> None:
    project.write(GROUP)
    arm.refuse_tokens = True

    done = project.run("plan")

    assert "AADSTS7000215" in done.stderr
    assert "a-client-secret-that-nobody-may-see" not in done.stdout + done.stderr
