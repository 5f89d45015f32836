"""Locks of dead runs on Terraform's state: shown, and broken on a person's word only."""

from tasks import approval, state_storage, terraform, turn, wait
from tasks import environment as environments
from tasks.environment import Environment
from tasks.errors import RefusedError
from tasks.stage import stage
from tasks.terraform import Lock, Stack, locks


@stage
def unlock(environment: str) -> None:
    """
    Show who holds the locks on the state, and break those whose holder is dead or unknown.

    This run takes its turn first, so no other run of the environment is at work meanwhile.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        found = [(stack, lock) for stack in stacks(wanted) if (lock := look(stack))]
        if not found:
            wait.logger().info("No state of %s is locked.", wanted.name)
            return
        for _, lock in found:
            wait.logger().warning("%s", lock)
        if alive := [lock for _, lock in found if lock.alive]:
            raise RefusedError(
                f"Somebody is at work on {wanted.name}: {alive[0].evidence}",
                "Wait for its end, or stop it with one interrupt (kill -INT) and wait for it to "
                "write its state; a lock that is broken under a living run can destroy the state.",
            )
        told = "\n".join(f"- {lock}" for _, lock in found)
        approval.ask(wanted, f"Break {len(found)} lock(s) of {wanted.name}?", told)
        for stack, _ in found:
            release(stack)
            wait.logger().info("The state of %s is free.", stack.name)


def stacks(wanted: Environment) -> list[Stack]:
    return [terraform.foundation(wanted), terraform.platform(wanted, None)]


def look(stack: Stack) -> Lock | None:
    """The lock of a stack's state, wherever it lies."""
    if stack.environment.state.kind == "local":
        return locks.local(stack)
    note = state_storage.lock_note(stack.environment, stack.state_key)
    return None if note is None else locks.remote(stack, note)


def release(stack: Stack) -> None:
    if stack.environment.state.kind == "local":
        locks.remove_note(stack)
    else:
        state_storage.break_lease(stack.environment, stack.state_key)
