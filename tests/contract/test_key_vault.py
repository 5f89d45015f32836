"""Key Vault's data plane through azure-keyvault-secrets, and through our own module."""

import time

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from tasks import azure, key_vault
from tasks.catalogue import CATALOGUE, Facts
from tasks.errors import NotReadyError, RefusedError
from tests.contract.conftest import Cloud, unique

READERS = {"azure-storage-account-key": lambda _present: "a-key"}
BUILT = Facts("account", "supabase", "postgres", "server.postgres.database.azure.com")


@pytest.fixture
def secrets(cloud: Cloud) -> SecretClient:
    """A vault that lets us in."""
    return cloud.secrets


# --- Who may come in -----------------------------------------------------------------------------


def test_a_stranger_is_told_where_to_get_a_token(cloud: Cloud) -> None:
    answer = httpx.get(f"{cloud.vault.uri}secrets/any?api-version=7.4")

    challenge = answer.headers["WWW-Authenticate"]
    assert answer.status_code == 401
    assert challenge.startswith("Bearer authorization=")
    assert f"/{cloud.tenant}" in challenge
    assert 'resource="https://vault.azure.net"' in challenge
    assert answer.json()["error"]["code"] == "Unauthorized"
    assert "AKV10000" in answer.json()["error"]["message"]


