"""The data plane of one vault: what there is, and one new version at a time."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.secrets import KeyVaultSecret, SecretClient, SecretProperties

from tasks import azure, redaction
from tasks.catalogue import CATALOGUE

GENERATION = "generation"  # Tags of what we write: how often it was rotated, and by whom.
MADE_BY, US = "made-by", "supabase-on-azure"
NOTHING_TO_DO = 400  # Of an empty change, if Azure minds (not verified): we may write, no more.
OPEN = {one.name for one in CATALOGUE if one.origin == "known"} | {"dashboard-username"}


@dataclass(frozen=True)
class Stored:
    """The current version of a secret; it stays inside of the step that has read it."""

    value: str = field(repr=False)
    version: str
    created: datetime
    expires: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """What the vault tells of the current version without showing it."""

    version: str
    created: datetime
    expires: datetime | None
    tags: Mapping[str, str]
    enabled: bool


@contextmanager
def opened(uri: str) -> Iterator[SecretClient]:
    """The vault, with refusals in plain words."""
    name = uri.removeprefix("https://").partition(".")[0]
    client = SecretClient(
        uri, azure.credential(), retry_total=azure.RETRIES, retry_backoff_factor=0.2
    )
    with azure.translated(f"Key Vault {name}"), client:
        yield client


def read(vault_uri: str, names: Iterable[str]) -> dict[str, Stored]:
    """Those of the names that the vault holds; for use inside of a step."""
    with opened(vault_uri) as vault:
        found = {name: present(vault, name) for name in names}
    return {name: stored for name, stored in found.items() if stored}


def version(vault_uri: str, name: str, version: str) -> Stored | None:
    """One of the older versions, if the vault still has it; for use inside of a step."""
    with opened(vault_uri) as vault:
        return present(vault, name, version)


def present(vault: SecretClient, name: str, version: str | None = None) -> Stored | None:
    try:
        secret = vault.get_secret(name, version)
    except ResourceNotFoundError:
        return None
    handled(name, secret.value or "")
    told = _described(secret.properties)
    return Stored(secret.value or "", told.version, told.created, told.expires, told.tags)


def exists(vault: SecretClient, name: str) -> bool:
    """Asked of those who write, by a change of nothing: readers may not have heard of it yet."""
    try:
        vault.update_secret_properties(name)
    except HttpResponseError as error:
        if error.status_code not in (NOTHING_TO_DO, azure.NOT_FOUND):
            raise
        return False
    return True


def write(
    vault_uri: str,
    name: str,
    value: str,
    tags: Mapping[str, str],
    expires: datetime | None = None,
) -> str:
    """A new version, marked as ours; returns its id."""
    with opened(vault_uri) as vault:
        return put(vault, name, value, tags, expires)


def put(
    vault: SecretClient, name: str, value: str, tags: Mapping[str, str], expires: datetime | None
) -> str:
    handled(name, value)
    marked = {GENERATION: "1"} | dict(tags) | {MADE_BY: US}
    made: KeyVaultSecret = vault.set_secret(name, value, tags=marked, expires_on=expires)
    return made.properties.version or ""


def handled(name: str, value: str) -> None:
    """Keep it out of every log from here on, unless it is a name that people need to read."""
    if name not in OPEN:
        redaction.remember(name, value)


def tag(vault_uri: str, name: str, version: str, tags: Mapping[str, str]) -> None:
    """Replace the tags of a version; its value and its id stay."""
    with opened(vault_uri) as vault:
        vault.update_secret_properties(name, version, tags=dict(tags))


def described(vault_uri: str) -> dict[str, Described]:
    """Every secret of the vault by its current version, without any value."""
    with opened(vault_uri) as vault:
        listed = {entry.name: entry for entry in vault.list_properties_of_secrets() if entry.name}
        return {name: _current(vault, name, entry) for name, entry in listed.items()}


def _current(vault: SecretClient, name: str, entry: SecretProperties) -> Described:
    """A list of secrets names no versions; a list of versions has no order."""
    versions = map(_described, vault.list_properties_of_secret_versions(name))
    return max(versions, key=lambda one: (one.created, one.tags == dict(entry.tags or {})))


def _described(told: SecretProperties) -> Described:
    if told.created_on is None:
        raise ValueError(f"Key Vault tells no date of {told.name}.")
    return Described(
        told.version or "",
        told.created_on,
        told.expires_on,
        dict(told.tags or {}),
        told.enabled is not False,
    )
