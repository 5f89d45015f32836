"""azure-storage-blob, unmodified, against the accounts of the sandbox."""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import (
    AccountSasPermissions,
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient

from tests.sandbox.blob.conftest import Account, Lab, code, eventually

MEGABYTE = 2**20


@pytest.fixture
def client(account: Account) -> Iterator[BlobServiceClient]:
    with account.client() as found:
        yield found


@pytest.fixture
def container(client: BlobServiceClient) -> ContainerClient:
    return client.create_container("things")


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=10)


def test_seven_megabytes_come_back_as_they_were_sent(container: ContainerClient) -> None:
    content = os.urandom(7 * MEGABYTE)

    container.upload_blob("big/file.bin", content, max_concurrency=2)

    read = container.download_blob("big/file.bin", max_concurrency=2).readall()
    assert hashlib.sha256(read).digest() == hashlib.sha256(content).digest()
    assert container.download_blob("big/file.bin", offset=5, length=10).readall() == content[5:15]


def test_a_big_file_goes_up_in_blocks(account: Account) -> None:
    content = os.urandom(7 * MEGABYTE)
    with BlobServiceClient(
        account.url, account.keys()["key2"], max_single_put_size=MEGABYTE, max_block_size=MEGABYTE
    ) as client:
        container = client.create_container("blocks")
        blob = container.upload_blob("file", content)

        committed, uncommitted = blob.get_block_list("all")

        assert (len(committed), len(uncommitted)) == (7, 0)
        assert container.download_blob("file").readall() == content


def test_lists_properties_metadata_and_tags_are_kept(container: ContainerClient) -> None:
    blob = container.upload_blob("a b/ü+%.txt", b"x", metadata={"owner": "me"})
    container.upload_blob("other", b"yy")
    blob.set_blob_tags({"kind": "letter"})

    assert sorted(container.list_blob_names()) == ["a b/ü+%.txt", "other"]
    assert [one.name for one in container.list_blobs(name_starts_with="a b")] == ["a b/ü+%.txt"]
    assert blob.get_blob_properties().metadata == {"owner": "me"}
    assert blob.get_blob_tags() == {"kind": "letter"}
    assert container.url.startswith(f"https://{container.account_name}.blob.core.windows.net/")


def test_a_blob_is_copied_inside_the_account(container: ContainerClient) -> None:
    source = container.upload_blob("from", b"copied")
    target = container.get_blob_client("to")

    started = target.start_copy_from_url(source.url)

    assert started["copy_status"] == "success"
    assert target.download_blob().readall() == b"copied"
    assert target.get_blob_properties().copy.source == source.url


def test_a_blob_is_copied_between_accounts_with_a_signed_address(
    lab: Lab, account: Account, container: ContainerClient
) -> None:
    other = lab.new_account()
    target = other.client().create_container("copies").get_blob_client("to")
    source = container.upload_blob("from", b"far")
    signed = f"{source.url}?{blob_signature(account, source.blob_name, read=True)}"

    with pytest.raises(HttpResponseError) as refusal:
        target.start_copy_from_url(source.url)
    target.start_copy_from_url(signed)
    staged = other.client().get_blob_client("copies", "staged")
    staged.upload_blob_from_url(signed)

    assert code(refusal) == (404, "CannotVerifyCopySource")
    assert target.download_blob().readall() == b"far"
    assert staged.download_blob().readall() == b"far"


def test_a_lease_keeps_others_out(container: ContainerClient) -> None:
    blob = container.upload_blob("locked", b"1")
    lease = blob.acquire_lease(15)

    with pytest.raises(HttpResponseError) as refusal:
        blob.upload_blob(b"2", overwrite=True)
    blob.upload_blob(b"3", overwrite=True, lease=lease)
    lease.release()

    assert code(refusal) == (412, "LeaseIdMissing")
    assert blob.download_blob().readall() == b"3"


def test_many_blobs_are_deleted_in_one_request(container: ContainerClient) -> None:
    for name in ("one", "two", "three"):
        container.upload_blob(name, b"")

    answers = list(container.delete_blobs("one", "two"))

    assert [answer.status_code for answer in answers] == [202, 202]
    assert list(container.list_blob_names()) == ["three"]


