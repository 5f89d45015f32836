"""Every secret of the catalogue is in the vault; what is there already stays as it is."""

from typing import Literal

from tasks import approval, catalogue, helm, key_vault, role_assignments, terraform, turn
from tasks import environment as environments
from tasks.catalogue import Facts, Secret
from tasks.environment import PROJECT, Environment
from tasks.errors import PreflightError, ToolError
from tasks.key_vault import Kept, Wishes
from tasks.secrets_file import Brought
from tasks.stage import stage
from tasks.storage_account import AccountKeys
from tasks.terraform import Foundation, Platform
from tasks.wait import patient


@stage
def seed_secrets(  # noqa: PLR0913 # The form that people fill in.
    environment: str,
    secrets_file: str = "",
    deleted: Literal["recover", "purge"] = "recover",
    *,
    generate_default_secrets: bool = True,
    overwrite: bool = False,
    dry_run: bool = False,
) -> tuple[Kept, ...]:
    """
    Generate, derive, fetch and take over the secrets that the platform needs.

    All is decided and checked before the first value is written. Values that you bring come from a
    file, or from SECRET_<NAME> in the environment of the worker; none is ever a parameter.

    Args:
        environment: Name of a file in deployments/.
        secrets_file: Path of a YAML, JSON or .env file on the machine that runs this flow, readable
            by its owner only.
        deleted: What becomes of names that somebody deleted from the vault: recovered with their
            old values, or purged for good after an approval.
        generate_default_secrets: Generate what is neither in the vault nor brought; without this,
            the run lists what is missing and ends.
        overwrite: Values that you bring replace those in the vault; without this, what is there
            stays.
        dry_run: Only show what would be written.
    """
    wanted = environments.load(environment)
    brought = Brought(secrets_file)
    needed = secrets(wanted)
    brought.read(secret.name for secret in needed)  # What is wrong with a file needs no vault.
    every = wanted.rotation.every
    wishes = Wishes(brought, generate_default_secrets, overwrite, dry_run, every)
    with turn.hold(wanted):
        built = terraform.outputs(terraform.foundation(wanted), Foundation)
        role_assignments.same_caller(built.deployer_object_id)
        patience = wanted.waits.vault_access
        patient(key_vault.reach, patience)(built.vault_uri)
        if deleted == "purge" and not dry_run:
            purge(wanted, built.vault_uri, needed)
        return patient(key_vault.keep, patience)(
            built.vault_uri,
            needed,
            facts(wanted, built),
            {"azure-storage-account-key": account_keys(wanted, built)},
            wishes,
        )


def purge(wanted: Environment, vault_uri: str, needed: tuple[Secret, ...]) -> None:
    """Deleted names make room for new values, if a person agrees."""
    patience = wanted.waits.vault_access
    names = tuple(secret.name for secret in needed)
    if doomed := patient(key_vault.find, patience)(vault_uri, names):
        listed = "\n".join(f"- {one}" for one in doomed)
        what = f"Purge {len(doomed)} deleted secrets of {wanted.name} for good?"
        approval.ask(wanted, what, f"Their values cannot be brought back:\n{listed}")
        patient(key_vault.purge, patience)(vault_uri, doomed)


def secrets(wanted: Environment) -> tuple[Secret, ...]:
    """What this environment needs: optional components and people add to the catalogue."""
    values = helm.values_for(PROJECT / wanted.values, "supabase", {})
    components = values.get("components") or {}
    enabled = {name for name, component in components.items() if component.get("enabled")}
    return catalogue.of(enabled, wanted.provided_secrets)


def facts(wanted: Environment, built: Foundation) -> Facts:
    """What is public; the database's part is unknown while it is being built."""
    try:
        grown = terraform.outputs(terraform.platform(wanted, built), Platform)
    except (PreflightError, ToolError):  # Not built yet, or just being written by an apply.
        return Facts(built.storage_account_name)
    return Facts(
        built.storage_account_name,
        grown.database_admin_login,
        grown.database_name,
        grown.database_host,
    )


def account_keys(wanted: Environment, built: Foundation) -> AccountKeys:
    return AccountKeys(
        str(wanted.subscription), built.resource_group_name, built.storage_account_name
    )
