"""Our seeding in bad weather: what was written is told, and the next run goes on from there."""

from collections.abc import Iterator

import pytest
from azure.keyvault.secrets import SecretClient

from tasks import azure, catalogue, key_vault
from tasks.catalogue import Facts
from tasks.errors import NotReadyError
from tests.sandbox.weather.conftest import Sandbox

READERS = {"azure-storage-account-key": lambda _present: "a-key"}
BUILT = Facts("account", "supabase", "postgres", "server.postgres.database.azure.com")
NAMES = [secret.name for secret in catalogue.CATALOGUE]
TWELFTH = NAMES[11]


@pytest.fixture
def vault(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A vault without secrets, and an SDK that is signed in."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    azure.credential.cache_clear()
    yield sandbox.make_vault()
    azure.credential.cache_clear()


def seed(vault: str) -> dict[str, str]:
    kept = key_vault.keep.fn(vault, catalogue.CATALOGUE, BUILT, READERS)
    return {one.name: one.action for one in kept}


def held(vault: str) -> dict[str, str]:
    with SecretClient(vault, azure.credential()) as client:
        names = [str(entry.name) for entry in client.list_properties_of_secrets()]
        return {name: str(client.get_secret(name).value) for name in names}


def versions(vault: str) -> dict[str, int]:
    with SecretClient(vault, azure.credential()) as client:
        listed = (client.list_properties_of_secret_versions(name) for name in NAMES)
        return {name: len(list(found)) for name, found in zip(NAMES, listed, strict=True)}


@pytest.mark.parametrize(
    "happens",
    [
        "answer: {status: 429, code: Throttled, message: Slow down.}",
        "answer: {status: 503, code: ServiceUnavailable, message: Later.}",
        "reset: request",
    ],
    ids=["throttled", "unavailable", "reset"],
)
def test_a_seeding_that_is_stopped_in_the_middle_goes_on(
    sandbox: Sandbox, vault: str, happens: str
) -> None:
    (name,) = sandbox.add(
        f'{{when: {{method: PUT, path: "/secrets/{TWELFTH}"}}, then: {{{happens}}}}}'
    )

    with pytest.raises(NotReadyError) as stopped:
        seed(vault)

    before = held(vault)
    assert list(before) == sorted(NAMES[:11])
    assert f"Written: {', '.join(NAMES[:11])}." in stopped.value.message
    assert f"Not written: {', '.join(NAMES[11:])}." in stopped.value.message
    secret = [value for value in before.values() if len(value) > 20]
    assert not any(value in str(stopped.value) for value in secret)

    sandbox.remove(name)
    again = seed(vault)

    assert {one for one, action in again.items() if action == "unchanged"} == set(NAMES[:11])
    assert {one: value for one, value in held(vault).items() if one in before} == before
    assert set(versions(vault).values()) == {1}
    assert set(seed(vault).values()) == {"unchanged"}


def test_what_passes_within_a_moment_stops_nothing(sandbox: Sandbox, vault: str) -> None:
    sandbox.add(
        '{when: {method: PUT, path: "/secrets/*"}, calls: "3..4", then: {answer: {status: 503}}}'
    )
    sandbox.add('{when: {method: PUT, path: "/secrets/*"}, calls: 9, then: {reset: answer}}')

    first = seed(vault)

    assert set(first.values()) == {"created"}
    assert set(seed(vault).values()) == {"unchanged"}


def test_nothing_is_written_before_everything_was_read(sandbox: Sandbox, vault: str) -> None:
    last = f"/secrets/{NAMES[-1]}*"
    sandbox.add(f'{{when: {{method: GET, path: "{last}"}}, then: {{answer: {{status: 500}}}}}}')

    with pytest.raises(NotReadyError):
        seed(vault)

    sandbox.control("DELETE", "/faults")
    assert held(vault) == {}
