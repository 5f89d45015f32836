"""A provider that is scaffolded works, is wired, and is covered."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
CACHES = shutil.ignore_patterns("__pycache__", "node_modules")
NEW = ("sandbox/cloud/event_hub", "tests/sandbox/test_event_hub.py")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with Microsoft.EventHub in it."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(PROJECT / "sandbox", copy / "sandbox", ignore=CACHES)
    (copy / "tests/sandbox").mkdir(parents=True)
    for name in ("tests/sandbox/conftest.py", "pyproject.toml"):
        shutil.copy(PROJECT / name, copy / name)
    (copy / "docs/sandbox").mkdir(parents=True)
    answer = python(copy, "-m", "sandbox", "scaffold", "Microsoft.EventHub/namespaces")
    assert answer.returncode == 0, answer.stderr
    assert "add to" not in answer.stdout
    return copy


def python(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_its_own_test_and_the_coverage_pass(project: Path) -> None:
    written = python(project, "-m", "sandbox", "coverage", "--write")
    tested = python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", NEW[1])

    assert "EventHub" not in written.stderr
    assert tested.returncode == 0, tested.stdout
    assert "Microsoft.EventHub" in (project / "docs/sandbox/coverage.md").read_text()


def test_it_is_written_as_the_rest_of_the_project_is(project: Path) -> None:
    wired = ("sandbox/app.py", "sandbox/cloud/resources/metadata.py")
    checked = python(project, "-m", "ruff", "check", "--no-cache", *NEW, *wired)
    formatted = python(project, "-m", "ruff", "format", "--no-cache", "--check", *NEW, *wired)

    assert checked.returncode == 0, checked.stdout
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("Microsoft.EventHub/namespaces", "The sandbox has Microsoft.EventHub already."),
        ("Microsoft.Compute/disks", "Add a ResourceType to the TYPES of sandbox/cloud/compute"),
        ("namespaces", "Write it as Microsoft.EventHub/namespaces."),
        ("Microsoft.../../etc/x", "Write it as Microsoft.EventHub/namespaces."),
    ],
)
def test_what_is_there_stays_as_it_is(project: Path, kind: str, sentence: str) -> None:
    before = {file: file.read_bytes() for file in project.rglob("*.py")}

    answer = python(project, "-m", "sandbox", "scaffold", kind)

    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert {file: file.read_bytes() for file in project.rglob("*.py")} == before