def test_what_is_deleted_is_gone(container: ContainerClient) -> None:
    blob = container.upload_blob("short", b"")

    blob.delete_blob()

    with pytest.raises(ResourceNotFoundError) as missing:
        blob.get_blob_properties()
    assert code(missing) == (404, "BlobNotFound")


def test_a_connection_string_is_enough(account: Account) -> None:
    text = (
        f"DefaultEndpointsProtocol=https;AccountName={account.name};"
        f"AccountKey={account.keys()['key1']};EndpointSuffix=core.windows.net"
    )
    with BlobServiceClient.from_connection_string(text) as client:
        client.create_container("strings")

        assert [one.name for one in client.list_containers()] == ["strings"]


def test_the_default_credential_needs_a_role_for_data(lab: Lab, account: Account) -> None:
    container = account.client(DefaultAzureCredential()).get_container_client("mine")
    container.create_container()  # An Owner may, since this is no data action.
    with pytest.raises(HttpResponseError) as early:
        container.upload_blob("x", b"")
    reader = lab.grant("Storage Blob Data Reader", lab.deployer, account.id)
    eventually(lambda: list(container.list_blob_names()))
    with pytest.raises(HttpResponseError) as reading:
        container.upload_blob("x", b"")
    lab.grant("Storage Blob Data Contributor", lab.deployer, f"{account.id}/blobServices/default")

    eventually(lambda: container.upload_blob("x", b"", overwrite=True))

    assert code(early) == code(reading) == (403, "AuthorizationPermissionMismatch")
    lab.arm("DELETE", reader)


def test_a_renewed_key_replaces_the_old_one_at_once(account: Account) -> None:
    old, other = account.client(), account.client(account.keys()["key2"])
    old.create_container("rotated")

    account.lab.arm("POST", f"{account.id}/regenerateKey", {"keyName": "key1"})

    with pytest.raises(HttpResponseError) as refusal:
        list(old.list_containers())
    assert code(refusal) == (403, "AuthenticationFailed")
    assert [one.name for one in other.list_containers()] == ["rotated"]
    assert [one.name for one in account.client().list_containers()] == ["rotated"]


def test_the_asynchronous_client_works_too(lab: Lab, account: Account) -> None:
    # aiohttp reads SSL_CERT_FILE when it is imported, which was before the sandbox was there.
    trust, key = lab.environment["SSL_CERT_FILE"], account.keys()["key1"]

    async def run() -> bytes:
        async with AsyncBlobServiceClient(account.url, key, connection_verify=trust) as client:
            container = await client.create_container("async")
            await container.upload_blob("one", b"first" * MEGABYTE)
            return bytes(await (await container.download_blob("one")).readall())

    assert asyncio.run(run()) == b"first" * MEGABYTE


# --- Shared access signatures ---------------------------------------------------------------------


def blob_signature(account: Account, blob: str, **rights: bool) -> str:
    return generate_blob_sas(
        account.name,
        "things",
        blob,
        account_key=account.keys()["key1"],
        permission=BlobSasPermissions(**rights),
        expiry=soon(),
    )


def test_a_signed_address_opens_one_blob_for_what_it_says(
    account: Account, container: ContainerClient
) -> None:
    blob = container.upload_blob("one", b"1")
    container.upload_blob("two", b"2")
    signature = blob_signature(account, "one", read=True)
    signed = BlobClient.from_blob_url(f"{blob.url}?{signature}", retry_total=0)
    other = BlobClient.from_blob_url(f"{container.url}/two?{signature}", retry_total=0)

    assert signed.download_blob().readall() == b"1"
    with pytest.raises(HttpResponseError) as writing:
        signed.upload_blob(b"2", overwrite=True)
    with pytest.raises(HttpResponseError) as wrong:
        other.download_blob()
    assert code(writing) == (403, "AuthorizationPermissionMismatch")
    assert code(wrong) == (403, "AuthenticationFailed")


@pytest.mark.usefixtures("container")
def test_a_signature_for_a_container_lists_and_writes_in_it(account: Account) -> None:
    signature = generate_container_sas(
        account.name,
        "things",
        account_key=account.keys()["key1"],
        permission=ContainerSasPermissions(read=True, write=True, list=True),
        expiry=soon(),
    )
    signed = ContainerClient(account.url, "things", signature, retry_total=0)

    signed.upload_blob("new", b"n")

    assert list(signed.list_blob_names()) == ["new"]
    with pytest.raises(HttpResponseError):
        signed.delete_blob("new")


