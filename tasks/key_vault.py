"""Keep secrets in Key Vault. Names and versions leave this module, values do not."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from azure.core.exceptions import ResourceNotFoundError
from azure.keyvault.secrets import SecretClient, SecretProperties

from tasks import azure, wait
from tasks.catalogue import Facts, Secret
from tasks.errors import RefusedError
from tasks.step import step

IN_A_ROW = 5  # Vault nodes disagree while a role spreads: one success proves little.
PROBE = "access-probe"  # A name that no secret has; asking for it needs the same right.
WRITTEN = {"created", "renewed", "recovered"}
APPLIED = "applied-to"  # The tag that says where a version is in use.

Reader = Callable[[], str]


@dataclass(frozen=True)
class Kept:
    """One secret as it stands: never its value."""

    name: str
    version: str
    action: str  # "unchanged", "created", "renewed", "recovered", "missing" or "later"


@contextmanager
def _vault(uri: str) -> Iterator[SecretClient]:
    name = uri.removeprefix("https://").partition(".")[0]
    with azure.translated(f"Key Vault {name}"), SecretClient(uri, azure.credential()) as client:
        yield client


@step("reach-vault")
def reach(vault_uri: str) -> None:
    """Return when the data plane has let us read several times in a row."""
    with _vault(vault_uri) as vault:
        for _ in range(IN_A_ROW):
            try:
                vault.get_secret(PROBE)
            except ResourceNotFoundError:
                continue  # Allowed to look; that is all we ask.


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
    with _vault(vault_uri) as vault:
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


@step("read-vault-revision")
def revision(vault_uri: str) -> str:
    """Changes when any secret gets a new version; reads names and times, no values."""
    with _vault(vault_uri) as vault:
        found = sorted(
            f"{entry.name}={entry.created_on}" for entry in vault.list_properties_of_secrets()
        )
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:12]


@step("find-provided-secrets")
def absent(vault_uri: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these names the vault does not hold."""
    with _vault(vault_uri) as vault:
        present = {properties.name for properties in vault.list_properties_of_secrets()}
    return tuple(name for name in names if name not in present)


@dataclass(frozen=True)
class Sealed:
    """A secret that another step may open, and mark as applied; it shows nothing by itself."""

    vault_uri: str
    name: str

    def applied_to(self) -> str:
        with _vault(self.vault_uri) as vault:
            return (self._current(vault).tags or {}).get(APPLIED, "")

    def reveal(self) -> str:
        with _vault(self.vault_uri) as vault:
            return vault.get_secret(self.name).value or ""

    def mark(self, where: str) -> None:
        """Record on the current version where it is in use."""
        with _vault(self.vault_uri) as vault:
            current = self._current(vault)
            tags = dict(current.tags or {}) | {APPLIED: where}
            vault.update_secret_properties(self.name, current.version, tags=tags)

    def _current(self, vault: SecretClient) -> SecretProperties:
        return vault.get_secret(self.name).properties


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
        made = self.vault.set_secret(secret.name, wanted)
        action = "created" if value is None else "renewed"
        return Kept(secret.name, made.properties.version or "", action)

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
            current = self.readers[secret.name]()
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
        try:
            secret = self.vault.get_secret(name)
        except ResourceNotFoundError:
            return None, ""
        return secret.value, secret.properties.version or ""
