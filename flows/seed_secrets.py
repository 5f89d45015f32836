"""Every secret of the catalogue is in the vault; what is there already stays as it is."""

import os

from tasks import catalogue, helm, key_vault, role_assignments, terraform, turn
from tasks import environment as environments
from tasks.catalogue import Facts, Secret
from tasks.environment import PROJECT, Environment
from tasks.errors import PreflightError, ToolError
from tasks.key_vault import Kept
from tasks.stage import stage
from tasks.storage_account import AccountKeys
from tasks.terraform import Foundation, Platform
from tasks.wait import patient


@stage
def seed_secrets(environment: str) -> tuple[Kept, ...]:
    """
    Generate, derive and fetch the secrets that the platform needs.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        built = terraform.outputs(terraform.foundation(wanted), Foundation)
        role_assignments.same_caller(built.deployer_object_id)
        patience = wanted.waits.vault_access
        patient(key_vault.reach, patience)(built.vault_uri)
        return patient(key_vault.keep, patience)(
            built.vault_uri,
            secrets(wanted),
            facts(wanted, built),
            {"azure-storage-account-key": account_keys(wanted, built)},
            provided(wanted),
        )


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


def provided(wanted: Environment) -> dict[str, str]:
    """What a person brought along in the environment of this run."""
    names = {name: key_vault.variable(name) for name in wanted.provided_secrets}
    return {name: os.environ[key] for name, key in names.items() if os.environ.get(key)}
