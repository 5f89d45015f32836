"""Flexible servers: what Azure refuses, and what it fills in."""

import re
from typing import Any

from sandbox.arm import ArmError, ResourceId, UnsupportedError
from sandbox.cloud.postgresql import configurations, firewall, power
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
DATABASES = f"{SERVERS}/databases"
LINKS = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
NAME = re.compile(r"^[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]$")
SUFFIX = "postgres.database.azure.com"
VERSIONS = {"13": "22", "14": "19", "15": "14", "16": "10", "17": "6", "18": "1"}
SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767)  # GB
DISKS = {  # Performance tier to IOPS, in the order of SIZES.
    "P4": 120,
    "P6": 240,
    "P10": 500,
    "P15": 1100,
    "P20": 2300,
    "P30": 5000,
    "P40": 7500,
    "P50": 7500,
    "P60": 16000,
    "P70": 18000,
    "P80": 20000,
}
BACKUP_DAYS = range(7, 36)
RESERVED = re.compile(
    r"^(azure_superuser|azure_pg_admin|azuresu|admin|administrator|root|guest|public|pg_.*)$",
    re.IGNORECASE,
)
PASSWORD = "administratorLoginPassword"  # noqa: S105  # The name of a field.
PASSWORD_LENGTH = range(8, 129)
KINDS_OF_CHARACTERS = (r"[a-z]", r"[A-Z]", r"\d", r"[^a-zA-Z\d]")
STATES = {
    "Succeeded": "Ready",
    "Failed": "Disabled",
    "Creating": "Provisioning",
    "Deleting": "Dropping",
}
OWN_DATABASES = ("azure_maintenance", "azure_sys", "postgres")


def invalid(parameter: str, why: str) -> ArmError:
    return ArmError(
        400,
        "InvalidParameterValue",
        f"Invalid value given for parameter {parameter}. Specify a valid parameter value. {why}",
    )


def check(change: Change) -> None:
    properties = change.properties
    if change.before:
        power.check_on(change.before)
    if not NAME.match(change.id.name):
        raise invalid("ServerName", "Use 3 to 63 lower-case letters, numbers and single dashes.")
    for other in change.store.all(SERVERS):
        if other.name.lower() == change.id.name.lower() and other.id != change.id:
            raise ArmError(
                409,
                "ServerNameAlreadyExists",
                f"The server name '{change.id.name}' is already in use.",
            )
    if (change.body.get("identity") or {"type": "None"}).get("type") != "None":
        raise UnsupportedError("A PostgreSQL server with an identity of its own is not simulated.")
    sku = change.body.get("sku") or {}
    if not sku.get("name") or not sku.get("tier"):
        raise invalid("Sku", "Give its name and tier.")
    if str(properties.get("version", "16")) not in VERSIONS:
        raise invalid("Version", f"The sandbox knows {', '.join(VERSIONS)}.")
    check_login(change)
    check_storage(change)
    days = (properties.get("backup") or {}).get("backupRetentionDays", BACKUP_DAYS.start)
    if days not in BACKUP_DAYS:
        raise invalid("BackupRetentionDays", "Backups are kept for 7 to 35 days.")
    check_network(change)


def check_login(change: Change) -> None:
    """The password is checked and never repeated."""
    login = str(change.properties.get("administratorLogin") or "")
    password = change.properties.get(PASSWORD)
    if change.before is None:
        if not login or RESERVED.match(login):
            raise invalid("AdministratorLogin", "It is missing, or reserved.")
        if not password:
            raise invalid("AdministratorLoginPassword", "A new server needs one.")
    elif login != change.before.properties["administratorLogin"]:
        raise invalid("AdministratorLogin", "It cannot be changed on an existing server.")
    if password is not None and not strong(str(password), login):
        raise ArmError(
            400,
            "PasswordNotComplex",
            "Password validation failed. The password does not meet policy requirements because "
            "it is not complex enough.",
        )


def strong(password: str, login: str) -> bool:
    kinds = sum(bool(re.search(pattern, password)) for pattern in KINDS_OF_CHARACTERS)
    needed = len(KINDS_OF_CHARACTERS) - 1
    return len(password) in PASSWORD_LENGTH and kinds >= needed and login not in password


def check_storage(change: Change) -> None:
    storage = change.properties.get("storage") or {}
    size = storage.get("storageSizeGB", SIZES[0])
    if size not in SIZES:
        raise invalid("StorageSizeGB", f"It is one of {', '.join(map(str, SIZES))}.")
    if change.before and size < change.before.properties["storage"]["storageSizeGB"]:
        raise invalid("StorageSizeGB", "Storage cannot shrink.")


def check_network(change: Change) -> None:
    """Private access needs a subnet of its own kind, and a zone that this network asks."""
    network = change.properties.get("network") or {}
    subnet, zone = (
        network.get("delegatedSubnetResourceId"),
        network.get("privateDnsZoneArmResourceId"),
    )
    if change.before:
        held = change.before.properties["network"]
        if (held.get("delegatedSubnetResourceId") or "").lower() != (subnet or "").lower():
            raise invalid("DelegatedSubnetResourceId", "A server cannot move to another subnet.")
    if not subnet:
        return
    found = change.store.find(subnet)
    if found is None:
        raise invalid("DelegatedSubnetResourceId", f"The subnet {subnet} does not exist.")
    services = {item["properties"]["serviceName"] for item in found.properties["delegations"]}
    if SERVERS not in services:
        raise invalid(
            "DelegatedSubnetResourceId", f"Delegate the subnet {found.name} to {SERVERS}."
        )
    if not zone:
        raise invalid("PrivateDnsZoneArmResourceId", "Private access needs a private DNS zone.")
    if change.store.find(zone) is None or not zone.lower().endswith(SUFFIX):
        raise invalid(
            "PrivateDnsZoneArmResourceId", f"The zone must exist, and its name end with {SUFFIX}."
        )
    linked = {
        link.properties["virtualNetwork"]["id"].lower() for link in change.store.below(zone, LINKS)
    }
    if found.id.parent.key not in linked:
        raise invalid(
            "PrivateDnsZoneArmResourceId",
            f"Link the zone to the virtual network {found.id.parent.name} first.",
        )


