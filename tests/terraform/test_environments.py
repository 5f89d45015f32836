"""Each environment file, and each way out: built, complete at once, and gone without a trace."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.terraform.conftest import STACKS
from tests.terraform.stacks import Stacks

FIREWALL = (
    "-var=outbound=userDefinedRouting",
    '-var=network={firewall="10.50.0.4"}',
)


def refusal(stacks: Stacks) -> str:
    """What a locked environment says to whoever wants to destroy a part of it."""
    options = ("-auto-approve", "-input=false", *stacks.decided)
    part = ("-json", "-target=module.registry")  # Only so do errors come with the rest.
    return stacks.terraform("foundation", "destroy", *part, *options, accept=(1,))


@pytest.mark.parametrize(
    ("file", "decisions"),
    [("dev", ()), ("sandbox", FIREWALL), ("prod", ())],
    ids=["dev", "firewall", "prod"],
)
def test_an_environment_is_built_in_one_go_and_goes_again(
    tmp_path: Path, sandbox: Mapping[str, str], file: str, decisions: tuple[str, ...]
) -> None:
    stacks = Stacks(tmp_path, sandbox, f"supa-all-{file}", *decisions, file=file)
    stacks.build()

    assert [stacks.changes(stack) for stack in STACKS] == [{}, {}]

    if stacks.outputs("foundation")["locked"]:
        assert "ScopeLocked" in refusal(stacks)
        stacks.decided.append("-var=lock=false")
        stacks.apply("foundation")
    for stack in reversed(STACKS):
        stacks.destroy(stack)
    assert [stacks.terraform(stack, "state", "list") for stack in STACKS] == ["", ""]


def test_without_the_right_to_assign_the_plan_shows_what_an_owner_must_assign(
    tmp_path: Path, sandbox: Mapping[str, str]
) -> None:
    stacks = Stacks(tmp_path, sandbox, "supabase-unassigned", "-var=assign_roles=false")
    options = ("-input=false", "-no-color", *stacks.decided)

    printed = stacks.terraform("foundation", "plan", *options)

    assert "azurerm_role_assignment" not in printed
    assert "Changes to Outputs:" in printed
    for role in ("Key Vault Secrets User", "Network Contributor", "AcrPull"):
        assert f'"{role}"' in printed
