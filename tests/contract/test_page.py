"""docs/sandbox.md says what is so: its examples run, and its tables are complete."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.app import Cloud as Simulated
from sandbox.cloud.entra import Identity, new_key
from sandbox.front import Authority
from sandbox.gate import Gate
from sandbox.latency import Latency
from tests.contract.conftest import Cloud, sandbox

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs/sandbox.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_LINE = re.compile(r"# (?:in TYPES of )?(\S+)\n")

STACK = """
resource "azurerm_log_analytics_workspace" "this" {
  name                = "contract-logs"
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  sku                 = "PerGB2018"
  retention_in_days   = 30
}

resource "azurerm_application_security_group" "this" {
  name                = "contract-asg"
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
}
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
    left = shutil.ignore_patterns("__pycache__")
    project = tmp_path / "project"
    shutil.copytree(PROJECT / "sandbox", project / "sandbox", ignore=left)
    add_service(project)
    (tmp_path / "main.tf").write_text(blocks(PAGE, "terraform")[0] + STACK)

    with sandbox(str(tmp_path / "state"), "instant", "1", project) as environment:
        apply_twice(tmp_path, environment)


def add_service(project: Path) -> None:
    """Do what the section says, to a copy."""
    one_type, *files = blocks(section("Add a service"), "python")
    match = FIRST_LINE.match(one_type)
    assert match
    extend(project / match[1], "TYPES = (\n", one_type + ",\n")
    for code in files:
        match = FIRST_LINE.match(code)
        assert match
        file = project / match[1]
        file.parent.mkdir(exist_ok=True)
        file.write_text(code)
    package = "sandbox.cloud.operational_insights"
    folder = project / package.replace(".", "/")
    (folder / "__init__.py").write_text(f"from {package}.routes import routes\n")
    app = project / "sandbox/app.py"
    extend(app, "from sandbox.cloud import (\n", "    operational_insights,\n")
    extend(app, "PROVIDERS = (", "operational_insights, ")


def extend(file: Path, place: str, addition: str) -> None:
    text = file.read_text()
    assert text.count(place) == 1, f"{file} has no place {place!r}"
    file.write_text(text.replace(place, place + addition))


def test_the_page_names_every_type_and_action(tmp_path: Path) -> None:
    identity = Identity("client", "object", "secret", new_key())
    cloud = Simulated(identity, Authority(tmp_path), tmp_path)
    gate = cloud.hosts.public["management.azure.com"]
    assert isinstance(gate, Gate)

    paths = {route.path for route in gate.inner.routes}  # type: ignore[attr-defined] # Starlette.

    words = {
        word
        for path in paths
        for word in re.sub(r".*/providers/", "", path).split("/")
        if word and "{" not in word
    }
    told = section("What answers, and how faithfully")
    assert sorted(word for word in words if not re.search(rf"\b{re.escape(word)}\b", told)) == []


@pytest.mark.parametrize("profile", ["typical", "worst"])
def test_the_page_shows_the_durations_of_latency_yaml(profile: str) -> None:
    row = next(line for line in section("Time").splitlines() if line.startswith(f"| `{profile}`"))
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
