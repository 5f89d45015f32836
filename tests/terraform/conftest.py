"""A copy of the Terraform code in which its tests may leave their traces."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.terraform_provider import mirror

SOURCE = Path(__file__).parents[2] / "terraform"
STACKS = ("foundation", "platform")
FOLDERS = (*STACKS, *sorted(f"modules/{path.name}" for path in (SOURCE / "modules").iterdir()))


@dataclass
class Terraform:
    """Terraform's command line over one copy of the code, with azurerm from the mirror."""

    root: Path
    environment: Mapping[str, str] = field(repr=False)

    def __call__(
        self, folder: str, *arguments: str, given: str = "", accept: tuple[int, ...] = (0,)
    ) -> str:
        """Run in one folder and return what was printed; a refusal fails the test with its text."""
        program = subprocess.run(
            ["terraform", f"-chdir={self.root / folder}", *arguments],
            env={**os.environ, **self.environment},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        complaint = (
            f"terraform {' '.join(arguments)} in {folder}:\n{program.stdout}{program.stderr}"
        )
        assert program.returncode in accept, complaint
        return program.stdout

    def init(self, folder: str) -> None:
        self(folder, "init", "-input=false", "-no-color")

    def json(self, folder: str, *arguments: str) -> Any:
        return json.loads(self(folder, *arguments))


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Terraform code without what a person's own runs left in it."""
    target = tmp_path_factory.mktemp("terraform") / "terraform"
    shutil.copytree(SOURCE, target, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    return target


@pytest.fixture(scope="session")
def terraform(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    folder = tmp_path_factory.mktemp("provider")
    configuration = mirror.cli_config(folder, mirror.install(folder / "mirror"))
    environment = {
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return Terraform(copy, environment)
