"""Names that must be unique in all of Azure: is each one free, or ours already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tasks import azure, wait
from tasks.preflight import vaults
from tasks.preflight.complaints import Complaint
from tasks.preflight.vaults import Deleted
from tasks.preflight.wishes import Planned
from tasks.step import step

SUFFIX = "Set `suffix` in the tfvars file, which is added to such names, or rename the environment."
OnDeleted = Literal["recover", "purge"]


@dataclass(frozen=True)
class Kind:
    """How a service is asked about a name."""

    words: str
    type: str
    version: str
    by_location: bool = False


KINDS = {
    vaults.VAULT: Kind("vault", "Microsoft.KeyVault/vaults", "2023-07-01"),
    "azurerm_storage_account": Kind(
        "storage account", "Microsoft.Storage/storageAccounts", "2023-05-01"
    ),
    "azurerm_container_registry": Kind(
        "container registry", "Microsoft.ContainerRegistry/registries", "2023-07-01"
    ),
    "azurerm_postgresql_flexible_server": Kind(
        "PostgreSQL server", "Microsoft.DBforPostgreSQL/flexibleServers", "2024-08-01", True
    ),
}


@dataclass(frozen=True)
class Name:
    """A name that something new is to have."""

    kind: Kind
    name: str
    group: str
    location: str

    @property
    def id(self) -> str:
        return f"/resourceGroups/{self.group}/providers/{self.kind.type}/{self.name}"


def asked(planned: Iterable[Planned]) -> tuple[Name, ...]:
    """What does not exist yet, as far as Terraform knows."""
    return tuple(
        Name(
            KINDS[one.type],
            str(one.values.get("name", "")),
            str(one.values.get("resource_group_name", "")),
            str(one.values.get("location", "")),
        )
        for one in planned
        if one.type in KINDS and not one.before and one.values.get("name")
    )


@step("check-names")
def names(
    subscription: str, planned: Sequence[Planned], on_deleted: OnDeleted
) -> tuple[Complaint, ...]:
    """Ask each service; what a killed run has left in our own group is ours."""
    found: list[Complaint] = []
    with azure.translated("Names"):
        for wanted in asked(planned):
            if trouble := _taken(subscription, wanted):
                found += _clash(subscription, wanted, trouble, on_deleted)
    return tuple(found)


def _taken(subscription: str, wanted: Name) -> str:
    """Azure's words when the name is not to be had."""
    kind = wanted.kind
    space = f"/subscriptions/{subscription}/providers/{kind.type.partition('/')[0]}"
    place = f"{space}/locations/{wanted.location}" if kind.by_location else space
    body = {"name": wanted.name, "type": kind.type}
    answer = azure.arm(f"{place}/checkNameAvailability", kind.version, body) or {}
    if answer.get("nameAvailable", True):
        return ""
    if azure.arm(f"/subscriptions/{subscription}{wanted.id}", kind.version):
        wait.logger().info("The %s %s is in our group already.", kind.words, wanted.name)
        return ""
    return str(answer.get("message") or answer.get("reason") or "it is taken")


def _clash(
    subscription: str, wanted: Name, trouble: str, on_deleted: OnDeleted
) -> tuple[Complaint, ...]:
    if wanted.kind is KINDS[vaults.VAULT] and (found := vaults.find(subscription, wanted.name)):
        return judge_deleted(subscription, wanted, found, on_deleted)
    problem = f"The {wanted.kind.words} name {wanted.name} is taken in Azure: {trouble}"
    return (Complaint(problem, SUFFIX),)


def judge_deleted(
    subscription: str, wanted: Name, found: Deleted, on_deleted: OnDeleted
) -> tuple[Complaint, ...]:
    """A deleted vault comes back only where it was; elsewhere it has to be purged first."""
    home = f"/subscriptions/{subscription}{wanted.id}"
    same = found.vault.lower() == home.lower() and found.location == wanted.location
    kept = f"The vault {found.name} was deleted and is kept in {found.location} until {found.until}"
    if on_deleted == "purge" and found.protected:
        return (
            Complaint(
                f"{kept}; it has purge protection, so nobody can purge it before, as "
                "`deleted_vault: purge` asks.",
                "Set `deleted_vault: recover`." if same else SUFFIX,
            ),
        )
    if on_deleted == "purge":
        wait.logger().warning("%s: the deploy asks, and purges it.", kept)
        return ()
    if same:
        wait.logger().warning("%s: the deploy recovers it, with what was in it.", kept)
        return ()
    purge = "purge it (`deleted_vault: purge` in the environment's file), or "
    return (
        Complaint(
            f"{kept}, as {found.vault}; a vault is recovered only there, and this environment "
            f"wants it in {wanted.group}, {wanted.location}.",
            f"Recover it there (`az keyvault recover -n {found.name} -l {found.location}`), "
            f"{'' if found.protected else purge}choose another name: {SUFFIX}",
        ),
    )
