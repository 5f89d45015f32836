"""Does checkov find anything against our Terraform code and the charts of each environment?"""

import json
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

PROJECT = Path(__file__).parents[1]
LOCK = Path(__file__).with_name("checkov.lock")
STACKS = "terraform"
VARIABLES = "terraform/vars/prod.tfvars"  # Beside the defaults; dev is cheap on purpose.


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


def rendered(folder: Path) -> Iterator[Scan]:
    """The charts' objects as files, a folder for each environment."""
    with helm() as charts:
        for environment in ENVIRONMENTS:
            target = folder / environment
            target.mkdir()
            for chart in NAMES:
                objects = charts.render(chart, charts.values(chart, environment)).objects
                (target / f"{chart}.yaml").write_text(yaml.safe_dump_all(objects))
            arguments = ("--framework", "kubernetes", "--directory", str(target))
            yield Scan(f"charts, {environment}", arguments)


def scans(folder: Path) -> Iterator[Scan]:
    code = ("--framework", "terraform", "--directory", STACKS)
    yield Scan("terraform, defaults", code)
    yield Scan(f"terraform, {Path(VARIABLES).name}", (*code, "--var-file", VARIABLES))
    yield from rendered(folder)


def main() -> int:
    try:
        program = apart.install("checkov", LOCK) / "checkov"
    except apart.UnavailableError as error:
        sys.stdout.write(f"checkov cannot be installed: {error}\n")
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
