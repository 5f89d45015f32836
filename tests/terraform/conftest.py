"""A copy of the Terraform code in which its tests may leave their traces."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.terraform_provider import mirror

SOURCE = Path(__file__).parents[2] / "terraform"
STACKS = ("foundation", "platform")
MODULES = sorted(f"modules/{path.name}" for path in (SOURCE / "modules").iterdir())
FOLDERS = ("bootstrap", *STACKS, *MODULES)


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


def copy_of_the_code(folder: Path) -> Path:
    """Without what a person's own runs left in it."""
    left = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json")
    return Path(shutil.copytree(SOURCE, folder / "terraform", ignore=left))


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform without any cloud."""
    folder = tmp_path_factory.mktemp("provider")
    configuration = mirror.cli_config(folder, mirror.install(folder / "mirror"))
    environment = {
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }
    return Terraform(copy_of_the_code(tmp_path_factory.mktemp("code")), environment)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """Variables that point every tool to an Azure of this session, which takes no time."""
    state = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "sandbox"]
    options = ["--state", str(state)]
    output = tmp_path_factory.mktemp("log") / "output"  # The sandbox wants its folder empty.
    log = output.open("w+")
    program = subprocess.Popen(
        [*command, "run", "--profile", "instant", "--port", "0", *options], stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 30
        while not (state / "running.json").exists():
            assert program.poll() is None, output.read_text()
            assert time.monotonic() < deadline, "The sandbox did not start within 30 seconds."
            time.sleep(0.1)
        printed = subprocess.run(
            [*command, "env", *options], capture_output=True, text=True, check=True
        )
        exports = [word for word in shlex.split(printed.stdout) if word != "export"]
        yield dict(export.split("=", 1) for export in exports)
    finally:
        program.terminate()
        program.wait(10)
        log.close()
