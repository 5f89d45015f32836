"""
Does checkov find anything against our Terraform code and the charts of each environment?

The code is looked at twice: with nothing decided, for defaults are the safe choice, and as
production. Dev is cheap on purpose. checkov does not know defaults inside of an object's type, so
Terraform writes the decisions out before.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts import apart
from scripts.charts import ENVIRONMENTS, NAMES, helm
from scripts.module_docs import Module

PROJECT = Path(__file__).parents[1]
LOCK = Path(__file__).with_name("checkov.lock")
CODE = PROJECT / "terraform"
VARIABLES = CODE / "vars/prod.tfvars"
ONLY_CODE = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars*", "tests")
KEYWORD = re.compile(r"^( +)for( +=)", re.MULTILINE)
UNDECIDED = 'name = "supabase"\nlocation = "centralus"\n'  # What has no default.


@dataclass(frozen=True)
class Scan:
    """One run of checkov: what it is called, and its arguments."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What checkov counted, and a line for each check that failed."""

    name: str
    passed: int
    skipped: int
    failed: tuple[str, ...]


def checked(program: Path, scan: Scan) -> Verdict:
    """Run checkov; what cannot be parsed counts as failed, and so does a scan of nothing."""
    command = [str(program), *scan.arguments, "--config-file", ".checkov.yaml", "--output", "json"]
    ended = subprocess.run(  # noqa: TID251 # It holds no lock of others.
        command, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    try:
        report: dict[str, Any] = json.loads(ended.stdout)
        summary, results = report["summary"], report["results"]
    except (ValueError, KeyError, TypeError):
        said = (ended.stderr or ended.stdout).strip().splitlines()[-10:]
        return Verdict(scan.name, 0, 0, tuple(said) or ("checkov ended without a word.",))
    failed = [
        f"{found['check_id']} {found['check_name']}\n"
        f"      {found['resource']}, {found['file_path'].lstrip('/')}:{found['file_line_range'][0]}"
        for found in results["failed_checks"]
    ]
    if summary["parsing_errors"]:
        failed.append(f"{summary['parsing_errors']} files cannot be parsed.")
    if not summary["passed"]:
        failed.append("No check was made: is there anything to look at?")
    return Verdict(scan.name, summary["passed"], summary["skipped"], tuple(sorted(set(failed))))


def rendered(folder: Path) -> Scan:
    """The charts' objects as files, a folder for each environment."""
    with helm() as charts:
        for environment in ENVIRONMENTS:
            (folder / environment).mkdir(parents=True)
            for chart in NAMES:
                objects = charts.render(chart, charts.values(chart, environment)).objects
                (folder / environment / f"{chart}.yaml").write_text(yaml.safe_dump_all(objects))
    return Scan("charts", ("--framework", "kubernetes", "--directory", str(folder)))


def copied(folder: Path) -> Path:
    """The code, but for an argument called `for`: checkov's parser gives up on a file with one."""
    code = Path(shutil.copytree(CODE, folder, ignore=ONLY_CODE))
    for file in code.rglob("*.tf"):
        file.write_text(KEYWORD.sub(r"\1# for\2", file.read_text()))
    return code


def decided(folder: Path, code: Path, name: str, given: str) -> Scan:
    """The code with every decision written out, as Terraform understands the given ones."""
    variables = folder / name
    variables.mkdir()
    for file in (code / "foundation").glob("variables*.tf"):  # Both stacks have the same list.
        shutil.copy(file, variables)
    (variables / "terraform.tfvars").write_text(given)
    wanted = ", ".join(f"{key} = var.{key}" for key, _ in Module.read(variables).named("variable"))
    ended = subprocess.run(  # noqa: TID251 # It holds no lock of others.
        ["terraform", f"-chdir={variables}", "console"],  # noqa: S607 # On PATH.
        input=f"jsonencode({{{wanted}}})",
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(f"Terraform does not understand the variables:\n{ended.stderr}")
    values = json.loads(json.loads(ended.stdout))
    file = folder / f"{name}.tfvars.json"
    file.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))
    arguments = ("--framework", "terraform", "--directory", str(code), "--var-file", str(file))
    return Scan(f"terraform, {name}", arguments)


def scans(folder: Path) -> Iterator[Scan]:
    code = copied(folder / "terraform")
    yield decided(folder, code, "defaults", UNDECIDED)
    yield decided(folder, code, VARIABLES.stem, VARIABLES.read_text())
    yield rendered(folder / "charts")


def main() -> int:
    try:
        program = apart.install("checkov", LOCK) / "checkov"
    except apart.UnavailableError as error:
        sys.stdout.write(
            f"checkov cannot be installed: {error}\n"
            "It comes from PyPI. Let pip reach it (or a mirror that its configuration names), "
            "and run this again.\n"
        )
        return 1
    bad = 0
    with (
        tempfile.TemporaryDirectory(prefix="check-security-") as name,
        ThreadPoolExecutor() as pool,
    ):
        verdicts = [pool.submit(checked, program, scan) for scan in scans(Path(name))]
        for verdict in (future.result() for future in verdicts):
            bad += bool(verdict.failed)
            counted = f"{verdict.passed} passed, {verdict.skipped} skipped with a reason"
            mark = "failed" if verdict.failed else "ok    "
            sys.stdout.write(f"  {mark}  {verdict.name}: {counted}\n")
            sys.stdout.write("".join(f"    {line}\n" for line in verdict.failed))
            sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
