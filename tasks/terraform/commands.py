"""Terraform's command lines, as values."""

import os
from collections.abc import Mapping
from dataclasses import replace

from tasks.shell import Command
from tasks.terraform.adoption import Orphan
from tasks.terraform.stacks import Stack

# Terraform's own ten would let most of a stack wait for a turn behind what waits for Azure.
PARALLEL = "-parallelism=30"
CHANGES = 2  # What `-detailed-exitcode` says when there is something to do.


def plan_command(stack: Stack, *, destroy: bool = False) -> Command:
    options = ("-detailed-exitcode", PARALLEL, *(("-destroy",) if destroy else ()))
    return command(stack, "plan", *options, *files(stack), f"-out={stack.plan_file}")


def preview_command(stack: Stack, *options: str) -> Command:
    """A plan that only wants to know: no lock, and a file of its own."""
    asked = ("-detailed-exitcode", PARALLEL, "-lock=false", *options)
    return command(stack, "plan", *asked, *files(stack), f"-out={stack.forecast_file}")


def foresee_command(stack: Stack) -> Command:
    """The same without a question to Azure that it can spare."""
    return preview_command(stack, "-refresh=false")


def apply_command(stack: Stack) -> Command:
    return command(stack, "apply", PARALLEL, str(stack.plan_file))


def import_command(stack: Stack, orphan: Orphan) -> Command:
    found = command(stack, "import", *files(stack), orphan.address, orphan.id)
    argv = tuple(part for part in found.argv if part != "-json")  # `import` has no such flag.
    return replace(found, argv=argv)


def init_command(stack: Stack) -> Command:
    """Fetches providers, and asks for the state's place for as long as its deadline."""
    found = command(stack, "init", "-reconfigure", "-no-color")
    argv = tuple(part for part in found.argv if part != "-json")
    return replace(found, argv=argv, deadline=900)


def files(stack: Stack) -> tuple[str, ...]:
    """What the stack's variables are read from."""
    given = f"-var-file={stack.variables_file}"
    if not stack.reads_tfvars:
        return (given,)
    return (f"-var-file={stack.root / stack.environment.tfvars_file}", given)


def command(stack: Stack, verb: str, *arguments: str) -> Command:
    return Command(
        ("terraform", verb, "-json", "-input=false", *arguments),
        cwd=stack.folder,
        env={
            **sign_in(os.environ),
            "ARM_SUBSCRIPTION_ID": str(stack.environment.subscription),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        },
        secrets={f"TF_VAR_{name}": value for name, value in stack.secrets.items()},
        deadline=2 * 3600,
    )


def sign_in(given: Mapping[str, str]) -> dict[str, str]:
    """
    A pod's workload identity, in the words of azurerm and of its backend.

    Azure's SDKs take what the cluster puts into the pod (`AZURE_*`) by themselves; Terraform would
    look for `az`. Whoever says anything in `ARM_*` has chosen.
    """
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")
    chosen = any(given.get(name) for name in ("ARM_CLIENT_ID", "ARM_USE_OIDC", "ARM_USE_MSI"))
    tenant, client, token_file = (given.get(name, "") for name in names)
    if chosen or not (tenant and client and token_file):
        return {}
    return {
        "ARM_USE_OIDC": "true",
        "ARM_TENANT_ID": tenant,
        "ARM_CLIENT_ID": client,
        "ARM_OIDC_TOKEN_FILE_PATH": token_file,
    }
