"""Microsoft.DBforPostgreSQL: flexible servers with their databases, settings and administrators."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import ENABLED, GIGABYTES
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, about, prefixed
from sandbox.terraform_provider.mapping import (
    GROUP,
    STATE_ONLY,
    Block,
    Resource,
    at,
    derived,
    describe,
    reads,
    writes,
)
from sandbox.terraform_provider.values import Object

API = "2025-08-01"
SERVERS = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
TIERS = {"B": "Burstable", "GP": "GeneralPurpose", "MO": "MemoryOptimized"}
RESTART = ("postgresql_flexible_server", "restart_server_on_configuration_value_change")
TIER_OF = {
    32768: "P4",
    65536: "P6",
    131072: "P10",
    262144: "P15",
    524288: "P20",
    1048576: "P30",
    2097152: "P40",
    4193280: "P50",
    4194304: "P50",
    8388608: "P60",
    16777216: "P70",
    33553408: "P80",
}
FAMILIES = (("P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50"), ("P60", "P70", "P80"))
FIRST_WITH_CLUSTERS = 17
COMPUTE = 2  # The part of a SKU's name that tells the machine.
IDENTITY = "identity.0.type"
MIGRATION = (
    "migration of Postgres flexible server between `non-confidential` and `confidential` compute "
    "types requires manual intervention, suggestion is to deploy new server in parallel with old, "
    "consult official Azure documentation for migration then remove old server"
)
LETTERS = {tier: letters for letters, tier in TIERS.items()}


def sku_name(body: Object) -> str | None:
    sku = body.get("sku") or {}
    return f"{LETTERS[sku['tier']]}_{sku['name']}" if sku.get("tier") in LETTERS else None


def put_sku(body: Object, name: str) -> None:
    letters, _, size = name.partition("_")
    if letters not in TIERS:
        raise ProviderError(
            f'"sku_name" is not valid: {name}',
            f"It begins with one of {', '.join(TIERS)}, as in GP_Standard_D2ds_v5.",
            ("sku_name",),
        )
    body["sku"] = {"name": size, "tier": TIERS[letters]}


def is_confidential(sku: Any) -> bool:
    """`GP_Standard_DC4ads_v5` encrypts its memory."""
    parts = str(sku or "").split("_")
    return len(parts) > COMPUTE and parts[COMPUTE][1:2] == "C"


def tiers_of(size: int) -> list[str]:
    """The tiers that a disk may have: its own, and faster ones of the same family."""
    family = next(family for family in FAMILIES if TIER_OF[size] in family)
    return list(family[family.index(TIER_OF[size]) :])


def number(value: Any) -> int:
    return int(value) if isinstance(value, (int, str)) and str(value).isdigit() else 0


class Server(Lifecycle):
    """A maintenance window is set after the server exists, and a disk only grows."""

    def correct(self, plan: Plan) -> None:
        plan.replace_if("administrator_login", plan.old("administrator_login") is not None)
        for growing in ("version", "storage_mb", "cluster.0.size"):
            shrinks = 0 < number(plan.new(growing)) < number(plan.old(growing))
            plan.replace_if(growing, shrinks)
        named = "UserAssigned" in str(plan.old("identity.0.type"))
        plan.replace_if("identity.0.type", named and "UserAssigned" not in str(plan.new(IDENTITY)))
        if plan.changes("sku_name"):
            kinds = [is_confidential(plan.old("sku_name")), is_confidential(plan.new("sku_name"))]
            plan.refuse_if(kinds[0] != kinds[1], MIGRATION)
        self.correct_tier(plan)
        self.correct_cluster(plan)

    def correct_tier(self, plan: Plan) -> None:
        """The tier of a disk goes with its size, unless the configuration says another."""
        size, tier = number(plan.new("storage_mb")) or 32768, plan.new("storage_tier")
        if size not in TIER_OF or tier is None or tier in tiers_of(size):
            return
        if plan.config.get("storage_tier") is None and plan.old("storage_tier") == tier:
            plan.planned["storage_tier"] = TIER_OF[size]
            return
        expected = ", ".join(f'"{one}"' for one in tiers_of(size))
        raise ProviderError(
            f"invalid 'storage_tier' \"{tier}\" for defined 'storage_mb' size '{size}', expected "
            f"one of [{expected}]"
        )

    def correct_cluster(self, plan: Plan) -> None:
        if not plan.new("cluster"):
            return
        plan.refuse_if(
            plan.new("create_mode") not in (None, "Default"),
            "`cluster` is only supported when `create_mode` is Default",
        )
        version = plan.new("version")
        plan.refuse_if(
            version is not None and number(version) < FIRST_WITH_CLUSTERS,
            "`cluster` is only supported for PostgreSQL major version 17 or above",
        )
        plan.refuse_if(
            plan.old("version") is not None and plan.changes("version"),
            "major version upgrade not supported when `cluster` is set",
        )

    def prepare(self, body: Object, change: Change) -> None:
        properties = body["properties"]
        if "authConfig" in properties:  # A tenant that is taken back is sent as an empty text.
            properties["authConfig"].setdefault("tenantId", "")
        if change.prior is None:
            properties.pop("maintenanceWindow", None)
            properties.setdefault("createMode", "Default")
        else:
            properties.pop("createMode", None)

    def amend(self, resource_id: str, before: Object, body: Object, deadline: float) -> None:
        before["properties"].pop("createMode", None)
        super().amend(resource_id, before, body, deadline)

    def finish(self, resource_id: str, change: Change, deadline: float) -> None:
        window = next(iter(change.planned.get("maintenance_window") or []), None)
        if change.prior is None and window:
            wanted = {
                "customWindow": "Enabled",
                "dayOfWeek": window["day_of_week"],
                "startHour": window["start_hour"],
                "startMinute": window["start_minute"],
            }
            content = {"properties": {"maintenanceWindow": wanted}}
            self.send("PATCH", resource_id, content, deadline)


class Configuration(Lifecycle):
    """
    A server parameter is always there: it is set on create, and set back on destroy.

    One that holds from the next start of the server on is followed by a restart.
    """

    def create(self, change: Change) -> Object:
        return self.assign(change, "create")

    def update(self, change: Change) -> Object:
        return self.assign(change, "update")

    def assign(self, change: Change, operation: str) -> Object:
        resource_id = self.identify(change.planned)
        with self.lock(resource_id), about("updating", resource_id):
            self.set(resource_id, change.planned["value"], self.deadline(operation, change))
        return self.result(resource_id, change.planned)

    def delete(self, prior: Object) -> None:
        resource_id = prior["id"]
        with self.lock(resource_id), about("deleting", resource_id):
            found = self.azure.find(resource_id, API)
            if found is not None:
                default = bodies.get(found, "properties.defaultValue") or ""
                self.set(resource_id, default, self.deadline_of("delete", prior))

    def set(self, resource_id: str, value: str, deadline: float) -> None:
        content = {"properties": {"value": value, "source": "user-override"}}
        self.send("PATCH", resource_id, content, deadline)
        found = self.azure.find(resource_id, API)
        static = bodies.get(found, "properties.isDynamicConfig") is False
        fixed = bodies.get(found, "properties.isReadOnly") is not False
        if static and not fixed and self.azure.settings.feature(*RESTART, default=True):
            server = resource_id.rsplit("/", 2)[0]
            with prefixed(f"restarting server {describe(server)}"):
                self.azure.change("POST", f"{server}/restart", API, None, deadline)


RESOURCES = {
    "azurerm_postgresql_flexible_server": Resource(
        id=f"{SERVERS}/{{name}}",
        api=API,
        patched=True,
        fields={
            "administrator_password": writes("properties.administratorLoginPassword"),
            "administrator_password_wo": writes("properties.administratorLoginPassword"),
            "administrator_password_wo_version": STATE_ONLY,
            "sku_name": derived(sku_name, put_sku),
            "storage_mb": at("properties.storage.storageSizeGB", GIGABYTES),
            "storage_tier": "properties.storage.tier",
            "auto_grow_enabled": at("properties.storage.autoGrow", ENABLED),
            "backup_retention_days": "properties.backup.backupRetentionDays",
            "geo_redundant_backup_enabled": at("properties.backup.geoRedundantBackup", ENABLED),
            "zone": "properties.availabilityZone",
            "fqdn": reads("properties.fullyQualifiedDomainName"),
            "create_mode": writes("properties.createMode"),
            "replication_role": STATE_ONLY,
            "source_server_id": "properties.sourceServerResourceId",
            "point_in_time_restore_time_in_utc": writes("properties.pointInTimeUTC"),
            "delegated_subnet_id": "properties.network.delegatedSubnetResourceId",
            "private_dns_zone_id": "properties.network.privateDnsZoneArmResourceId",
            "public_network_access_enabled": at("properties.network.publicNetworkAccess", ENABLED),
            "authentication": Block(
                "properties.authConfig",
                {
                    "active_directory_auth_enabled": at("activeDirectoryAuth", ENABLED),
                    "password_auth_enabled": at("passwordAuth", ENABLED),
                },
            ),
            "high_availability": Block(off={"mode": "Disabled"}),
            "maintenance_window": Block(
                on={"customWindow": "Enabled"}, off={"customWindow": "Disabled"}
            ),
            "cluster": Block(fields={"size": "clusterSize"}),
            "customer_managed_key": Block(
                "properties.dataEncryption",
                {
                    "key_vault_key_id": "primaryKeyURI",
                    "primary_user_assigned_identity_id": "primaryUserAssignedIdentityId",
                    "geo_backup_key_vault_key_id": "geoBackupKeyURI",
                    "geo_backup_user_assigned_identity_id": "geoBackupUserAssignedIdentityId",
                },
                on={"type": "AzureKeyVault"},
            ),
        },
    ),
    "azurerm_postgresql_flexible_server_configuration": Resource(
        id="{server_id}/configurations/{name}", api=API, one_at_a_time=True
    ),
    "azurerm_postgresql_flexible_server_database": Resource(
        id="{server_id}/databases/{name}", api=API, one_at_a_time=True
    ),
    "azurerm_postgresql_flexible_server_firewall_rule": Resource(
        id="{server_id}/firewallRules/{name}", api=API, one_at_a_time=True
    ),
    "azurerm_postgresql_flexible_server_active_directory_administrator": Resource(
        id=f"{SERVERS}/{{server_name}}/administrators/{{object_id}}", api=API, one_at_a_time=True
    ),
}
LIFECYCLES = {
    "azurerm_postgresql_flexible_server": Server,
    "azurerm_postgresql_flexible_server_configuration": Configuration,
}
