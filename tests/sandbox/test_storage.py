"""Microsoft.Storage, as an ARM client sees it."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, Caller, ResourceId
from sandbox.cloud import storage
from sandbox.latency import Latency
from sandbox.store import Store

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
ACCOUNT = {
    "location": "westeurope",
    "sku": {"name": "Standard_ZRS"},
    "identity": {"type": "None"},
    "properties": {"allowSharedKeyAccess": True},
}


class Cloud:
    """A group in a simulated cloud, and one that calls it."""

    def __init__(self, latency: Latency | None = None) -> None:
        self.time = 1000.0
        self.store = Store(latency, clock=lambda: self.time)
        for name in (GROUP, f"{GROUP}2"):
            self.store.put(ResourceId(name), {"location": "westeurope"})
        app = Starlette(
            routes=storage.routes(self.store), exception_handlers={arm.ArmError: arm.answer}
        )

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.app = known

    def __call__(
        self, verb: str, path: str, body: Any = None, group: str = GROUP
    ) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                url = f"https://{arm.HOST}{group}/providers/Microsoft.Storage/{path}"
                return await client.request(
                    verb, url, json=body, params={"api-version": "2025-08-01"}
                )

        return asyncio.run(send())

    def keys(self) -> dict[str, str]:
        found = self("POST", "storageAccounts/labstg/listKeys").json()["keys"]
        return {key["keyName"]: key["value"] for key in found}


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud("PUT", "storageAccounts/labstg", ACCOUNT)
    return cloud


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_new_account_knows_its_endpoints_and_its_tier() -> None:
    cloud = Cloud()

    made = cloud("PUT", "storageAccounts/labstg", ACCOUNT)

    assert made.status_code == 200  # Clients refuse 201 here.
    assert made.json()["sku"]["tier"] == "Standard"
    endpoints = made.json()["properties"]["primaryEndpoints"]
    assert endpoints["blob"] == "https://labstg.blob.core.windows.net/"


def test_an_account_that_takes_time_answers_202_and_hides_its_keys_until_then() -> None:
    cloud = Cloud(Latency("typical"))

    made = cloud("PUT", "storageAccounts/labstg", ACCOUNT)
    early = cloud("POST", "storageAccounts/labstg/listKeys")
    cloud.time += 60
    late = cloud("POST", "storageAccounts/labstg/listKeys")

    assert made.status_code == 202
    assert made.headers["Location"].startswith("https://management.azure.com/")
    assert error(early) == (409, "StorageAccountIsNotProvisioned")
    assert late.status_code == 200


@pytest.mark.parametrize("name", ["ab", "has-dash", "UPPER", "x" * 25])
def test_names_that_azure_refuses_are_refused(cloud: Cloud, name: str) -> None:
    answer = cloud("PUT", f"storageAccounts/{name}", ACCOUNT)

    assert error(answer) == (400, "AccountNameInvalid")


def test_a_name_is_taken_for_every_group(cloud: Cloud) -> None:
    answer = cloud("PUT", "storageAccounts/labstg", ACCOUNT, group=f"{GROUP}2")

    assert error(answer) == (409, "StorageAccountAlreadyTaken")


def test_a_regenerated_key_is_new_and_the_other_one_stays(cloud: Cloud) -> None:
    before = cloud.keys()

    answer = cloud("POST", "storageAccounts/labstg/regenerateKey", {"keyName": "key2"})

    after = cloud.keys()
    assert answer.status_code == 200
    assert after["key1"] == before["key1"]
    assert after["key2"] != before["key2"]


def test_an_update_keeps_the_keys_and_the_birthday(cloud: Cloud) -> None:
    before, keys = cloud("GET", "storageAccounts/labstg").json(), cloud.keys()
    cloud.time += 100

    cloud("PATCH", "storageAccounts/labstg", {"tags": {"team": "data"}})

    after = cloud("GET", "storageAccounts/labstg").json()
    assert after["tags"] == {"team": "data"}
    assert after["properties"]["creationTime"] == before["properties"]["creationTime"]
    assert cloud.keys() == keys


def test_keys_never_show_in_the_account(cloud: Cloud) -> None:
    keys = cloud.keys()

    shown = cloud("GET", "storageAccounts/labstg").text

    assert not any(key in shown for key in keys.values())


def test_services_are_there_from_the_start_and_take_settings(cloud: Cloud) -> None:
    wanted = {"properties": {"isVersioningEnabled": True}}

    changed = cloud("PUT", "storageAccounts/labstg/blobServices/default", wanted)

    assert changed.status_code == 200
    assert cloud("GET", "storageAccounts/labstg/fileServices/default").status_code == 200
    shown = cloud("GET", "storageAccounts/labstg/blobServices/default").json()["properties"]
    assert shown["isVersioningEnabled"] is True


def test_a_container_lives_in_the_blob_service_and_dies_with_the_account(cloud: Cloud) -> None:
    path = "storageAccounts/labstg/blobServices/default/containers/supabase"
    made = cloud("PUT", path, {"properties": {"publicAccess": "None"}})

    deleted = cloud("DELETE", "storageAccounts/labstg")

    assert (made.status_code, deleted.status_code) == (201, 200)
    assert cloud("GET", path).status_code == 404


def test_deleting_an_account_is_over_with_the_answer() -> None:
    cloud = Cloud(Latency("typical"))
    cloud("PUT", "storageAccounts/labstg", ACCOUNT)
    cloud.time += 60

    answer = cloud("DELETE", "storageAccounts/labstg")

    assert answer.status_code == 200
    assert cloud("GET", "storageAccounts/labstg").status_code == 404
