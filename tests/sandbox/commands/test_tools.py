"""Programs that run in the sandbox's environment: theirs are exit code, input and signals."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.commands import COMMANDS, tools
from tests.sandbox.commands.conftest import CommandLine, Run, new_cluster

AZ = """\
#!/bin/sh
printf '%s\\n' "$*" >> "$HOME/calls"
if [ "$1" = login ]; then
  mkdir -p "$AZURE_CONFIG_DIR"
  echo "{\\"subscriptions\\": [{\\"user\\": {\\"name\\": \\"$ARM_CLIENT_ID\\"}}]}" \\
    > "$AZURE_CONFIG_DIR/azureProfile.json"
else
  env | grep ^AZURE_
fi
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A sandbox with the private cluster lab-aks, and the real kubectl."""
    line = CommandLine(tmp_path_factory.mktemp("built"))
    real = shutil.which("kubectl")
    assert real, "These tests call kubectl: install it."
    started = line("up", "--port", "0", "--profile", "instant")
    assert started.returncode == 0, started.stderr
    new_cluster(line.environment())
    (line.tools / "kubectl").unlink()
    (line.tools / "kubectl").symlink_to(real)
    (line.tools / "curl").unlink()
    yield line
    line("down")


def first(line: CommandLine, command: str, *words: str) -> list[str]:
    """A call in which our own options stand before the words of the program."""
    return [sys.executable, "-m", "sandbox", command, "--state", str(line.state), *words]


def call(line: CommandLine, command: str, *words: str, given: str = "") -> Run:
    return subprocess.run(
        first(line, command, *words),
        env={"PATH": f"{line.tools}:/usr/bin:/bin", "HOME": str(line.state)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_program_gets_environment_and_input_and_its_exit_code_counts(built: CommandLine) -> None:
    answer = call(built, "exec", "--", "sh", "-c", "echo $HTTPS_PROXY; cat; exit 7", given="hello")

    assert answer.returncode == 7
    assert answer.stdout == f"{built.environment()['HTTPS_PROXY']}\nhello"


def test_options_of_a_program_are_not_taken_for_ours(built: CommandLine) -> None:
    answer = call(built, "exec", "echo", "--state", "x", "--json", "--", "-h")

    assert answer.stdout == "--state x --json -- -h\n"


def test_inside_a_network_a_program_gets_the_proxy_of_that_network(built: CommandLine) -> None:
    answer = call(built, "exec", "--inside", "lab-aks", "--", "sh", "-c", "echo $HTTPS_PROXY")

    assert answer.stdout.startswith("http://lab-aks:")


def test_a_signal_reaches_the_program(built: CommandLine) -> None:
    script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    program = subprocess.Popen(
        first(built, "exec", "--", "sh", "-c", script),
        env={"PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGTERM)
        rest = program.stdout.read()

    assert (rest, program.returncode) == ("caught\n", 3)


@pytest.mark.parametrize("named", [(), ("--cluster", "lab-aks")])
def test_kubectl_reaches_a_private_cluster_from_inside(
    built: CommandLine, named: tuple[str, ...]
) -> None:
    answer = call(built, "kubectl", *named, "get", "namespaces", "--output", "name")

    assert "namespace/kube-system" in answer.stdout.split(), answer.stderr
    (kept,) = (built.state / "kubeconfig").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_cluster_that_does_not_exist_is_named_with_those_that_do(built: CommandLine) -> None:
    answer = call(built, "kubectl", "--cluster", "other", "get", "pods")

    assert answer.returncode == 1
    assert "The sandbox has no cluster other." in answer.stderr
    assert "There are: lab-aks." in answer.stderr


def test_az_signs_in_once_and_leaves_your_own_sign_in_alone(built: CommandLine) -> None:
    program = built.tools / "az"
    program.write_text(AZ)
    program.chmod(0o755)

    answers = [call(built, "az", "group", "list", "--query", "[]") for _ in range(2)]

    calls = (built.state / "calls").read_text().splitlines()
    assert calls[0].startswith("login --service-principal")
    assert calls[1:] == ["group list --query []"] * 2
    assert f"AZURE_CONFIG_DIR={built.state / 'az'}" in answers[1].stdout
    assert "AZURE_CORE_COLLECT_TELEMETRY=false" in answers[1].stdout


@pytest.mark.skipif(bool(shutil.which("helm", path="/usr/bin:/bin")), reason="Helm is there.")
def test_without_helm_the_small_one_takes_its_place(built: CommandLine) -> None:
    answer = call(built, "helm", "list", "--all-namespaces", "--output", "json")

    assert (answer.returncode, answer.stdout.strip()) == (0, "[]"), answer.stderr


@pytest.mark.skipif(bool(shutil.which("terraform", path="/usr/bin:/bin")), reason="It is there.")
def test_a_program_that_is_missing_is_named_with_where_to_get_it(built: CommandLine) -> None:
    (built.tools / "terraform").unlink()

    answer = call(built, "terraform", "version")

    assert answer.returncode == 127
    assert "Install it from https://developer.hashicorp.com/terraform" in answer.stderr


def test_a_program_that_nobody_knows_ends_as_in_a_shell(built: CommandLine) -> None:
    unknown, folder = call(built, "exec", "--", "nosuchprog"), built.tools / "broken"
    folder.write_text("#!/no/such/interpreter\n")
    folder.chmod(0o755)

    assert (unknown.returncode, call(built, "exec", "--", "broken").returncode) == (127, 126)
    assert "There is no program nosuchprog." in unknown.stderr


def test_without_an_az_on_path_the_one_of_the_tests_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tools, "AZ", tmp_path / "kept" / "az")
    assert tools.program("az") is None
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "az").touch(mode=0o755)

    assert tools.program("az") == str(tmp_path / "kept" / "az")


@pytest.mark.skipif(not shutil.which("psql", path="/usr/bin:/bin"), reason="psql is missing.")
def test_a_server_that_does_not_exist_is_told_before_psql_starts(built: CommandLine) -> None:
    answer = call(built, "psql", "nowhere-pg", "-U", "pgadmin")

    assert answer.returncode == 1
    assert "The sandbox has no PostgreSQL server nowhere-pg." in answer.stderr
    assert "None is built yet." in answer.stderr


def test_a_page_that_no_browser_opens_is_a_failure(built: CommandLine) -> None:
    answer = subprocess.run(
        first(built, "page", "--open"),
        env={"PATH": str(built.tools), "HOME": str(built.state)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert answer.stdout.startswith("http://127.0.0.1:")
    assert "There is no browser to open." in answer.stderr


def test_status_tells_what_exists_and_who_may_do_what(built: CommandLine) -> None:
    told = json.loads(built("status", "--json").stdout)
    shown = built("status").stdout

    lab = next(group for group in told["groups"] if group["name"] == "lab")
    assert ("lab-aks", "Microsoft.ContainerService/managedClusters", "Succeeded") in [
        (one["name"], one["type"], one["state"]) for one in lab["resources"]
    ]
    assert [one["role"] for one in told["access"] if one["name"] == "deployer"] == ["Owner"]
    assert [(one["name"], one["power"]) for one in told["clusters"]] == [("lab-aks", "Running")]
    assert (told["busy"], told["propagations"], told["weather"]) == ([], [], [])
    for word in ("lab (westeurope)", "ContainerService/managedClusters", "Owner"):
        assert word in shown


def entries(line: CommandLine, *options: str) -> list[dict[str, object]]:
    printed = line("log", "--json", *options).stdout.splitlines()
    return [json.loads(one) for one in printed]


def test_the_log_is_filtered_and_names_callers(built: CommandLine) -> None:
    made = entries(built, "--method", "put", "--path", "*/managedClusters/*")
    refused = entries(built, "--status", "4xx", "--host", "management")

    assert [(one["status"], one["name"]) for one in made] == [(201, "deployer")]
    assert refused == []
    assert entries(built, "--principal", "deployer", "--since", "1h", "--lines", "1")
    assert entries(built, "--principal", "nobody") == []
    assert "by deployer" in built("log", "--method", "PUT").stdout


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--status", "banana", "Write 403, or 4xx for a class."),
        ("--since", "yesterday", "Write it as 90s, 5m, 2h or 1d."),
    ],
)
def test_a_filter_that_makes_no_sense_is_explained(
    built: CommandLine, option: str, value: str, sentence: str
) -> None:
    answer = built("log", option, value)

    assert answer.returncode == 1
    assert sentence in answer.stderr


def test_the_log_is_followed(built: CommandLine, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with seen.open("w") as sink:
        program = subprocess.Popen(
            first(built, "log", "--follow", "--json", "--lines", "1"), stdout=sink
        )
    try:
        deadline = time.monotonic() + 30
        while "followed" not in seen.read_text():
            assert time.monotonic() < deadline, "The request was not shown."
            call(built, "exec", "curl", "-sS", "https://management.azure.com/followed")
            time.sleep(0.2)
    finally:
        program.terminate()
        program.wait()


def test_nothing_is_coloured_where_no_terminal_is(built: CommandLine) -> None:
    assert "\x1b" not in built("status").stdout + built("log").stdout


def test_a_request_with_control_characters_does_not_reach_the_terminal(built: CommandLine) -> None:
    hostile = "https://management.azure.com/%1b[31mred"
    call(built, "exec", "curl", "-sSg", hostile)

    assert built.logged("/\x1b[31mred")["status"] == 400
    assert "\x1b" not in built("log", "--path", "*red").stdout


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_has_examples(command: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox", command, "--help"],
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"python -m sandbox {command}" in answer.stdout.partition("For example:")[2]