def test_a_token_for_another_service_is_refused(cloud: Cloud) -> None:
    token = cloud.credential.get_token("https://management.azure.com/.default").token

    answer = httpx.get(
        f"{cloud.vault.uri}secrets/any?api-version=7.4",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 401


def test_an_owner_is_kept_out_until_a_role_has_spread_and_then_let_in_for_good(
    slow_cloud: Cloud,
) -> None:
    vault = slow_cloud.make_vault()
    with SecretClient(vault.uri, slow_cloud.credential) as client:
        assert asked(client) == "ForbiddenByRbac"
        slow_cloud.grant("Key Vault Secrets Officer", vault.id)

        answers = until_settled(client, slow_cloud)
        later = [asked(client) for _ in range(3 * key_vault.IN_A_ROW)]

    assert answers[0] == "ForbiddenByRbac"
    assert set(answers) == {"ForbiddenByRbac", "SecretNotFound"}
    assert set(later) == {"SecretNotFound"}


def asked(client: SecretClient) -> str:
    """The code with which the vault answers for a secret that does not exist."""
    try:
        client.get_secret(key_vault.PROBE)
    except HttpResponseError as error:
        return azure.inner_code(error)
    return ""


def until_settled(client: SecretClient, cloud: Cloud) -> list[str]:
    """Every answer, up to so many good ones in a row as our own probe wants to see."""
    answers: list[str] = []
    deadline = time.monotonic() + cloud.patience
    while answers[-key_vault.IN_A_ROW :] != ["SecretNotFound"] * key_vault.IN_A_ROW:
        assert time.monotonic() < deadline, answers
        answers.append(asked(client))
        time.sleep(cloud.pause)
    return answers


def test_our_probe_says_that_a_role_has_not_spread_yet(slow_cloud: Cloud) -> None:
    vault = slow_cloud.make_vault()
    slow_cloud.grant("Key Vault Secrets Officer", vault.id)

    with pytest.raises(NotReadyError, match=f"Key Vault {vault.name.lower()}: it does not know"):
        key_vault.reach.fn(vault.uri)


# --- Secrets -------------------------------------------------------------------------------------


def test_a_secret_comes_back_as_it_was_set(secrets: SecretClient) -> None:
    name = unique("set-")
    made = secrets.set_secret(name, "välue", content_type="text/plain", tags={"for": "contract"})

    found = secrets.get_secret(name)

    assert (found.name, found.value, found.properties.version) == (
        name,
        "välue",
        made.properties.version,
    )
    assert found.properties.content_type == "text/plain"
    assert found.properties.tags == {"for": "contract"}
    assert len(found.properties.version or "") == 32


def test_each_value_is_a_version_that_stays(secrets: SecretClient) -> None:
    name = unique("versions-")
    first = secrets.set_secret(name, "one").properties.version
    second = secrets.set_secret(name, "two").properties.version

    listed = {entry.version for entry in secrets.list_properties_of_secret_versions(name)}

    assert secrets.get_secret(name).value == "two"
    assert secrets.get_secret(name, first).value == "one"
    assert listed == {first, second}


def test_a_name_is_found_in_any_letter_case(secrets: SecretClient) -> None:
    name = unique("Case-")
    secrets.set_secret(name, "value")

    found = secrets.get_secret(name.upper())

    assert found.value == "value"


def test_tags_change_without_a_new_version(secrets: SecretClient) -> None:
    name = unique("tags-")
    version = secrets.set_secret(name, "value", tags={"a": "1"}).properties.version

    secrets.update_secret_properties(name, version, tags={"b": "2"})

    found = secrets.get_secret(name)
    assert (found.value, found.properties.version) == ("value", version)
    assert found.properties.tags == {"b": "2"}


def test_a_list_names_every_secret_over_all_its_pages(secrets: SecretClient) -> None:
    names = {unique("page-") for _ in range(27)}  # A page holds 25.
    for name in names:
        secrets.set_secret(name, "value")

    listed = {entry.name for entry in secrets.list_properties_of_secrets()}

    assert names <= listed


def test_a_secret_that_is_missing_is_named(secrets: SecretClient) -> None:
    name = unique("missing-")

    with pytest.raises(ResourceNotFoundError, match=name) as refusal:
        secrets.get_secret(name)

    assert azure.inner_code(refusal.value) == "SecretNotFound"


@pytest.mark.parametrize("name", ["under_score", "dot.ted", "x" * 128])
def test_secret_names_that_azure_refuses_are_refused(secrets: SecretClient, name: str) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        secrets.set_secret(name, "value")

    assert refusal.value.status_code == 400


def test_a_value_beyond_the_limit_is_refused(secrets: SecretClient) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        secrets.set_secret(unique("large-"), "x" * 25601)

    assert (refusal.value.status_code, azure.inner_code(refusal.value)) == (400, "BadParameter")


def test_a_disabled_secret_is_not_shown(secrets: SecretClient) -> None:
    name = unique("disabled-")
    secrets.set_secret(name, "value", enabled=False)

    with pytest.raises(HttpResponseError) as refusal:
        secrets.get_secret(name)

    assert (refusal.value.status_code, azure.inner_code(refusal.value)) == (403, "SecretDisabled")


# --- Deletion ------------------------------------------------------------------------------------


def test_a_deleted_secret_keeps_its_name_and_can_come_back(secrets: SecretClient) -> None:
    name = unique("deleted-")
    secrets.set_secret(name, "value")
    deleted = secrets.begin_delete_secret(name).result()

    with pytest.raises(ResourceNotFoundError):
        secrets.get_secret(name)
    with pytest.raises(ResourceExistsError) as refusal:
        secrets.set_secret(name, "other")
    secrets.begin_recover_deleted_secret(name).wait()

    assert deleted.recovery_id
    assert azure.inner_code(refusal.value) == "ObjectIsDeletedButRecoverable"
    assert secrets.get_secret(name).value == "value"


def test_a_purged_secret_is_gone_for_good(cloud: Cloud, secrets: SecretClient) -> None:
    name = unique("purged-")
    secrets.set_secret(name, "old")
    secrets.begin_delete_secret(name).wait()

    secrets.purge_deleted_secret(name)

    made = cloud.eventually(lambda: secrets.set_secret(name, "new"), ResourceExistsError)
    versions = [entry.version for entry in secrets.list_properties_of_secret_versions(name)]
    assert versions == [made.properties.version]


def test_deleting_takes_a_moment_in_which_the_secret_is_nowhere(slow_cloud: Cloud) -> None:
    with SecretClient(slow_cloud.vault.uri, slow_cloud.credential) as client:
        name = unique("slow-")
        client.set_secret(name, "value")
        poller = client.begin_delete_secret(name)

        with pytest.raises(ResourceNotFoundError):
            client.get_secret(name)
        poller.wait()

        assert client.get_deleted_secret(name).name == name


# --- Our own module ------------------------------------------------------------------------------


def test_our_keeper_makes_every_secret_once(slow_cloud: Cloud) -> None:
    vault = slow_cloud.vault.uri

    first = key_vault.keep.fn(vault, CATALOGUE, BUILT, READERS)
    second = key_vault.keep.fn(vault, CATALOGUE, BUILT, READERS)

    assert {kept.action for kept in first} == {"created"}
    assert {kept.action for kept in second} == {"unchanged"}
    assert [kept.version for kept in second] == [kept.version for kept in first]


def test_our_keeper_brings_back_what_was_deleted(secrets: SecretClient) -> None:
    vault, one = secrets.vault_url, tuple(s for s in CATALOGUE if s.name == "pg-meta-crypto-key")
    key_vault.keep.fn(vault, one, BUILT, {})
    secrets.begin_delete_secret("pg-meta-crypto-key").wait()

    kept = key_vault.keep.fn(vault, one, BUILT, {})

    assert [entry.action for entry in kept] == ["recovered"]
    assert secrets.get_secret("pg-meta-crypto-key").properties.version == kept[0].version


def test_our_keeper_renews_what_no_longer_follows(secrets: SecretClient) -> None:
    names = ("realtime-metrics-secret", "realtime-metrics-token")
    wanted = tuple(s for s in CATALOGUE if s.name in names)
    key_vault.keep.fn(secrets.vault_url, wanted, BUILT, {})
    secrets.set_secret("realtime-metrics-secret", "a secret of forty characters and no less")

    kept = key_vault.keep.fn(secrets.vault_url, wanted, BUILT, {})

    assert {entry.name: entry.action for entry in kept} == {
        "realtime-metrics-secret": "unchanged",
        "realtime-metrics-token": "renewed",
    }


def test_our_sealed_secret_remembers_where_it_was_applied(secrets: SecretClient) -> None:
    name = unique("sealed-")
    secrets.set_secret(name, "value", tags={"kept": "yes"})
    sealed = key_vault.Sealed(secrets.vault_url, name)

    before = sealed.applied_to()
    sealed.mark("server@today")

    assert (before, sealed.applied_to(), sealed.reveal()) == ("", "server@today", "value")
    assert secrets.get_secret(name).properties.tags == {
        "kept": "yes",
        "applied-to": "server@today",
    }


def test_a_closed_vault_is_no_matter_of_time(cloud: Cloud) -> None:
    vault = cloud.make_vault(default_action="Deny")
    cloud.grant("Key Vault Secrets Officer", vault.id)

    with pytest.raises(RefusedError, match="ForbiddenByFirewall"):
        cloud.eventually(lambda: key_vault.reach.fn(vault.uri), NotReadyError)
