"""Everything goes, after a person has read what that is."""

from tasks import approval, report, state_storage, terraform, turn
from tasks import environment as environments
from tasks.environment import Environment
from tasks.errors import RefusedError
from tasks.stage import stage
from tasks.terraform import Foundation, Plan, Stack
from tasks.wait import patient


@stage
def destroy(environment: str) -> None:
    """
    Remove all Azure resources of the environment: first the platform, then the foundation.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    if wanted.protected:
        raise RefusedError(
            f"Environment {wanted.name} is protected.",
            f"Set `protected: false` in deployments/{wanted.name}.yaml if you mean it.",
        )
    with turn.hold(wanted), report.told(wanted):
        patient(state_storage.require, wanted.waits.azure)(wanted)
        doomed = [(stack, planned(stack)) for stack in stacks(wanted)]
        plans = [plan for _, plan in doomed if not plan.empty]
        if any(plan.unlocks for plan in plans):
            raise RefusedError(
                f"A lock keeps Azure from deleting what {wanted.name} holds.",
                f"Set lock = false in terraform/{wanted.tfvars_file}, provision {wanted.name}, and "
                "then destroy it again.",
            )
        if plans:
            text = "\n\n".join(plan.markdown() for plan in plans)
            approval.ask(wanted, f"Destroy {wanted.name}, data included?", text)
        for stack, plan in doomed:
            patient(terraform.apply, wanted.waits.azure)(stack, plan)


def stacks(wanted: Environment) -> list[Stack]:
    """In the order in which they go: the platform stands on the foundation."""
    base = terraform.foundation(wanted)
    if not terraform.holds(terraform.platform(wanted, None)):
        return [base]
    built = terraform.outputs(base, Foundation)
    return [terraform.platform(wanted, built), base]


def planned(stack: Stack) -> Plan:
    return patient(terraform.plan, stack.environment.waits.state_lock)(stack, destroy=True)
