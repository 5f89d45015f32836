"""What a configured provider does to Azure, without Terraform in between."""

from typing import Any

import pytest

from sandbox.terraform_provider import azure
from sandbox.terraform_provider.engine import Engine, shape
from sandbox.terraform_provider.errors import AzureError, IncompleteError, ProviderError
from sandbox.terraform_provider.tree import conform
from sandbox.terraform_provider.values import UNKNOWN

Values = dict[str, Any]

SUBSCRIPTION = "00000000-0000-0000-0000-00000000babe"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
VNET = f"{NETWORK}/virtualNetworks/vnet"
WHERE: Values = {"resource_group_name": "lab", "location": "westeurope"}


def configuration(type_name: str, **values: Any) -> Values:
    return conform(shape("resource_schemas", type_name), values)


def apply(engine: Engine, type_name: str, prior: Values | None = None, **values: Any) -> Values:
    """Plan and apply, as Terraform would."""
    config = configuration(type_name, **values)
    planned, _ = engine.plan(type_name, config, prior)
    state = engine.apply(type_name, prior, planned, config)
    assert state is not None
    return state


def identity(engine: Engine, name: str = "identity") -> Values:
    return apply(engine, "azurerm_user_assigned_identity", name=name, **WHERE)


def test_a_created_resource_has_the_id_and_the_values_that_were_asked_for(engine: Engine) -> None:
    state = identity(engine)

    assert state["id"].endswith("/Microsoft.ManagedIdentity/userAssignedIdentities/identity")
    assert (state["name"], state["location"]) == ("identity", "westeurope")


def test_what_exists_already_must_be_imported(engine: Engine) -> None:
    identity(engine)

    with pytest.raises(ProviderError, match="needs to be imported into the State"):
        identity(engine)


def test_a_refusal_shows_the_words_of_azure(engine: Engine, arm: Any) -> None:
    body = {"error": {"code": "VnetInUse", "message": "It is in use."}}
    arm.next("PUT", "/vnet", 409, body)

    with pytest.raises(ProviderError) as caught:
        apply(
            engine, "azurerm_virtual_network", name="vnet", address_space=["10.0.0.0/16"], **WHERE
        )

    assert "unexpected status 409 (409 Conflict) with error: VnetInUse: It is in use." in str(
        caught.value.summary
    )


def test_a_throttled_request_is_tried_again(engine: Engine, arm: Any) -> None:
    arm.next("PUT", "/identity", 429, {"error": {"code": "TooManyRequests", "message": "Later."}})

    identity(engine)

    assert sum(call.startswith("PUT") for call in arm.calls) == 2


def test_what_the_sandbox_cannot_do_is_not_tried_again(engine: Engine, arm: Any) -> None:
    arm.next("PUT", "/identity", 501, {"error": {"code": "SandboxUnsupported", "message": "No."}})

    with pytest.raises(AzureError, match="SandboxUnsupported"):
        identity(engine)

    assert sum(call.startswith("PUT") for call in arm.calls) == 1


def test_an_operation_is_followed_to_its_end(engine: Engine, arm: Any) -> None:
    arm.slow, arm.looks = "/vnet", 3

    apply(engine, "azurerm_virtual_network", name="vnet", address_space=["10.0.0.0/16"], **WHERE)

    assert arm.calls.count("GET /operations/1") == 4


def test_a_failed_operation_keeps_the_object_that_it_left(engine: Engine, arm: Any) -> None:
    arm.slow = "/vnet"
    arm.outcome = {"status": "Failed", "error": {"code": "Quota", "message": "Too many."}}

    with pytest.raises(IncompleteError) as caught:
        apply(
            engine, "azurerm_virtual_network", name="vnet", address_space=["10.0.0.0/16"], **WHERE
        )

    assert caught.value.state["id"] == VNET
    assert 'Code: "Quota"\nMessage: "Too many."' in caught.value.summary


