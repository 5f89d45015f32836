"""One spelling from the tfvars files through both stacks to the tasks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks import terraform as deployer
from tests.terraform.conftest import SOURCE, STACKS, Terraform

ENVIRONMENTS = sorted((SOURCE / "vars").glob("*.tfvars"))
PASSED_BY_THE_DEPLOYER = {"foundation", "database_password"}


def shared(stack: str) -> dict[str, str]:
    """The files with the list of decisions; what the deployer passes is the platform's own."""
    files = (SOURCE / stack).glob("variables*.tf")
    return {path.name: path.read_text() for path in files if path.name != "variables.deployer.tf"}


def declared(stack: str, kind: str) -> set[str]:
    texts = [path.read_text() for path in (SOURCE / stack).glob("*.tf")]
    return {name for text in texts for name in re.findall(rf'^{kind} "(\w+)"', text, re.MULTILINE)}


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Every key of nested objects, as in `cluster.nodes.min`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{prefix}{key}"
            yield from paths(inner, f"{prefix}{key}.")


def read(terraform: Terraform, folder: Path, environment: Path, names: set[str]) -> Any:
    """The values of an environment as the variables declared in a folder understand them."""
    wanted = ", ".join(f"{name} = var.{name}" for name in sorted(names))
    printed = terraform(
        str(folder), "console", f"-var-file={environment}", given=f"jsonencode({{{wanted}}})"
    )
    return json.loads(json.loads(printed))


def test_both_stacks_share_one_list_of_variables() -> None:
    foundation, platform = [shared(stack) for stack in STACKS]

    assert foundation == platform


def test_the_deployer_passes_the_rest() -> None:
    assert declared("platform", "variable") - declared("foundation", "variable") == (
        PASSED_BY_THE_DEPLOYER
    )


def test_the_stacks_declare_each_output_that_the_tasks_read() -> None:
    assert declared("foundation", "output") == set(deployer.Foundation.model_fields)
    assert declared("platform", "output") == set(deployer.Platform.model_fields)


def test_the_platform_asks_only_for_what_the_foundation_reports() -> None:
    text = (SOURCE / "platform" / "variables.deployer.tf").read_text()
    asked = set(re.findall(r"^    (\w+) += (?:optional\()?string\)?$", text, re.MULTILINE))

    assert asked
    assert asked <= declared("foundation", "output")


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_tfvars_file_sets_only_what_both_stacks_declare(environment: Path) -> None:
    chosen = set(re.findall(r"^(\w+)\s*=", environment.read_text(), re.MULTILINE))

    assert chosen
    assert chosen <= declared("foundation", "variable") & declared("platform", "variable")


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_no_key_of_a_tfvars_file_is_misspelled(
    environment: Path, terraform: Terraform, tmp_path: Path
) -> None:
    """Terraform drops keys that an object type does not have, without a word."""
    names = set(re.findall(r"^(\w+)\s*=", environment.read_text(), re.MULTILINE))
    typed, untyped = tmp_path / "typed", tmp_path / "untyped"
    typed.mkdir()
    untyped.mkdir()
    for name, text in shared("foundation").items():
        (typed / name).write_text(text)
    (untyped / "variables.tf").write_text("\n".join(f'variable "{name}" {{}}' for name in names))

    written = read(terraform, untyped, environment, names)
    understood = read(terraform, typed, environment, names)

    written["tags"] = understood["tags"] = {}  # A map, whose keys are free.
    assert set(paths(written)) <= set(paths(understood))


def test_all_environments_decide_the_same_things(terraform: Terraform, tmp_path: Path) -> None:
    shapes = {}
    for environment in ENVIRONMENTS:
        names = set(re.findall(r"^(\w+)\s*=", environment.read_text(), re.MULTILINE))
        folder = tmp_path / environment.stem
        folder.mkdir()
        (folder / "variables.tf").write_text("\n".join(f'variable "{name}" {{}}' for name in names))
        decided = read(terraform, folder, environment, names)
        decided["cluster"]["pools"] = None  # A map: how many, and how they are called, is free.
        shapes[environment.stem] = set(paths(decided))

    assert shapes["sandbox"] == shapes["dev"]
    # Production drops no logs.
    assert shapes["dev"] - {"logs.daily_gb"} <= shapes["prod"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_estimate_of_costs_names_the_sizes_that_are_decided(environment: str) -> None:
    decided = (SOURCE / "vars" / f"{environment}.tfvars").read_text()
    sizes = re.findall(r'^ +(?:sku|size|replication) += "(\w+)"', decided, re.MULTILINE)
    page = (SOURCE.parent / "docs" / "costs.md").read_text()

    assert sizes
    assert [size for size in sizes if size not in page] == []
