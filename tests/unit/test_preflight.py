"""What Azure offers against what a plan wants: pure comparisons."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import PreflightError
from tasks.preflight import Complaint, registrations, verdict, wishes
from tasks.preflight.database import judge as judge_database
from tasks.preflight.kubernetes import judge as judge_versions
from tasks.preflight.names import asked, judge_deleted
from tasks.preflight.nodes import limits, machines, quota_lacking, sizes_lacking
from tasks.preflight.region import judge as judge_region
from tasks.preflight.subscription import judge as judge_subscription
from tasks.preflight.vaults import Deleted, unchangeable

TERRAFORM = Path(__file__).parents[2] / "terraform"
NO_NAMESPACE = {"azurerm_resource_group", "azurerm_role_assignment", "azurerm_management_lock"}


@dataclass(frozen=True)
class Planned:
    """A resource in a plan."""

    address: str
    type: str
    values: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)


def pool(name: str, size: str, most: int, *, surge: str = "", zones: tuple[str, ...] = ()) -> Any:
    settings = [{"max_surge": surge}] if surge else []
    return {
        "name": name,
        "vm_size": size,
        "max_count": most,
        "zones": list(zones),
        "upgrade_settings": settings,
    }


def cluster(*pools: Any, before: tuple[Any, ...] = (), **more: Any) -> tuple[Planned, ...]:
    first, *others = pools
    old = {"default_node_pool": list(before)} if before else {}
    return (
        Planned("a.cluster", wishes.CLUSTER, {"default_node_pool": [first], **more}, old),
        *(Planned(f"a.pool.{one['name']}", wishes.POOL, one) for one in others),
    )


def sku(name: str, cores: int, *, zones: str = "123", **restriction: Any) -> dict[str, Any]:
    return {
        "resourceType": "virtualMachines",
        "name": name,
        "family": "standardDSv5Family",
        "locationInfo": [{"location": "centralus", "zones": list(zones)}],
        "capabilities": [{"name": "vCPUs", "value": str(cores)}],
        "restrictions": [restriction] if restriction else [],
    }


def quota(name: str, used: int, limit: int) -> dict[str, Any]:
    words = {"value": name, "localizedValue": f"Words for {name}"}
    return {"name": words, "currentValue": used, "limit": limit}


OFFERED = machines("centralus", {"value": [sku("Standard_D4s_v5", 4), sku("Standard_D8s_v5", 8)]})


def test_one_complaint_is_told_as_it_is_and_several_with_numbers() -> None:
    one, other = Complaint("This is wrong.", "Mend it."), Complaint("That, too.")

    with pytest.raises(PreflightError) as single:
        verdict("dev", [one, one])
    with pytest.raises(PreflightError) as several:
        verdict("dev", [one, other])
    verdict("dev", [])

    assert (single.value.message, single.value.hint) == ("This is wrong.", "Mend it.")
    assert several.value.message == (
        "2 things speak against deploying dev:\n1. This is wrong.\n   Next: Mend it.\n2. That, too."
    )


@pytest.mark.parametrize(
    ("wish", "most", "nodes"), [("10%", 4, 1), ("33%", 6, 2), ("2", 6, 2), ("0", 3, 0)]
)
def test_an_upgrade_adds_nodes_by_number_or_share(wish: str, most: int, nodes: int) -> None:
    assert wishes.surged(most, wish) == nodes


def test_all_pools_at_their_largest_and_their_upgrades_count_against_the_quota() -> None:
    planned = cluster(
        pool("system", "Standard_D4s_v5", 3, surge="1"), pool("apps", "Standard_D8s_v5", 6)
    )
    quotas = limits({"value": [quota("standardDSv5Family", 10, 80), quota("cores", 10, 500)]})

    (found,) = quota_lacking("centralus", planned, OFFERED, quotas)

    assert found.problem == (
        "Quota Words for standardDSv5Family in centralus: 72 more cores are needed (system 3 + 1 "
        "for upgrades, 4 each; apps 6 + 1 for upgrades, 8 each), and 10 of 80 are in use."
    )
    assert "Ask for 82 cores" in found.remedy


def test_what_a_cluster_has_already_needs_no_further_quota() -> None:
    planned = cluster(
        pool("system", "Standard_D4s_v5", 4), before=(pool("system", "Standard_D4s_v5", 3),)
    )
    quotas = limits({"value": [quota("standardDSv5Family", 76, 80)]})

    assert quota_lacking("centralus", planned, OFFERED, quotas) == ()


@pytest.mark.parametrize(
    ("offer", "told"),
    [
        (sku("Standard_D2s_v5", 2), "does not exist in centralus"),
        (sku("Standard_D4s_v5", 4, zones="1"), "zone 2 does not have it (it is in: 1)"),
        (
            sku("Standard_D4s_v5", 4, type="Zone", restrictionInfo={"zones": ["2"]}),
            "zone 2 does not have it (it is in: 1, 3)",
        ),
        (
            sku("Standard_D4s_v5", 4, type="Location", reasonCode="NotAvailableForSubscription"),
            "withheld from this subscription in centralus (NotAvailableForSubscription)",
        ),
    ],
)
def test_a_size_must_be_offered_in_each_zone(offer: dict[str, Any], told: str) -> None:
    wanted = wishes.pools(cluster(pool("system", "Standard_D4s_v5", 3, zones=("1", "2"))))

    (found,) = sizes_lacking("centralus", wanted, machines("centralus", {"value": [offer]}))

    assert told in found.problem
    assert found.remedy


def test_a_region_without_zones_names_all_that_wants_them() -> None:
    planned = (
        *cluster(pool("system", "s", 3, zones=("1",))),
        Planned("a.ip", "azurerm_public_ip", {"zones": ["1"]}),
        Planned("a.store", "azurerm_storage_account", {"account_replication_type": "ZRS"}),
        Planned("a.db", wishes.SERVER, {"high_availability": [{"mode": "ZoneRedundant"}]}),
    )
    listed = {
        "value": [{"name": "westus"}, {"name": "eastus", "availabilityZoneMappings": [{"a": 1}]}]
    }

    (found,) = judge_region("westus", planned, listed)

    for part in ("a.cluster (pool system)", "a.ip", "a.store wants replication ZRS", "a.db"):
        assert part in found.problem
    assert "such as eastus" in found.remedy
    assert judge_region("eastus", planned, listed) == ()
    assert "Did you mean westus" in judge_region("westuss", (), listed)[0].remedy


def test_a_version_of_kubernetes_is_offered_as_minor_or_patch() -> None:
    offer = {"values": [{"version": "1.34", "patchVersions": {"1.34.1": {}}}]}

    assert judge_versions("centralus", ["1.34", "1.34.1"], offer) == ()
    assert "cluster.version is 1.30" in judge_versions("centralus", ["1.30"], offer)[0].problem


def offer(**features: str) -> dict[str, Any]:
    sizes = [
        {"name": "Standard_D2ds_v5", "supportedZones": ["1"], "supportedHaMode": ["SameZone"]},
    ]
    return {
        "value": [
            {
                "supportedFeatures": [{"name": k, "status": v} for k, v in features.items()],
                "supportedServerVersions": [{"name": "16"}, {"name": "17"}],
                "supportedServerEditions": [
                    {"name": "GeneralPurpose", "supportedServerSkus": sizes}
                ],
            }
        ]
    }


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"version": "12"}, "database.version is 12"),
        ({"sku_name": "MO_Standard_E2ds_v5"}, "MemoryOptimized Standard_E2ds_v5"),
        ({"high_availability": [{"mode": "ZoneRedundant"}]}, "offers SameZone"),
        ({"zone": "3"}, "wants zone 3; Standard_D2ds_v5 in centralus is in 1"),
    ],
)
def test_a_database_is_compared_with_the_regions_list(values: dict[str, Any], told: str) -> None:
    right = {"sku_name": "GP_Standard_D2ds_v5", "version": "16"}
    (good,) = wishes.servers([Planned("a", wishes.SERVER, right)])
    (wanted,) = wishes.servers([Planned("a", wishes.SERVER, right | values)])

    (found,) = judge_database("centralus", wanted, offer())

    assert told in found.problem
    assert judge_database("centralus", good, offer()) == ()
    assert (
        "not offered"
        in judge_database("centralus", good, offer(OfferRestricted="Enabled"))[0].problem
    )


def test_only_names_of_what_is_new_are_asked_about() -> None:
    values = {"name": "kv", "resource_group_name": "g", "location": "centralus"}
    new = Planned("a", "azurerm_key_vault", values)
    old = Planned("b", "azurerm_key_vault", values, {"name": "kv"})

    (found,) = asked([new, old, Planned("c", "azurerm_subnet", {"name": "kv"})])

    assert found.id == "/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"


@pytest.mark.parametrize(
    ("group", "on_deleted", "protected", "told"),
    [
        ("g", "recover", True, None),
        ("g", "purge", False, None),
        ("g", "purge", True, "`deleted_vault: recover`"),
        ("other", "recover", False, "`deleted_vault: purge`"),
        ("other", "recover", True, "choose another name"),
        ("other", "purge", True, "Set `suffix`"),
    ],
)
def test_a_deleted_vault_is_recovered_where_it_was_or_purged_on_demand(
    group: str, on_deleted: Any, protected: bool, told: str | None
) -> None:
    values = {"name": "kv", "resource_group_name": "g", "location": "centralus"}
    (wanted,) = asked([Planned("a", "azurerm_key_vault", values)])
    vault = f"/subscriptions/s/resourceGroups/{group}/providers/Microsoft.KeyVault/vaults/kv"
    deleted = Deleted("kv", "centralus", vault, "2027-01-01", protected)

    found = judge_deleted("s", wanted, deleted, on_deleted)

    assert bool(found) is (told is not None)
    assert told is None or told in found[0].remedy
    assert not protected or told is None or "purge it (" not in found[0].remedy


@pytest.mark.parametrize("state", ["Disabled", "Warned", "Deleted"])
def test_a_subscription_must_take_work(state: str) -> None:
    assert judge_subscription("s", {"state": "Enabled"}) == ()
    assert state in judge_subscription("s", {"state": state})[0].problem
    assert "not there" in judge_subscription("s", None)[0].problem


def test_every_type_in_the_stacks_belongs_to_a_service_that_is_registered() -> None:
    files = (path for path in TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts)
    declared = re.compile(r'^resource "(azurerm_\w+)"', re.MULTILINE)
    types = {kind for path in files for kind in declared.findall(path.read_text())}

    unknown = {kind for kind in types if not registrations.namespace(kind)} - NO_NAMESPACE

    assert unknown == set(), "Name their namespaces in tasks/preflight/registrations.py."


def test_addons_of_a_cluster_want_services_of_their_own() -> None:
    values = {"azure_policy_enabled": True, "microsoft_defender": [{}]}
    agent = {"data_sources": [{"extension": [{"extension_name": "ContainerInsights"}]}]}

    found = registrations.needed(
        [
            Planned("a", wishes.CLUSTER, values),
            Planned("b", "azurerm_monitor_data_collection_rule", agent),
        ]
    )

    assert set(found) == {
        "Microsoft.Compute",
        "Microsoft.ContainerService",
        "Microsoft.Insights",
        "Microsoft.OperationsManagement",
        "Microsoft.PolicyInsights",
        "Microsoft.Security",
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"soft_delete_retention_days": 7}, "was made with 90"),
        ({"purge_protection_enabled": False}, "nobody can take it back"),
        ({"sku_name": "premium"}, None),
        ({"name": "kv-x7", "soft_delete_retention_days": 7}, None),
    ],
)
def test_what_protects_a_vault_is_not_changed(change: dict[str, Any], told: str | None) -> None:
    before = {"name": "kv", "soft_delete_retention_days": 90, "purge_protection_enabled": True}

    found = unchangeable([Planned("a", "azurerm_key_vault", before | change, before)])

    assert [told in one.problem for one in found if told] == [True] * bool(told)
    assert bool(found) is bool(told)


def test_the_services_to_register_by_hand_are_those_that_preflight_registers() -> None:
    text = (TERRAFORM / "README.md").read_text()
    (words,) = re.findall(r"for service in ([\w\s\\]+); do\n +az provider register", text)
    known = {*registrations.NAMESPACES.values(), *registrations.ADDONS.values()}

    told = {f"Microsoft.{word}" for word in words.replace("\\", " ").split()}

    assert told == known | {registrations.NODES, registrations.INSIGHTS}