def test_an_interrupted_create_keeps_the_object_that_azure_is_making(
    engine: Engine, arm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure, "FAREWELL", 0.0)
    arm.slow, arm.looks = "/vnet", 1000
    engine.azure.stop()

    with pytest.raises(IncompleteError, match="context canceled") as caught:
        apply(
            engine, "azurerm_virtual_network", name="vnet", address_space=["10.0.0.0/16"], **WHERE
        )

    assert caught.value.state["id"] == VNET


def test_an_operation_that_outlives_its_timeout_is_given_up(engine: Engine, arm: Any) -> None:
    arm.slow, arm.looks = "/vnet", 1000
    values = {"name": "vnet", "address_space": ["10.0.0.0/16"], "timeouts": {"create": "200ms"}}

    with pytest.raises(IncompleteError, match="context deadline exceeded"):
        apply(engine, "azurerm_virtual_network", None, **values, **WHERE)


def test_a_refused_create_leaves_nothing_to_keep(engine: Engine, arm: Any) -> None:
    arm.next("PUT", "/identity", 400, {"error": {"code": "Bad", "message": "Bad."}})

    with pytest.raises(AzureError) as caught:
        identity(engine)

    assert not isinstance(caught.value, IncompleteError)


def test_a_resource_that_is_gone_is_gone_from_state(engine: Engine, arm: Any) -> None:
    state = identity(engine)
    arm.stored.clear()

    assert engine.read("azurerm_user_assigned_identity", state) is None


def test_an_update_of_a_patched_type_sends_the_difference(engine: Engine, arm: Any) -> None:
    state = apply(engine, "azurerm_resource_group", name="lab", location="westeurope")

    apply(
        engine, "azurerm_resource_group", state, name="lab", location="westeurope", tags={"a": "b"}
    )

    sent = next(
        body for call, body in zip(arm.calls, arm.bodies, strict=True) if call.startswith("PATCH")
    )
    assert sent == {"tags": {"a": "b"}}


def test_an_update_keeps_what_the_configuration_does_not_speak_of(engine: Engine, arm: Any) -> None:
    values: Values = {"name": "vnet", "address_space": ["10.0.0.0/16"], **WHERE}
    state = apply(engine, "azurerm_virtual_network", **values)
    arm.stored[VNET.lower()]["properties"]["somethingNew"] = 1

    apply(engine, "azurerm_virtual_network", state, **values, tags={"a": "b"})

    assert arm.stored[VNET.lower()]["properties"]["somethingNew"] == 1


def test_a_group_that_is_not_empty_is_not_deleted(engine: Engine) -> None:
    group = apply(engine, "azurerm_resource_group", name="lab", location="westeurope")
    identity(engine)

    with pytest.raises(ProviderError, match="still contains Resources"):
        engine.apply("azurerm_resource_group", group, None, {})


def test_a_principal_that_is_still_spreading_is_tried_again(engine: Engine, arm: Any) -> None:
    late = {"error": {"code": "PrincipalNotFound", "message": "Principal does not exist."}}
    arm.next("PUT", "", 400, late)
    arm.next("PUT", "", 400, late)

    state = apply(
        engine,
        "azurerm_role_assignment",
        scope=GROUP,
        role_definition_name="Reader",
        principal_id="someone",
    )

    assert state["role_definition_id"].endswith("/roleDefinitions/1")
    assert sum(call.startswith("PUT") for call in arm.calls) == 3


def test_only_a_skipped_check_tells_azure_what_the_principal_is(engine: Engine, arm: Any) -> None:
    values = {"scope": GROUP, "role_definition_name": "Reader", "principal_id": "someone"}
    apply(engine, "azurerm_role_assignment", None, **values)
    apply(engine, "azurerm_role_assignment", None, **values, skip_service_principal_aad_check=True)

    sent = [body["properties"] for body in arm.bodies if body]
    assert [body.get("principalType") for body in sent] == [None, "ServicePrincipal"]


