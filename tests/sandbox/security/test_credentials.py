"""A sandbox does not start beside credentials of a real Azure, and passes none on."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.arm import SUBSCRIPTION, TENANT
from sandbox.commands import credentials
from sandbox.state import State

Run = subprocess.CompletedProcess[str]
ELSEWHERE = "11111111-2222-3333-4444-555555555555"
OURS = {"ARM_TENANT_ID": TENANT, "ARM_SUBSCRIPTION_ID": SUBSCRIPTION}
SECRET = "a-real-secret"  # It is none.


@pytest.fixture
def state(tmp_path: Path) -> State:
    kept = State(tmp_path / "state")
    kept.folder.mkdir(mode=0o700)
    own = {"client": "own-client", "object": "own-object", "secret": "own-secret"}
    (kept.folder / "identity.json").write_text(json.dumps(own))
    return kept


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ARM_CLIENT_SECRET": SECRET}, ["ARM_CLIENT_SECRET"]),
        ({"AZURE_CLIENT_ID": ELSEWHERE}, ["AZURE_CLIENT_ID"]),
        ({"ARM_TENANT_ID": ELSEWHERE}, ["ARM_TENANT_ID"]),
        (OURS | {"ARM_SUBSCRIPTION_ID": ELSEWHERE}, ["ARM_SUBSCRIPTION_ID"]),
        (
            {"AZURE_TENANT_ID": ELSEWHERE, "AZURE_CLIENT_SECRET": SECRET},
            ["AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"],
        ),
        (OURS | {"AZURE_CLIENT_SECRET": SECRET}, ["AZURE_CLIENT_SECRET"]),
        (OURS | {"ARM_ACCESS_KEY": SECRET}, ["ARM_ACCESS_KEY"]),
        (OURS | {"ARM_CLIENT_CERTIFICATE_PATH": "a.pfx"}, ["ARM_CLIENT_CERTIFICATE_PATH"]),
        (
            {"AZURE_STORAGE_KEY": SECRET, "AZURE_STORAGE_CONNECTION_STRING": SECRET},
            ["AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY"],
        ),
    ],
)
def test_what_no_sandbox_has_issued_is_found(
    state: State, environment: dict[str, str], named: list[str]
) -> None:
    assert credentials.foreign(environment, state) == named


@pytest.mark.parametrize(
    "environment",
    [
        {},
        OURS | {"ARM_CLIENT_ID": ELSEWHERE, "ARM_CLIENT_SECRET": "of another sandbox"},
        {"ARM_CLIENT_ID": "own-client", "AZURE_CLIENT_SECRET": "own-secret"},
        {"ARM_CLIENT_SECRET": "", "ARM_USE_MSI": "true"},
        {"AZURE_CORE_COLLECT_TELEMETRY": "false", "AZURE_CONFIG_DIR": "az"},
    ],
)
def test_what_a_sandbox_has_issued_and_mere_settings_are_welcome(
    state: State, environment: dict[str, str]
) -> None:
    assert credentials.foreign(environment, state) == []


class Shell:
    """Runs commands of the sandbox with an environment of their own."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        tools = folder / "bin"
        tools.mkdir()
        for name, version in (
            ("terraform", '{"terraform_version": "1.11.4"}'),
            ("kubectl", '{"clientVersion": {"gitVersion": "v1.32.4"}}'),
            ("curl", "curl 8.1.2"),
        ):
            program = tools / name  # It tells what it sees, beside its version.
            program.write_text(f"#!/bin/sh\nenv >> {folder}/seen\ncat <<'END'\n{version}\nEND\n")
            program.chmod(0o755)
        self.seen = folder / "seen"
        self.plain = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": str(folder)}

    def run(self, *arguments: str, **variables: str) -> Run:
        return subprocess.run(
            [sys.executable, "-m", "sandbox", *arguments, "--state", str(self.state)],
            env=self.plain | variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    if made.state.exists():
        made.run("down")


@pytest.mark.parametrize("command", ["up", "run"])
def test_a_start_beside_real_credentials_is_refused_by_name(shell: Shell, command: str) -> None:
    answer = shell.run(command, "--port", "0", ARM_TENANT_ID=ELSEWHERE, ARM_CLIENT_SECRET=SECRET)

    assert answer.returncode == 1
    assert "ARM_CLIENT_SECRET, ARM_TENANT_ID" in answer.stderr
    assert "--ignore-credentials" in answer.stderr
    assert SECRET not in answer.stdout + answer.stderr
    assert not shell.state.exists()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_who_insists_starts_a_sandbox_that_sees_none_of_them(shell: Shell) -> None:
    real = {"ARM_CLIENT_SECRET": SECRET, "AZURE_STORAGE_KEY": SECRET, "MSI_SECRET": SECRET}

    started = shell.run("up", "--port", "0", "--ignore-credentials", **real)

    assert started.returncode == 0, started.stderr
    pid = json.loads((shell.state / "running.json").read_text())["pid"]
    assert SECRET.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert SECRET not in shell.seen.read_text()
    assert "CHECKPOINT_DISABLE=1" in shell.seen.read_text()


def test_a_shell_of_the_sandbox_may_start_it_again(shell: Shell) -> None:
    shell.run("up", "--port", "0")
    lines = shell.run("env").stdout.splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    own = {name: value.strip("'") for name, _, value in pairs}
    shell.run("down")

    again = shell.run("up", "--port", "0", **own)

    assert own["ARM_TENANT_ID"] == TENANT
    assert again.returncode == 0, again.stderr


def test_a_sandbox_in_the_foreground_forgets_them_before_it_starts_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = "/usr/bin"
    monkeypatch.setattr(os, "environ", {"PATH": kept, "ARM_ACCESS_KEY": SECRET})

    credentials.forget()

    assert os.environ == {"PATH": kept}
