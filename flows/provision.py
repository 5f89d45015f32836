"""The Azure side: two Terraform stacks, and what can be done while the second one grows."""

from collections.abc import Sequence

from flows.seed_secrets import seed_secrets
from tasks import approval, report, role_assignments, state_storage, terraform, turn
from tasks import environment as environments
from tasks import preflight as questions
from tasks.environment import Environment
from tasks.errors import RefusedError
from tasks.stage import nested, stage
from tasks.terraform import Foundation, Plan, Platform, RoleAssignment, Stack
from tasks.wait import finishing, patient


@stage
def provision(environment: str, secrets_file: str = "") -> None:
    """
    Build the resource group, network, vault and storage, then the cluster and the database.

    Args:
        environment: Name of a file in deployments/.
        secrets_file: Path of values that you bring, on the machine that runs this flow.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted), report.told(wanted):
        patient(state_storage.require, wanted.waits.azure)(wanted)
        base = terraform.foundation(wanted)
        free_vault_name(wanted, base)
        patient(terraform.apply, wanted.waits.azure)(base, agreed(base))
        built = terraform.outputs(base, Foundation)
        if not built.roles_assigned:
            # Azure refuses to build a cluster whose identities have no roles.
            assigned_by_an_owner(wanted, built.role_assignments)

        # Roles spread and secrets settle while Azure builds the cluster.
        top = terraform.platform(wanted, built)
        plan = agreed(top)
        apply = patient(terraform.apply, wanted.waits.azure)
        growing = apply.submit(top, plan)
        confirm = patient(role_assignments.confirm, wanted.waits.azure)
        seen = confirm.submit(str(wanted.subscription), built.role_assignments)
        with finishing(growing), nested():
            seed_secrets(environment, secrets_file)
            seen.result()
        if not plan.empty:
            with nested():
                # Those that name the database had to wait for it.
                seed_secrets(environment, secrets_file)
        if not built.roles_assigned:
            assigned_by_an_owner(wanted, terraform.outputs(top, Platform).role_assignments)


def free_vault_name(wanted: Environment, base: Stack) -> None:
    """With `deleted_vault: purge`, a deleted vault makes room for a new one, if a person agrees."""
    if wanted.deleted_vault != "purge":
        return
    patience, subscription = wanted.waits.azure, str(wanted.subscription)
    planned = patient(terraform.foresee, patience)(base).planned
    for doomed in patient(questions.deleted, patience)(subscription, planned):
        what = f"Purge the deleted vault {doomed.name} for good?"
        approval.ask(wanted, what, f"It was {doomed.vault}; its secrets cannot be brought back.")
        patient(questions.purge, patience)(subscription, doomed)


def assigned_by_an_owner(wanted: Environment, needed: Sequence[RoleAssignment]) -> None:
    """Somebody else makes the assignments: say which, and wait until Azure shows them."""
    subscription = str(wanted.subscription)
    if role_assignments.tell(subscription, needed, wanted.name):
        patient(role_assignments.confirm, wanted.waits.owner)(subscription, needed, assigned=False)


def agreed(stack: Stack) -> Plan:
    """The stack's plan, after a person agreed to it where the environment asks for that."""
    wanted = stack.environment
    plan = patient(terraform.plan, wanted.waits.state_lock)(stack)
    if wanted.protected and plan.losing:
        told = "\n".join(f"  {one.action} {one.address}: {one.reason}" for one in plan.losing)
        raise RefusedError(
            f"{wanted.name} is protected, and its data would go with:\n{told}",
            f"Take the change in terraform/{wanted.tfvars_file} back; or save the data, and set "
            f"`protected: false` in deployments/{wanted.name}.yaml if you mean it.",
        )
    ask = wanted.approval == "always" or (wanted.approval == "destructive" and plan.destructive)
    if ask and not plan.empty:
        approval.ask(wanted, f"Apply this plan to {wanted.name}?", plan.markdown())
    return plan
