"""docs/sandbox.md says what is so: its examples run, and its tables are complete."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.latency import Latency
from tests.contract.conftest import Cloud, sandbox

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/sandbox.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_LINE = re.compile(r"# among the types of (\S+)\n")
LINK = re.compile(r"\]\((?!https?:|#)([^)\s]+)\)")
MADE = """
import os, httpx
subscription = f"https://management.azure.com/subscriptions/{os.environ['ARM_SUBSCRIPTION_ID']}"
login = f"https://login.microsoftonline.com/{os.environ['ARM_TENANT_ID']}/oauth2/v2.0/token"
form = {"grant_type": "client_credentials", "scope": "https://management.azure.com/.default"}
form |= {"client_id": os.environ["ARM_CLIENT_ID"], "client_secret": os.environ["ARM_CLIENT_SECRET"]}
token = httpx.post(login, data=form).json()["access_token"]
for path in ("", "Network/ipGroups/one", "EventHub/namespaces/one"):
    answer = httpx.put(
        f"{subscription}/resourceGroups/lab" + (f"/providers/Microsoft.{path}" if path else ""),
        params={"api-version": "2025-01-01"},
        headers={"Authorization": f"Bearer {token}"},
        json={"location": "westeurope"},
    )
    print(answer.status_code)
"""


def section(heading: str) -> str:
    _, mark, rest = PAGE.partition(f"\n## {heading}\n")
    assert mark, f"docs/sandbox.md has no section {heading!r}, which others point to"
    return rest.partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    return [code for found, code in BLOCK.findall(text) if found == language]


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def apply_twice(folder: Path, environment: Mapping[str, str]) -> None:
    """The second plan must find nothing to change."""
    run(["terraform", "init", "-input=false"], folder, environment)
    run(["terraform", "apply", "-auto-approve", "-input=false"], folder, environment)
    run(["terraform", "plan", "-detailed-exitcode", "-input=false"], folder, environment)


def test_the_example_for_curl_lists_groups(prompt_sandbox: Cloud, tmp_path: Path) -> None:
    example = next(code for code in blocks(PAGE, "bash") if "curl" in code)
    python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    answer = run(["bash", "-ec", example], tmp_path, {**prompt_sandbox.environment, "PATH": python})

    assert f'"{prompt_sandbox.group}"' in answer


def test_the_example_for_python_finds_a_role(prompt_sandbox: Cloud, tmp_path: Path) -> None:
    example = blocks(PAGE, "python")[0]

    answer = run([sys.executable, "-c", example], tmp_path, prompt_sandbox.environment)

    assert answer.startswith("Owner ")


def test_the_example_for_terraform_applies(prompt_sandbox: Cloud, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(blocks(PAGE, "terraform")[0])

    apply_twice(tmp_path, prompt_sandbox.environment)

    shown = run(["terraform", "show"], tmp_path, prompt_sandbox.environment)
    assert f"/subscriptions/{prompt_sandbox.subscription}/resourceGroups/from-terraform" in shown


def test_a_service_that_is_added_as_the_page_says_works(tmp_path: Path) -> None:
    left = shutil.ignore_patterns("__pycache__", "node_modules")
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "sandbox", project / "sandbox", ignore=left)
    (project / "tests/sandbox").mkdir(parents=True)
    told = section("Add a service")
    extend(project, *blocks(told, "python"))
    scaffold = blocks(told, "bash")[0].splitlines()[0].split()
    run([sys.executable, *scaffold[1:]], project, {})

    with sandbox(str(tmp_path / "state"), "instant", "1", project) as environment:
        python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        made = run([sys.executable, "-c", MADE], tmp_path, {**environment, "PATH": python})

    assert made.split() == ["201", "201", "201"]


def extend(project: Path, code: str) -> None:
    """Put the type where its first line says."""
    match = FIRST_LINE.match(code)
    assert match
    file, place = project / match[1], "TYPES = (\n"
    text = file.read_text()
    assert text.count(place) == 1, f"{file} has no place {place!r}"
    file.write_text(text.replace(place, f"{place}{code.rstrip()},\n"))


def test_the_links_of_the_pages_lead_somewhere() -> None:
    pages = [PROJECT / "docs/sandbox.md", *(PROJECT / "docs/sandbox").glob("*.md")]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text())
        if not (page.parent / target.partition("#")[0]).exists()
    ]

    assert broken == []


@pytest.mark.parametrize("profile", ["typical", "worst"])
def test_the_page_shows_the_durations_of_latency_yaml(profile: str) -> None:
    row = next(
        line
        for line in section("Time and weather").splitlines()
        if line.startswith(f"| `{profile}`")
    )
    operations = (
        "role.propagation",
        "identity.replication",
        "managed_cluster.create",
        "database_server.create",
        "vault.create",
        "run_command.start",
    )

    latency = Latency("typical" if profile == "typical" else "worst")

    assert [float(cell) for cell in re.findall(r"(\d+) s", row)] == [
        latency.seconds(operation) for operation in operations
    ]
