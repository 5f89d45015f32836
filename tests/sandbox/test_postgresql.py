"""Microsoft.DBforPostgreSQL, as an ARM client sees it."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, Caller, ResourceId
from sandbox.cloud import postgresql
from sandbox.latency import Latency
from sandbox.store import Store

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
SERVER = "flexibleServers/lab-pg"
PASSWORD = "Correct-Horse-9"
NETWORK = ResourceId(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net")
ZONE = ResourceId(
    f"{GROUP}/providers/Microsoft.Network/privateDnsZones/lab.private.postgres.database.azure.com"
)


def server(**properties: Any) -> dict[str, Any]:
    wanted = {
        "version": "16",
        "administratorLogin": "pgadmin",
        "administratorLoginPassword": PASSWORD,
        "storage": {"storageSizeGB": 64},
    }
    return {
        "location": "westeurope",
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": wanted | properties,
    }


class Cloud:
    """A group in a simulated cloud, and one that calls it."""

    def __init__(self, latency: Latency | None = None) -> None:
        self.time = 1000.0
        self.store = Store(latency, clock=lambda: self.time)
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        app = Starlette(
            routes=postgresql.routes(self.store), exception_handlers={arm.ArmError: arm.answer}
        )

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.app = known

    def __call__(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                url = f"https://{arm.HOST}{GROUP}/providers/Microsoft.DBforPostgreSQL/{path}"
                return await client.request(
                    verb, url, json=body, params={"api-version": "2025-08-01"}
                )

        return asyncio.run(send())

    def connect_network(self, *, delegated: bool = True, linked: bool = True) -> dict[str, Any]:
        """A subnet and a zone as a private server needs them, or nearly."""
        service = "Microsoft.DBforPostgreSQL/flexibleServers" if delegated else "Other/service"
        subnet = NETWORK.child("subnets", "pg")
        delegations = [{"name": "pg", "properties": {"serviceName": service}}]
        self.store.put(NETWORK, {})
        self.store.put(subnet, {"properties": {"delegations": delegations}})
        self.store.put(ZONE, {"location": "global"})
        if linked:
            link = {"virtualNetwork": {"id": str(NETWORK)}}
            self.store.put(ZONE.child("virtualNetworkLinks", "net"), {"properties": link})
        found = {
            "delegatedSubnetResourceId": str(subnet),
            "privateDnsZoneArmResourceId": str(ZONE),
        }
        return {"network": found}


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud("PUT", SERVER, server())
    return cloud


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_every_change_is_accepted_and_polled() -> None:
    cloud = Cloud()

    answers = [
        cloud("PUT", SERVER, server()),
        cloud("PATCH", SERVER, {"tags": {"a": "b"}}),
        cloud("PUT", f"{SERVER}/databases/supabase", {"properties": {"charset": "UTF8"}}),
        cloud("DELETE", f"{SERVER}/databases/supabase"),
        cloud("DELETE", SERVER),
    ]

    assert [answer.status_code for answer in answers] == [202] * 5
    assert all("Azure-AsyncOperation" in answer.headers for answer in answers)


def test_a_server_fills_in_what_was_not_said(cloud: Cloud) -> None:
    shown = cloud("GET", SERVER).json()

    properties = shown["properties"]
    assert properties["fullyQualifiedDomainName"] == "lab-pg.postgres.database.azure.com"
    assert properties["state"] == "Ready"
    assert properties["highAvailability"] == {"mode": "Disabled", "state": "NotEnabled"}
    assert properties["backup"]["backupRetentionDays"] == 7
    assert shown["systemData"]["createdAt"].startswith("1970-01-01T00:16:40")


def test_the_password_is_kept_and_never_shown(cloud: Cloud) -> None:
    kept = cloud.store.get(f"{GROUP}/providers/Microsoft.DBforPostgreSQL/{SERVER}")

    shown = cloud("GET", SERVER).text + repr(kept)

    assert kept.secrets["administratorLoginPassword"] == PASSWORD
    assert PASSWORD not in shown


def test_a_new_password_replaces_the_old_one_and_nothing_else(cloud: Cloud) -> None:
    before = cloud("GET", SERVER).json()

    answer = cloud(
        "PATCH", SERVER, {"properties": {"administratorLoginPassword": "Other-Horse-10"}}
    )

    kept = cloud.store.get(f"{GROUP}/providers/Microsoft.DBforPostgreSQL/{SERVER}")
    assert "Other-Horse-10" not in answer.text
    assert kept.secrets["administratorLoginPassword"] == "Other-Horse-10"
    assert cloud("GET", SERVER).json() == before


@pytest.mark.parametrize("password", ["Short1!", "onlylowercase", "Xx1-pgadmin-Xx1"])
def test_a_weak_password_is_refused_and_not_repeated(cloud: Cloud, password: str) -> None:
    answer = cloud("PATCH", SERVER, {"properties": {"administratorLoginPassword": password}})

    assert error(answer) == (400, "PasswordNotComplex")
    assert password not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"administratorLogin": "azure_superuser"},
        {"administratorLogin": "pg_owner"},
        {"storage": {"storageSizeGB": 100}},
        {"version": "9.6"},
        {"backup": {"backupRetentionDays": 40}},
    ],
)
def test_what_azure_refuses_is_refused(wrong: dict[str, Any]) -> None:
    cloud = Cloud()

    answer = cloud("PUT", SERVER, server(**wrong))

    assert error(answer) == (400, "InvalidParameterValue")
    assert cloud("GET", SERVER).status_code == 404


def test_storage_does_not_shrink(cloud: Cloud) -> None:
    answer = cloud("PATCH", SERVER, {"properties": {"storage": {"storageSizeGB": 32}}})

    assert error(answer) == (400, "InvalidParameterValue")


def test_a_private_server_is_built_once_its_network_is_ready() -> None:
    cloud = Cloud()

    cloud("PUT", SERVER, server(**cloud.connect_network()))

    network = cloud("GET", SERVER).json()["properties"]["network"]
    assert network["publicNetworkAccess"] == "Disabled"


@pytest.mark.parametrize("missing", ["delegated", "linked"])
def test_a_private_server_needs_a_delegated_subnet_and_a_linked_zone(missing: str) -> None:
    cloud = Cloud()

    answer = cloud("PUT", SERVER, server(**cloud.connect_network(**{missing: False})))

    assert error(answer) == (400, "InvalidParameterValue")


def test_only_known_extensions_can_be_allowed(cloud: Cloud) -> None:
    path = f"{SERVER}/configurations/azure.extensions"

    good = cloud("PATCH", path, {"properties": {"value": "PGCRYPTO,uuid-ossp,VECTOR"}})
    bad = cloud("PATCH", path, {"properties": {"value": "PGCRYPTO,PG_NET"}})

    assert good.status_code == 202
    assert error(bad) == (400, "InvalidParameterValue")
    assert cloud("GET", path).json()["properties"]["value"] == "PGCRYPTO,uuid-ossp,VECTOR"


def test_a_static_parameter_waits_for_a_restart(cloud: Cloud) -> None:
    path = f"{SERVER}/configurations/wal_level"
    cloud("PATCH", path, {"properties": {"value": "logical"}})
    before = cloud("GET", path).json()["properties"]

    cloud("POST", f"{SERVER}/restart", {})

    after = cloud("GET", path).json()["properties"]
    assert (before["isConfigPendingRestart"], after["isConfigPendingRestart"]) == (True, False)
    assert (after["value"], after["source"]) == ("logical", "user-override")


def test_a_busy_server_says_so_and_shows_its_state() -> None:
    cloud = Cloud(Latency("typical"))
    cloud("PUT", SERVER, server())

    second = cloud("PATCH", SERVER, {"tags": {}})
    inside = cloud("PUT", f"{SERVER}/databases/supabase", {"properties": {}})

    assert error(second) == error(inside) == (409, "ServerIsBusy")
    assert cloud("GET", SERVER).json()["properties"]["state"] == "Provisioning"
    cloud.time += 301
    assert cloud("GET", SERVER).json()["properties"]["state"] == "Ready"
    assert cloud("PATCH", SERVER, {"tags": {}}).status_code == 202


def test_the_databases_of_the_service_stay(cloud: Cloud) -> None:
    answer = cloud("DELETE", f"{SERVER}/databases/azure_sys")

    assert error(answer) == (400, "InvalidParameterValue")
