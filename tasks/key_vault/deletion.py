"""Names that somebody deleted: the vault keeps them, and refuses new values until they are back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from azure.keyvault.secrets import SecretClient

from tasks import wait
from tasks.errors import RefusedError
from tasks.key_vault.data_plane import opened
from tasks.step import step

PURGEABLE = "Purgeable"  # Part of the recovery level of what may go before its time.


@dataclass(frozen=True)
class Deleted:
    """A name of ours among the vault's deleted ones."""

    name: str
    until: str
    purgeable: bool

    def __str__(self) -> str:
        return f"{self.name} (kept until {self.until})"


def lost(vault: SecretClient, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that can be recovered."""
    wanted = {name.lower(): name for name in names}
    if not wanted:
        return ()
    found = (str(entry.name).lower() for entry in vault.list_deleted_secrets())
    return tuple(wanted[name] for name in found if name in wanted)


def recover(vault: SecretClient, names: Iterable[str]) -> tuple[str, ...]:
    """They come back with their values; each may take a moment."""
    pollers = [(name, vault.begin_recover_deleted_secret(name)) for name in names]
    for _, poller in pollers:
        poller.wait()
    return tuple(name for name, _ in pollers)


@step("find-deleted-secrets")
def find(vault_uri: str, names: tuple[str, ...]) -> tuple[Deleted, ...]:
    """Which of these names somebody has deleted."""
    wanted = {name.lower() for name in names}
    with opened(vault_uri) as vault:
        return tuple(
            Deleted(
                str(entry.name),
                f"{entry.scheduled_purge_date:%Y-%m-%d}" if entry.scheduled_purge_date else "?",
                PURGEABLE in str(entry.properties.recovery_level or ""),
            )
            for entry in vault.list_deleted_secrets()
            if str(entry.name).lower() in wanted
        )


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
