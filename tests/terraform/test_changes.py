"""Each decision of an environment changed once: what the plan then says, and that it settles."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.changes import CHANGES, UPDATE, Change, changed, decided, rounds
from tests.terraform.conftest import STACKS
from tests.terraform.stacks import Stacks

NAME = "supabase-changing"
ROUNDS = [(stack, changes) for stack in STACKS for changes in rounds(stack)]


def leaves(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path


def heads(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{decision}." for decision in known)


def decisions(folder: Path, changes: list[Change]) -> str:
    file = folder / "changed.tfvars.json"
    file.write_text(changed(NAME, changes))
    return f"-var-file={file}"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, sandbox: Mapping[str, str]) -> Iterator[Stacks]:
    """An environment that stands; plans look at it and leave it as it is."""
    stacks = Stacks(tmp_path_factory.mktemp("changing"), sandbox, NAME)
    stacks.build()
    yield stacks
    for stack in reversed(STACKS):
        stacks.destroy(stack)


def test_each_decision_of_the_environment_file_is_changed_once() -> None:
    known = ("tags", *(change.decision for change in CHANGES))

    assert [leaf for leaf in leaves(decided()) if not f"{leaf}.".startswith(heads(known))] == []


@pytest.mark.parametrize(
    ("stack", "changes"),
    ROUNDS,
    ids=[", ".join(change.decision for change in changes) for _, changes in ROUNDS],
)
def test_a_change_does_what_it_is_said_to_do_and_nothing_else(
    built: Stacks, tmp_path: Path, stack: str, changes: list[Change]
) -> None:
    expected = {address: how for one in changes for address, how in one.actions.items()}

    found = built.changes(stack, decisions(tmp_path, changes), "-refresh=false")

    assert {address: found.get(address) for address in expected} == expected
    if not any(change.more for change in changes):
        assert found == expected


def test_other_tags_change_everything_in_place(built: Stacks) -> None:
    for stack in STACKS:
        changes = built.changes(stack, '-var=tags={team="data"}', "-refresh=false")

        assert changes
        assert all(actions == UPDATE for actions in changes.values())