def fill(change: Change) -> None:
    properties = change.properties
    password = properties.pop(PASSWORD, None)
    if password is not None:
        change.secrets[PASSWORD] = str(password)
    before = change.before
    if before:
        change.body["systemData"] = before.body["systemData"]
        properties.setdefault("administratorLogin", before.properties["administratorLogin"])
    else:
        now = change.store.timestamp()
        change.body["systemData"] = {
            "createdBy": change.caller.application_id,
            "createdByType": "Application",
            "createdAt": now,
        }
    for key, value in defaults(change).items():
        if isinstance(value, dict):
            properties[key] = value | (properties.get(key) or {})
        else:
            properties.setdefault(key, value)
    access = "Disabled" if properties["network"].get("delegatedSubnetResourceId") else "Enabled"
    properties["network"].setdefault("publicNetworkAccess", access)
    properties["minorVersion"] = VERSIONS[properties["version"]]
    properties["fullyQualifiedDomainName"] = f"{change.id.name}.{SUFFIX}"
    available = properties["highAvailability"]
    available["state"] = "NotEnabled" if available["mode"] == "Disabled" else "Healthy"


def defaults(change: Change) -> dict[str, Any]:
    created = change.body["systemData"]["createdAt"]
    return {
        "version": "16",
        "availabilityZone": "1",
        "replicationRole": "Primary",
        "replicaCapacity": 5,
        "network": {},
        "storage": disk(change.properties.get("storage") or {}),
        "backup": {
            "backupRetentionDays": BACKUP_DAYS.start,
            "geoRedundantBackup": "Disabled",
            "earliestRestoreDate": created,
        },
        "highAvailability": {"mode": "Disabled"},
        "maintenanceWindow": {
            "customWindow": "Disabled",
            "dayOfWeek": 0,
            "startHour": 0,
            "startMinute": 0,
        },
        "authConfig": {"activeDirectoryAuth": "Disabled", "passwordAuth": "Enabled"},
        "dataEncryption": {"type": "SystemManaged"},
    }


def disk(wanted: dict[str, Any]) -> dict[str, Any]:
    """A disk as Azure makes it where nothing else is asked: its tier follows from its size."""
    size = wanted.get("storageSizeGB", SIZES[0])
    tier = wanted.get("tier") or list(DISKS)[SIZES.index(size)]
    own = {"autoGrow": "Disabled", "tier": tier, "iops": DISKS.get(tier)}
    return {"storageSizeGB": size, **own}


def show(server: Resource, _store: Store) -> dict[str, Any]:
    """A server tells its state in a word of its own, without a provisioning state."""
    word = STATES.get(server.state, server.state)
    if word == "Ready" and power.is_stopped(server):
        word = "Stopped"
    state = server.properties | {"state": word}
    body = server.body | {"properties": state}
    return {"id": str(server.id), "name": server.name, "type": server.kind, **body}


def show_part(part: Resource, _store: Store) -> dict[str, Any]:
    return {"id": str(part.id), "name": part.name, "type": part.kind, **part.body}


def create_parts(server: Resource, store: Store) -> None:
    configurations.create(server, store)
    for name in OWN_DATABASES:
        resource = server.id.child("databases", name)
        if store.find(resource) is None:
            store.put(resource, {"properties": {"charset": "UTF8", "collation": "en_US.utf8"}})


def check_server_free(change: Change) -> None:
    """A part of a server changes only while the server itself is at rest."""
    server = change.store.get(server_of(change.id))
    if server.busy:
        raise power.is_busy(server)
    power.check_on(server)


def server_of(part: ResourceId) -> ResourceId:
    return ResourceId("/" + "/".join(part.segments[:8]))


def check_database(change: Change) -> None:
    check_server_free(change)
    if not re.match(r"^[A-Za-z_][\w-]{0,62}$", change.id.name):
        raise invalid("DatabaseName", "Use up to 63 letters, numbers, dashes and underscores.")


def fill_database(change: Change) -> None:
    change.properties.setdefault("charset", "UTF8")
    change.properties.setdefault("collation", "en_US.utf8")


def keep_own_databases(database: Resource, _store: Store) -> None:
    if database.name in OWN_DATABASES:
        raise invalid("DatabaseName", f"The database {database.name} belongs to the service.")


def check_rule(change: Change) -> None:
    check_server_free(change)
    firewall.check(change, change.store.get(server_of(change.id)))


def check_configuration(change: Change) -> None:
    check_server_free(change)
    configurations.check(change)


def fill_administrator(change: Change) -> None:
    change.properties["objectId"] = change.id.name
    change.properties.setdefault("tenantId", change.caller.tenant)
