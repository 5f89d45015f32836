"""Deleted vaults: they keep their name until their time is over, or until somebody purges them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tasks import azure, wait
from tasks.errors import NotReadyError
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import Planned
from tasks.step import step

VAULT, VERSION = "azurerm_key_vault", "2023-07-01"


@dataclass(frozen=True)
class Deleted:
    """A vault that is gone, and whose name is not free yet."""

    name: str
    location: str
    vault: str  # The id that it had.
    until: str
    protected: bool


def find(subscription: str, name: str) -> Deleted | None:
    """The subscription's deleted vault of this name, wherever it was."""
    space = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault"
    listed = azure.arm(f"{space}/deletedVaults", VERSION) or {}
    for entry in listed.get("value", []):
        if str(entry["name"]).lower() == name.lower():
            found = entry["properties"]
            return Deleted(
                str(entry["name"]),
                str(found.get("location", "")),
                str(found.get("vaultId", "")),
                str(found.get("scheduledPurgeDate", "")),
                bool(found.get("purgeProtectionEnabled")),
            )
    return None


def unchangeable(planned: Iterable[Planned]) -> tuple[Complaint, ...]:
    """What Azure refuses of a vault that is there, minutes after Terraform has planned it."""
    found = []
    for one in planned:
        if one.type != VAULT or not one.before:
            continue
        name, before, after = one.values.get("name"), one.before, one.values
        days = [side.get("soft_delete_retention_days") for side in (before, after)]
        if before.get("name") != name:
            continue  # Another vault.
        if days[0] != days[1]:
            found.append(
                Complaint(
                    f"vault.retention_days is {days[1]}, and the vault {name} was made with "
                    f"{days[0]}: Azure fixes that at creation.",
                    f"Set it back to {days[0]}. Another number takes another vault: change "
                    "`suffix`, which gives other names to storage and database, too.",
                )
            )
        if before.get("purge_protection_enabled") and not after.get("purge_protection_enabled"):
            found.append(
                Complaint(
                    f"vault.purge_protection is false, and the vault {name} has it: nobody can "
                    "take it back.",
                    "Set it to true again.",
                )
            )
    return tuple(found)


@step("find-deleted-vaults")
def deleted(subscription: str, planned: Sequence[Planned]) -> tuple[Deleted, ...]:
    """Those that hold the name of a vault that is to be made."""
    with azure.translated("Deleted vaults"):
        found = [
            find(subscription, str(one.values.get("name", "")))
            for one in planned
            if one.type == VAULT and not one.before
        ]
    return tuple(one for one in found if one)


@step("purge-vault-{doomed.name}")
def purge(subscription: str, doomed: Deleted) -> None:
    """Return when the name is free; what was in the vault is lost for good."""
    place = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault/locations"
    with azure.translated(f"Purge of the vault {doomed.name}"):
        if find(subscription, doomed.name) is None:
            wait.changed(f"**Key Vault**: the deleted vault {doomed.name} was purged")
            return
        azure.arm(f"{place}/{doomed.location}/deletedVaults/{doomed.name}/purge", VERSION, {})
    raise NotReadyError(f"Azure is purging the deleted vault {doomed.name}.")
