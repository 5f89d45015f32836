"""Bring every secret of the catalogue into the vault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretClient

from tasks import wait
from tasks.catalogue import Facts, Secret
from tasks.errors import RefusedError
from tasks.key_vault.data_plane import opened, present, put
from tasks.step import step

WRITTEN = {"created", "renewed", "recovered"}

Reader = Callable[[str | None], str]  # Gets the vault's value, which may still be the right one.


@dataclass(frozen=True)
class Kept:
    """One secret as it stands: never its value."""

    name: str
    version: str
    action: str  # "unchanged", "created", "renewed", "recovered", "missing" or "later"


@step("keep-secrets")
def keep(
    vault_uri: str,
    catalogue: tuple[Secret, ...],
    facts: Facts,
    readers: Mapping[str, Reader],
    provided: Mapping[str, str] | None = None,
) -> tuple[Kept, ...]:
    """
    Bring every secret of the catalogue to a value that fits; one that fits gets no new version.

    `readers` fetch what Azure alone knows, `provided` what a person brought along.
    """
    log = wait.logger()
    kept: list[Kept] = []
    with opened(vault_uri) as vault:
        keeper = _Keeper(vault, facts, readers, provided or {})
        for secret in catalogue:
            kept.append(keeper.keep(secret))
            if kept[-1].action != "unchanged":
                log.info("Secret %s: %s.", secret.name, kept[-1].action)
    written = [f"{one.name}: {one.action}" for one in kept if one.action in WRITTEN]
    if written:
        wait.changed("**Key Vault**: " + ", ".join(written))
    missing = [entry.name for entry in kept if entry.action == "missing"]
    if missing:
        raise RefusedError(*lacking(missing))
    return tuple(kept)


def lacking(missing: list[str]) -> tuple[str, str]:
    """Message and hint for secrets that only a person can provide."""
    variables = ", ".join(variable(name) for name in missing)
    return (
        f"These secrets must be provided and are missing: {', '.join(missing)}.",
        f"Put them into the vault, or set {variables} for this run.",
    )


def variable(name: str) -> str:
    """The environment variable that may bring a provided secret."""
    return "SECRET_" + name.upper().replace("-", "_")


@dataclass
class _Keeper:
    vault: SecretClient
    facts: Facts
    readers: Mapping[str, Reader]
    provided: Mapping[str, str]
    values: dict[str, str] = field(default_factory=dict, repr=False)

    def keep(self, secret: Secret) -> Kept:
        value, version = self._existing(secret.name)
        wanted = self._wanted(secret, value)
        if wanted is None and value is None:
            return Kept(secret.name, "", "missing" if secret.origin == "provided" else "later")
        if wanted is None:
            self.values[secret.name] = value or ""
            return Kept(secret.name, version, "unchanged")
        if value is None and (recovered := self._recovered(secret)):
            return recovered
        self.values[secret.name] = wanted
        made = put(self.vault, secret.name, wanted, {}, None)
        return Kept(secret.name, made, "created" if value is None else "renewed")

    def _recovered(self, secret: Secret) -> Kept | None:
        """
        A name that somebody deleted comes back with its old value, if that still fits.

        A new value would cut off every client and everything that the old one had encrypted.
        """
        try:
            self.vault.begin_recover_deleted_secret(secret.name).wait()
        except ResourceNotFoundError:
            return None  # It was never there.
        value, version = self._existing(secret.name)
        if value is None or self._wanted(secret, value) is not None:
            return None
        self.values[secret.name] = value
        return Kept(secret.name, version, "recovered")

    def _wanted(self, secret: Secret, value: str | None) -> str | None:
        """The value to write; None when the existing one stays, or none can be made yet."""
        if secret.origin == "provided":
            brought = self.provided.get(secret.name)
            return brought if brought != value else None
        if secret.origin == "read from Azure":
            current = self.readers[secret.name](value)
            return current if current != value else None
        if value is not None and secret.fits(value, self.values, self.facts):
            return None
        present = {} if value is None else {secret.name: value}
        return secret.make(self.values | self._adopted(secret) | present, self.facts)

    def _adopted(self, secret: Secret) -> dict[str, str]:
        """What the vault holds under the names whose values go on in this one."""
        found = {name: self._existing(name)[0] for name in secret.adopts}
        return {name: value for name, value in found.items() if value is not None}

    def _existing(self, name: str) -> tuple[str | None, str]:
        found = present(self.vault, name)
        return (found.value, found.version) if found else (None, "")
