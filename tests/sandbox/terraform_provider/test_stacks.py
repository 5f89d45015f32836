"""The stacks of this project, applied to the sandbox through its proxy."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VARIABLES = "-var-file=../vars/sandbox.tfvars"


@dataclass
class Stacks:
    """A working copy of the stacks, and a cloud to apply them to."""

    folder: Path
    cloud: dict[str, str]

    def terraform(self, stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=self.folder / stack,
            env={**self.cloud, "TF_VAR_database_password": "A-Password-0"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 1, done.stderr
        return done

    def apply(self, stack: str, *variables: str) -> None:
        self.terraform(stack, "init", "-input=false")
        self.terraform(stack, "apply", "-auto-approve", "-input=false", *variables)

    def changes(self, stack: str, *variables: str) -> bool:
        """Whether a plan is anything but empty."""
        done = self.terraform(stack, "plan", "-detailed-exitcode", "-input=false", *variables)
        return done.returncode != 0

    def outputs(self, stack: str) -> str:
        """The option that passes a stack's outputs on, as an object of its name."""
        found = json.loads(self.terraform(stack, "output", "-json").stdout)
        file = self.folder / f"{stack}.tfvars.json"
        file.write_text(json.dumps({stack: {name: item["value"] for name, item in found.items()}}))
        return f"-var-file={file}"


@pytest.fixture
def stacks(tmp_path: Path, cloud: dict[str, str]) -> Stacks:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    ignored = shutil.ignore_patterns(".terraform*", "terraform.tfstate*")
    return Stacks(
        shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=ignored), cloud
    )


def test_both_stacks_are_built_changed_and_taken_down(stacks: Stacks) -> None:
    tag = '-var=tags={"project"="changed"}'
    stacks.apply("foundation", VARIABLES)
    foundation = stacks.outputs("foundation")
    stacks.apply("platform", VARIABLES, foundation)

    again = [
        stacks.changes("foundation", VARIABLES),
        stacks.changes("platform", VARIABLES, foundation),
    ]
    stacks.apply("foundation", VARIABLES, tag)
    stacks.apply("platform", VARIABLES, foundation, tag)
    changed = [
        stacks.changes("foundation", VARIABLES, tag),
        stacks.changes("platform", VARIABLES, foundation, tag),
    ]
    stacks.terraform("platform", "destroy", "-auto-approve", VARIABLES, foundation)
    stacks.terraform("foundation", "destroy", "-auto-approve", VARIABLES)

    assert (again, changed) == ([False, False], [False, False])
