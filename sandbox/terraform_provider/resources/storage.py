"""Microsoft.Storage: accounts with their services, containers, shares and policies."""

from collections.abc import Callable

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import (
    COMMA_SEPARATED,
    ENABLED,
    HOST,
    IDS,
    VALUES,
    renamed,
)
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import (
    GROUP,
    STATE_ONLY,
    Block,
    Entries,
    Entry,
    Field,
    Part,
    Resource,
    at,
    derived,
    reads,
    switched,
)
from sandbox.terraform_provider.values import Object

API = "2025-08-01"
ACCOUNTS = f"{GROUP}/providers/Microsoft.Storage/storageAccounts"
SERVICES = ("blob", "dfs", "file", "queue", "table", "web")
ROUTES = ("", "microsoft", "internet")
ROUTED = ("blob", "dfs", "file", "web")  # Services that the internet reaches over its own route.
ACCESS = renamed({"private": "None", "blob": "Blob", "container": "Container"})
SUFFIX = "core.windows.net"
ZONAL = ("ZRS", "GZRS", "RAGZRS")  # An account does not move between these and the others.
TIERED = ("BlobStorage", "FileStorage", "StorageV2")
HIERARCHICAL = ("BlobStorage", "BlockBlobStorage", "StorageV2")


def sku_part(index: int) -> Field:
    """`Standard_ZRS` is a tier and a replication type."""

    def parts(body: Object) -> list[str]:
        name = bodies.get(body, "sku.name") or "Standard_LRS"
        return list(name.split("_", 1))

    def put(body: Object, value: str) -> None:
        both = parts(body)
        both[index] = value
        body["sku"] = {"name": "_".join(both)}

    return derived(lambda body: parts(body)[index], put)


def endpoints() -> dict[str, Entry]:
    """Each service in each region, over each route, as URL and as host name."""
    entries: dict[str, Entry] = {}
    for region in ("primary", "secondary"):
        for service in SERVICES:
            for route in ROUTES if service in ROUTED else ROUTES[:2]:
                name = "_".join(filter(None, (region, service, route)))
                inner = f"{route}Endpoints." if route else ""
                path = f"properties.{region}Endpoints.{inner}{service}"
                entries[f"{name}_endpoint"] = reads(path)
                entries[f"{name}_host"] = reads(path, HOST)
    return entries


def connection_string(key: int, service: str = "") -> Callable[[Object], str | None]:
    def get(body: Object) -> str | None:
        secret = bodies.get(body, f"$keys.keys.{key}.value")
        if secret is None:
            return None
        where = f"EndpointSuffix={SUFFIX}"
        if service:
            where = f"BlobEndpoint={bodies.get(body, 'properties.primaryEndpoints.blob')}"
        account = f"AccountName={body['name']};AccountKey={secret}"
        head = f"DefaultEndpointsProtocol=https;{where};{account}"
        return f"DefaultEndpointsProtocol=https;{account};{where}" if not service else head

    return get