def test_a_signature_for_the_account_says_for_which_kinds_of_things(
    account: Account, container: ContainerClient
) -> None:
    container.upload_blob("x", b"x")
    signature = generate_account_sas(
        account.name,
        account.keys()["key1"],
        ResourceTypes(object=True),
        AccountSasPermissions(read=True, list=True),
        soon(),
    )
    client = account.client(signature)

    assert client.get_blob_client("things", "x").download_blob().readall() == b"x"
    with pytest.raises(HttpResponseError) as refusal:
        list(client.list_containers())
    assert code(refusal) == (403, "AuthorizationResourceTypeMismatch")


def test_an_expired_signature_and_one_of_an_old_key_are_refused(
    account: Account, container: ContainerClient
) -> None:
    blob = container.upload_blob("one", b"1")
    late = generate_blob_sas(
        account.name,
        "things",
        "one",
        account_key=account.keys()["key2"],
        permission="r",
        expiry=datetime.now(UTC) - timedelta(minutes=1),
    )
    good = blob_signature(account, "one", read=True)
    account.lab.arm("POST", f"{account.id}/regenerateKey", {"keyName": "key1"})

    for signature, why in ((late, "not valid in the specified"), (good, "did not match")):
        with pytest.raises(HttpResponseError, match=why) as refusal:
            BlobClient.from_blob_url(f"{blob.url}?{signature}", retry_total=0).download_blob()
        assert refusal.value.status_code == 403


def test_a_principal_signs_with_its_own_rights(lab: Lab, account: Account) -> None:
    blob = account.client().create_container("things").upload_blob("one", b"1")
    client = account.client(lab.credential)
    key = client.get_user_delegation_key(datetime.now(UTC) - timedelta(minutes=1), soon())
    signature = generate_blob_sas(
        account.name,
        "things",
        "one",
        user_delegation_key=key,
        permission=BlobSasPermissions(read=True, write=True),
        expiry=soon(),
    )
    signed = BlobClient.from_blob_url(f"{blob.url}?{signature}", retry_total=0)

    with pytest.raises(HttpResponseError) as early:
        signed.download_blob()
    lab.grant("Storage Blob Data Reader", lab.deployer, account.id)

    assert eventually(lambda: signed.download_blob().readall()) == b"1"
    with pytest.raises(HttpResponseError) as writing:
        signed.upload_blob(b"2", overwrite=True)
    assert code(early) == code(writing) == (403, "AuthorizationPermissionMismatch")


# --- Containers, seen from both sides -------------------------------------------------------------


def test_containers_are_the_same_in_resource_manager(account: Account) -> None:
    client, base = account.client(), f"{account.id}/blobServices/default/containers"
    account.lab.arm("PUT", f"{base}/from-arm", {"properties": {"metadata": {"team": "a"}}})
    client.create_container("from-blob", metadata={"team": "b"})

    seen = {one.name: one.metadata for one in client.list_containers(include_metadata=True)}
    shown = account.lab.arm("GET", base).json()["value"]

    assert seen == {"from-arm": {"team": "a"}, "from-blob": {"team": "b"}}
    assert {one["name"]: one["properties"]["metadata"] for one in shown} == seen
    with pytest.raises(ResourceExistsError) as twice:
        client.create_container("from-arm")
    assert code(twice) == (409, "ContainerAlreadyExists")


def test_a_container_that_one_side_deletes_is_gone_on_the_other(account: Account) -> None:
    client, base = account.client(), f"{account.id}/blobServices/default/containers"
    for name in ("one", "two"):
        client.create_container(name).upload_blob("x", b"")

    account.lab.arm("DELETE", f"{base}/one")
    client.delete_container("two")

    with pytest.raises(ResourceNotFoundError) as missing:
        client.get_blob_client("one", "x").download_blob()
    assert code(missing) == (404, "ContainerNotFound")
    assert account.lab.arm("GET", f"{base}/two").status_code == 404
    account.lab.arm("PUT", f"{base}/one", {"properties": {}})
    assert list(client.get_container_client("one").list_blob_names()) == []


def test_an_account_that_is_made_anew_is_empty(account: Account) -> None:
    account.client().create_container("old").upload_blob("x", b"")

    account.lab.arm("DELETE", account.id)
    body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    account.lab.arm("PUT", account.id, body)

    assert list(account.client().list_containers()) == []
