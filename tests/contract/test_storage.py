"""Storage accounts through azure-mgmt-storage: keys come in pairs and are renewed one by one."""

import base64
from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.storage import StorageManagementClient

from tasks.errors import RefusedError
from tasks.storage_account import AccountKeys
from tests.contract.conftest import Cloud, unique

ACCOUNTS = "Microsoft.Storage/storageAccounts"


@pytest.fixture
def storage(cloud: Cloud) -> Iterator[StorageManagementClient]:
    with StorageManagementClient(cloud.credential, cloud.subscription) as client:
        yield client


def keys(storage: StorageManagementClient, cloud: Cloud) -> dict[str, str]:
    listed = storage.storage_accounts.list_keys(cloud.group, cloud.account)
    return {key["keyName"]: key["value"] for key in listed["keys"]}


def test_an_account_has_two_keys_of_64_bytes(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    found = keys(storage, cloud)

    assert list(found) == ["key1", "key2"]
    assert {len(base64.b64decode(value)) for value in found.values()} == {64}


def test_a_vault_without_a_valid_key_gets_the_first(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    ours = AccountKeys(cloud.subscription, cloud.group, cloud.account)
    valid = keys(storage, cloud)

    found = [ours(present) for present in (None, "ended", valid["key2"])]

    assert found == [valid["key1"], valid["key1"], valid["key2"]]


def test_we_are_told_the_key_that_we_have_renewed(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    ours = AccountKeys(cloud.subscription, cloud.group, cloud.account)

    new = ours.regenerate("key2")

    assert new == ours.value("key2") == keys(storage, cloud)["key2"]


def test_one_key_is_renewed_while_the_other_stays(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    before = keys(storage, cloud)

    storage.storage_accounts.regenerate_key(cloud.group, cloud.account, {"keyName": "key2"})

    after = keys(storage, cloud)
    assert after["key1"] == before["key1"]
    assert after["key2"] != before["key2"]


def test_a_key_that_does_not_exist_cannot_be_renewed(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        storage.storage_accounts.regenerate_key(cloud.group, cloud.account, {"keyName": "key9"})

    assert refusal.value.status_code == 400


def test_keys_never_show_in_the_account_itself(
    cloud: Cloud, storage: StorageManagementClient
) -> None:
    shown = cloud.arm("GET", cloud.id_of(ACCOUNTS, cloud.account))

    assert not [value for value in keys(storage, cloud).values() if value in str(shown)]


def test_our_reader_names_an_account_that_is_missing(cloud: Cloud) -> None:
    name = unique("nobody")

    with pytest.raises(RefusedError, match=f"storage account {name}.*404 ResourceNotFound"):
        AccountKeys(cloud.subscription, cloud.group, name)(None)
