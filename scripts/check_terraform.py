"""Is the Terraform code in its own format, and valid against azurerm's schema? Asks no cloud."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox import requirements
from sandbox.terraform_provider import mirror

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "terraform"
LEFT = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json", "backend.tf.json")
VALID = "Success! The configuration is valid."  # What is said when there is no warning either.
MISFORMATTED = 3


@dataclass(frozen=True)
class Finding:
    """What Terraform says about one folder; no text is praise."""

    folder: str
    text: str


@dataclass(frozen=True)
class Terraform:
    """Terraform's command line over a copy of the code, with azurerm from the stand-in's mirror."""

    root: Path
    environment: Mapping[str, str]

    def __call__(self, folder: str, *arguments: str) -> tuple[int, str]:
        ended = subprocess.run(  # noqa: TID251 # Short, and it holds no lock.
            ["terraform", f"-chdir={self.root / folder}", *arguments],  # noqa: S607 # On PATH.
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return ended.returncode, ended.stdout.strip()

    def formatted(self) -> Finding:
        code, text = self(".", "fmt", "-check", "-diff", "-recursive", "-no-color")
        if code == MISFORMATTED:
            text += "\n\nTerraform writes it for you: terraform fmt -recursive terraform"
        return Finding("format", text if code else "")

    def valid(self, folder: str) -> Finding:
        """A warning counts as well: it is an error of the next version."""
        code, text = self(folder, "init", "-backend=false", "-input=false", "-no-color")
        if code == 0:
            code, text = self(folder, "validate", "-no-color")
        return Finding(folder, "" if text == VALID else text or f"terraform ended with {code}")


def folders(root: Path) -> list[str]:
    """Every folder that holds Terraform code of its own: both stacks and each module."""
    found = {path.parent.relative_to(root).as_posix() for path in root.rglob("*.tf")}
    return sorted(found, key=lambda folder: ("/" in folder, folder))


@contextmanager
def laboratory() -> Iterator[Terraform]:
    """A copy, so that a check leaves nothing behind and finds nothing that a run has left."""
    with tempfile.TemporaryDirectory(prefix="check-terraform-") as name:
        lab = Path(name)
        shutil.copytree(SOURCE, lab / "terraform", ignore=LEFT)
        configuration = mirror.cli_config(lab, mirror.install(lab / "mirror"))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
        own = {"TF_CLI_CONFIG_FILE": str(configuration), "TF_IN_AUTOMATION": "1"}
        yield Terraform(lab / "terraform", {**inherited, **own, "CHECKPOINT_DISABLE": "1"})


def findings(terraform: Terraform) -> Iterator[Finding]:
    yield terraform.formatted()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(terraform.valid, folders(terraform.root))


def report(found: Iterable[Finding]) -> int:
    """Tell each finding as it comes; the number of those that are bad."""
    bad = 0
    for finding in found:
        bad += bool(finding.text)
        say(f"  {'failed' if finding.text else 'ok    '}  {finding.folder}")
        if finding.text:
            say(f"\n{finding.text}\n")
    return bad


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    (tool,) = (tool for tool in requirements.TOOLS if tool.name == "terraform")
    if complaint := asyncio.run(requirements.complaint(tool)):
        say(f"\n{complaint}\n")
        return 1
    with laboratory() as terraform:
        return 1 if report(findings(terraform)) else 0


if __name__ == "__main__":
    sys.exit(main())
