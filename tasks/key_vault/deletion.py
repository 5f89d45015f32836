"""Names that somebody deleted: the vault keeps them, and refuses new values until they are back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from azure.keyvault.secrets import SecretClient

from tasks import wait
from tasks.errors import RefusedError
from tasks.key_vault.data_plane import opened
from tasks.step import step

PURGEABLE = "purgeable"  # Part of the recovery level of what may go before its time.


@dataclass(frozen=True)
class Deleted:
    """A name of ours among the vault's deleted ones."""

    name: str
    until: str
    purgeable: bool

    def __str__(self) -> str:
        return f"{self.name} (kept until {self.until})"


def lost(vault: SecretClient, names: Iterable[str]) -> tuple[Deleted, ...]:
    """Those of the names that somebody has deleted, spelled as we do."""
    wanted = {name.lower(): name for name in names}
    if not wanted:
        return ()
    return tuple(
        Deleted(
            wanted[str(entry.name).lower()],
            f"{entry.scheduled_purge_date:%Y-%m-%d}" if entry.scheduled_purge_date else "purged",
            PURGEABLE in str(entry.properties.recovery_level).lower(),
        )
        for entry in vault.list_deleted_secrets()
        if str(entry.name).lower() in wanted
    )


def recover(vault: SecretClient, names: Iterable[str]) -> tuple[str, ...]:
    """They come back with their values; each may take a moment."""
    pollers = [(name, vault.begin_recover_deleted_secret(name)) for name in names]
    for _, poller in pollers:
        poller.wait()
    return tuple(name for name, _ in pollers)


@step("find-deleted-secrets")
def find(vault_uri: str, names: tuple[str, ...]) -> tuple[Deleted, ...]:
    """Which of these names somebody has deleted."""
    with opened(vault_uri) as vault:
        return lost(vault, names)


@step("purge-secrets")
def purge(vault_uri: str, doomed: Sequence[Deleted]) -> None:
    """They go for good, and their names are free for new values."""
    if kept := [str(one) for one in doomed if not one.purgeable]:
        raise RefusedError(
            f"The vault protects what was deleted from being purged: {', '.join(kept)}.",
            "Seed with `--deleted recover`: the old values come back.",
        )
    with opened(vault_uri) as vault:
        for one in doomed:
            vault.purge_deleted_secret(one.name)
    wait.changed("**Key Vault**: purged " + ", ".join(one.name for one in doomed))