def subnet(engine: Engine) -> Values:
    return apply(
        engine,
        "azurerm_subnet",
        name="subnet",
        resource_group_name="lab",
        virtual_network_name="vnet",
        address_prefixes=["10.0.0.0/24"],
    )


def test_one_prefix_travels_under_its_singular_name(engine: Engine, arm: Any) -> None:
    state = subnet(engine)

    assert arm.stored[f"{VNET}/subnets/subnet".lower()]["properties"]["addressPrefix"]
    assert state["address_prefixes"] == ["10.0.0.0/24"]


def test_links_of_a_subnet_leave_each_other_alone(engine: Engine, arm: Any) -> None:
    parent = subnet(engine)["id"]
    rules, routes = f"{NETWORK}/networkSecurityGroups/n", f"{NETWORK}/routeTables/r"
    kind = "azurerm_subnet_network_security_group_association"

    link = apply(engine, kind, subnet_id=parent, network_security_group_id=rules)
    apply(engine, "azurerm_subnet_route_table_association", subnet_id=parent, route_table_id=routes)
    engine.apply(kind, link, None, {})

    properties = arm.stored[parent.lower()]["properties"]
    assert "networkSecurityGroup" not in properties
    assert properties["routeTable"] == {"id": routes}


def test_a_link_that_was_cut_by_hand_is_gone_from_state(engine: Engine, arm: Any) -> None:
    parent = subnet(engine)["id"]
    kind = "azurerm_subnet_route_table_association"
    link = apply(engine, kind, subnet_id=parent, route_table_id=f"{NETWORK}/routeTables/r")
    del arm.stored[parent.lower()]["properties"]["routeTable"]

    assert engine.read(kind, link) is None


def test_another_letter_case_of_an_id_is_no_change(engine: Engine) -> None:
    parent = subnet(engine)["id"]
    kind = "azurerm_subnet_route_table_association"
    table = f"{NETWORK}/routeTables/r"
    link = apply(engine, kind, subnet_id=parent, route_table_id=table)

    config = configuration(
        kind,
        subnet_id=parent.upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
        route_table_id=table.lower(),
    )
    planned, replacements = engine.plan(kind, config, link)

    assert (planned, replacements) == (link, [])


@pytest.mark.usefixtures("arm")
def test_what_the_provider_block_does_not_know_yet_comes_from_the_environment() -> None:
    engine = Engine({"subscription_id": UNKNOWN, "features": UNKNOWN})

    assert engine.azure.settings.subscription_id == SUBSCRIPTION


def test_a_type_without_a_table_says_so(engine: Engine) -> None:
    with pytest.raises(ProviderError, match="azurerm_linux_virtual_machine is not supported"):
        engine.plan("azurerm_linux_virtual_machine", {}, None)


@pytest.mark.parametrize(
    ("type_name", "resource_id", "complaint"),
    [
        ("azurerm_virtual_network", NETWORK, "Expected a VirtualNetwork ID that matched"),
        (
            "azurerm_virtual_network",
            VNET.replace("resourceGroups", "resourcegroups"),
            (
                'parsing segment "resourceGroups": parsing the VirtualNetwork ID: the segment at '
                "position 2 didn't match"
            ),
        ),
        (
            "azurerm_log_analytics_workspace",
            VNET,
            'parsing segment "staticMicrosoftOperationalInsights"',
        ),
        ("azurerm_monitor_action_group", VNET, "parsing the ActionGroup ID"),
        ("azurerm_subnet_route_table_association", VNET, "parsing the Subnet ID"),
    ],
    ids=["too short", "in another letter case", "another type", "another kind", "a link"],
)
def test_an_import_of_something_else_is_refused(
    engine: Engine, type_name: str, resource_id: str, complaint: str
) -> None:
    with pytest.raises(ProviderError) as caught:
        engine.imported(type_name, resource_id)

    assert caught.value.summary.startswith(f'parsing "{resource_id}": ')
    assert complaint in caught.value.summary