NETWORK_RULES: Entries = {
    "bypass": at("bypass", COMMA_SEPARATED),
    "ip_rules": at("ipRules", VALUES),
    "virtual_network_subnet_ids": at("virtualNetworkRules", IDS),
    "private_link_access": Block(
        "resourceAccessRules",
        {"endpoint_resource_id": "resourceId", "endpoint_tenant_id": "tenantId"},
    ),
}
ACCOUNT: Entries = {
    **endpoints(),
    "account_tier": sku_part(0),
    "account_replication_type": sku_part(1),
    "account_kind": "kind",
    "allow_nested_items_to_be_public": "properties.allowBlobPublicAccess",
    "cross_tenant_replication_enabled": "properties.allowCrossTenantReplication",
    "default_to_oauth_authentication": "properties.defaultToOAuthAuthentication",
    "edge_zone": "extendedLocation.name",
    "https_traffic_only_enabled": "properties.supportsHttpsTrafficOnly",
    "infrastructure_encryption_enabled": "properties.encryption.requireInfrastructureEncryption",
    "is_hns_enabled": "properties.isHnsEnabled",
    "local_user_enabled": "properties.isLocalUserEnabled",
    "min_tls_version": "properties.minimumTlsVersion",
    "nfsv3_enabled": "properties.isNfsV3Enabled",
    "sftp_enabled": "properties.isSftpEnabled",
    "shared_access_key_enabled": "properties.allowSharedKeyAccess",
    "queue_encryption_key_type": "properties.encryption.services.queue.keyType",
    "table_encryption_key_type": "properties.encryption.services.table.keyType",
    "large_file_share_enabled": at("properties.largeFileSharesState", ENABLED),
    "provisioned_billing_model_version": STATE_ONLY,
    "primary_access_key": reads("$keys.keys.0.value"),
    "secondary_access_key": reads("$keys.keys.1.value"),
    "primary_connection_string": derived(connection_string(0)),
    "secondary_connection_string": derived(connection_string(1)),
    "primary_blob_connection_string": derived(connection_string(0, "blob")),
    "network_rules": Block("properties.networkAcls", NETWORK_RULES, off={"defaultAction": "Allow"}),
    "blob_properties": Block(
        "$blob.properties",
        {
            "change_feed_enabled": "changeFeed.enabled",
            "change_feed_retention_in_days": "changeFeed.retentionInDays",
            "versioning_enabled": "isVersioningEnabled",
            "last_access_time_enabled": "lastAccessTimeTrackingPolicy.enable",
            "cors_rule": Block("cors.corsRules"),
            "restore_policy": switched(),
            "delete_retention_policy": switched(
                fields={"permanent_delete_enabled": "allowPermanentDelete"}
            ),
            "container_delete_retention_policy": switched(),
        },
    ),
    "share_properties": Block(
        "$file.properties",
        {
            "cors_rule": Block("cors.corsRules"),
            "retention_policy": switched("shareDeleteRetentionPolicy"),
            "smb": Block(
                "protocolSettings.smb",
                {
                    "authentication_types": at("authenticationMethods", COMMA_SEPARATED),
                    "channel_encryption_type": at("channelEncryption", COMMA_SEPARATED),
                    "kerberos_ticket_encryption_type": at(
                        "kerberosTicketEncryption", COMMA_SEPARATED
                    ),
                    "versions": at("versions", COMMA_SEPARATED),
                    "multichannel_enabled": "multichannel.enabled",
                },
            ),
        },
    ),
    "routing": Block("properties.routingPreference", {"choice": "routingChoice"}),
    "sas_policy": Block(fields={"expiration_period": "sasExpirationPeriod"}),
    "custom_domain": Block(fields={"use_subdomain": "useSubDomainName"}),
    "customer_managed_key": STATE_ONLY,
}


class Account(Lifecycle):
    """Changes that an account does not survive."""

    def correct(self, plan: Plan) -> None:
        before, kind = plan.old("account_kind"), plan.new("account_kind")
        plan.replace_if("account_kind", before != "Storage" and kind != "StorageV2")
        plan.replace_if("large_file_share_enabled", bool(plan.old("large_file_share_enabled")))
        replication = plan.old("account_replication_type"), plan.new("account_replication_type")
        plan.replace_if("account_replication_type", len({one in ZONAL for one in replication}) > 1)
        plan.refuse_if(
            bool(plan.new("access_tier")) and kind not in TIERED,
            "`access_tier` is only available for accounts where `kind` is set to one of: "
            f"{' / '.join(TIERED)}",
        )
        plan.refuse_if(
            bool(plan.new("is_hns_enabled")) and kind not in HIERARCHICAL,
            "`is_hns_enabled` can only be used for accounts with `account_kind` set to one of: "
            f"{' / '.join(HIERARCHICAL)}",
        )


class Container(Lifecycle):
    def arrange(self, body: Object, _prior: Object | None) -> None:
        account, _, name = body["id"].rpartition("/blobServices/default/containers/")
        body["$url"] = f"https://{account.rsplit('/', 1)[1]}.blob.{SUFFIX}/{name}"
        body["properties"].setdefault("denyEncryptionScopeOverride", False)

    def prepare(self, body: Object, _change: Change) -> None:
        body["properties"].pop("denyEncryptionScopeOverride", None)


RESOURCES = {
    "azurerm_storage_account": Resource(
        id=f"{ACCOUNTS}/{{name}}",
        api=API,
        always={"properties.encryption.keySource": "Microsoft.Storage"},
        parts={
            "$keys": Part("/listKeys?$expand=kerb", "POST"),
            "$blob": Part("/blobServices/default", writable=True),
            "$file": Part("/fileServices/default", writable=True),
        },
        fields=ACCOUNT,
    ),
    "azurerm_storage_container": Resource(
        id="{storage_account_id}/blobServices/default/containers/{name}",
        api=API,
        fields={
            "container_access_type": at("properties.publicAccess", ACCESS),
            "encryption_scope_override_enabled": STATE_ONLY,
            "has_immutability_policy": reads("properties.hasImmutabilityPolicy"),
            "has_legal_hold": reads("properties.hasLegalHold"),
            "url": reads("$url"),
        },
    ),
    "azurerm_storage_share": Resource(
        id="{storage_account_id}/fileServices/default/shares/{name}",
        api=API,
        fields={"quota": "properties.shareQuota", "url": STATE_ONLY, "acl": STATE_ONLY},
    ),
}
LIFECYCLES = {"azurerm_storage_account": Account, "azurerm_storage_container": Container}
