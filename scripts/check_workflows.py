"""
Do the pipelines and our shell programs hold up, as far as a machine without GitHub can tell?

zizmor looks for what an attacker could use in .github/workflows; shellcheck reads every shell
program, and what the workflows run.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts import apart

PROJECT = Path(__file__).parents[1]
LOCK = Path(__file__).with_name("workflows.lock")
WORKFLOWS = PROJECT / ".github/workflows"
PROGRAMS = ("scripts/*.sh", ".ci/run")


def written(folder: Path) -> Iterator[Path]:
    """What the workflows run, as programs of their own."""
    for workflow in sorted(WORKFLOWS.glob("*.yml")):
        jobs = yaml.safe_load(workflow.read_text())["jobs"]
        for job, content in jobs.items():
            for number, step in enumerate(content["steps"]):
                if "run" in step:
                    file = folder / f"{workflow.stem}-{job}-{number}.sh"
                    file.write_text(f"#!/usr/bin/env bash\nset -eo pipefail\n{step['run']}\n")
                    yield file


def passes(title: str, command: list[str]) -> bool:
    ended = subprocess.run(  # noqa: TID251 # It holds no lock of others.
        command, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    sys.stdout.write(f"  {'failed' if ended.returncode else 'ok    '}  {title}\n")
    if ended.returncode:
        sys.stdout.write(ended.stdout + ended.stderr)
    return not ended.returncode


def main() -> int:
    try:
        programs = apart.install("workflows", LOCK)
    except apart.UnavailableError as error:
        sys.stdout.write(f"zizmor and shellcheck cannot be installed: {error}\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="check-workflows-") as name:
        ours = [path for pattern in PROGRAMS for path in sorted(PROJECT.glob(pattern))]
        files = [str(path) for path in (*ours, *written(Path(name)))]
        zizmor = [str(programs / "zizmor"), "--offline", "--no-progress", "--persona=pedantic"]
        good = [
            passes("workflows", [*zizmor, str(WORKFLOWS)]),
            passes(f"{len(files)} shell programs", [str(programs / "shellcheck"), *files]),
        ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
