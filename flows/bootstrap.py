"""The storage of Terraform's state: made when it is absent, taken over when it is there."""

from tasks import approval, role_assignments, state_storage, terraform, turn, wait
from tasks import environment as environments
from tasks.environment import Environment
from tasks.stage import stage
from tasks.wait import patient


@stage
def bootstrap(environment: str) -> None:
    """
    Make the storage account, container, lock and role for Terraform's state.

    What is there is taken over. With `state: local` there is nothing to make.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    if wanted.state.kind == "local":
        wait.logger().info("State is kept on this machine (`state: local`): nothing to make.")
        return
    with turn.hold(wanted):
        complete(wanted)
        admission = wanted.waits.vault_access
        if not wanted.state.assign_role:
            left_to_an_owner(wanted)
            admission = wanted.waits.owner
        patient(state_storage.reach, admission)(wanted)
        wait.logger().info("State of %s: %s.", wanted.name, place(wanted))


def complete(wanted: Environment) -> None:
    """Bring it to what terraform/bootstrap says; what others made is changed with a word only."""
    look = patient(state_storage.look, wanted.waits.azure)
    found = look(wanted, role_assignments.caller())
    stack = terraform.bootstrap(wanted, found.given(wanted.state))
    plan = patient(terraform.plan, wanted.waits.azure)(stack)
    foreign = plan.needs_reasons and not found.ours
    asks = wanted.approval == "always" or (wanted.approval == "destructive" and foreign)
    if asks and not plan.empty:
        approval.ask(
            wanted, f"Apply this to the state's storage of {wanted.name}?", plan.markdown()
        )
    patient(terraform.apply, wanted.waits.azure)(stack, plan)


def left_to_an_owner(wanted: Environment) -> None:
    """Print what lets the caller in, unless a role on the account or further up does already."""
    needed = terraform.RoleAssignment(
        scope=state_storage.account_id(wanted),
        role="Storage Blob Data Contributor",
        principal_id=role_assignments.caller(),
        purpose="The deployer reads, writes and locks Terraform's state.",
    )
    role_assignments.tell(str(wanted.subscription), [needed], f"{wanted.name}-state")


def place(wanted: Environment) -> str:
    state = wanted.state
    return f"container {state.container} of {state.storage_account} in {state.resource_group}"
