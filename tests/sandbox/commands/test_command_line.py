"""`python -m sandbox`, as it is typed."""

import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from sandbox.latency import Latency
from sandbox.requirements import parse_version
from tests.sandbox.commands.conftest import CommandLine, client, new_cluster


def test_up_prints_what_a_shell_can_evaluate(running: CommandLine) -> None:
    environment = running.environment()

    assert environment["HTTPS_PROXY"].startswith("http://127.0.0.1:")
    assert environment["NO_PROXY"] == "127.0.0.1,localhost"
    assert environment["ARM_CLIENT_SECRET"] == environment["AZURE_CLIENT_SECRET"]
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "TF_CLI_CONFIG_FILE"):
        assert Path(environment[name]).is_file()


def test_the_printed_environment_is_all_that_a_client_needs(running: CommandLine) -> None:
    program = (
        "from azure.identity import DefaultAzureCredential as C; "
        "print(len(C().get_token('https://management.azure.com/.default').token) > 100)"
    )

    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | running.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout == "True\n", answer.stderr


@pytest.mark.parametrize("own", ["http_proxy", "all_proxy"])
def test_the_metadata_service_of_a_virtual_machine_is_refused(
    running: CommandLine, own: str
) -> None:
    environment = os.environ | {own: "http://127.0.0.1:9"} | running.environment()

    answer = asked("http://169.254.169.254/metadata/instance", environment)

    assert answer.startswith("169.254.169.254 is unreachable")


def test_services_of_this_machine_are_reached_without_the_sandbox(running: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as local:
        local.settimeout(10)
        address = f"http://localhost:{local.getsockname()[1]}/api/health"
        with ThreadPoolExecutor() as other:
            answer = other.submit(asked, address, os.environ | running.environment())
            line, _ = local.accept()
            with line:
                request = line.recv(65536)
                line.sendall(b"HTTP/1.0 200 OK\r\n\r\nof Prefect")

    assert request.startswith(b"GET /api/health ")
    assert answer.result() == "of Prefect"


def asked(address: str, environment: dict[str, str]) -> str:
    """What a program that knows the environment only is answered."""
    command = ["curl", "-sS", "--max-time", "10", address]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    ).stdout


def test_terraform_is_told_to_ask_nobody_for_its_newest_version(running: CommandLine) -> None:
    assert running.environment()["CHECKPOINT_DISABLE"] == "1"


@pytest.mark.parametrize("command", [("env",), ("env", "--nonsense"), ("up", "--scale=-1")])
def test_a_shell_that_evaluates_a_failure_notices_and_reaches_nothing(
    sandbox: CommandLine, command: tuple[str, ...]
) -> None:
    failed = sandbox(*command)
    script = f"NO_PROXY='*'; eval \"$(cat)\"; echo $?; curl -sS {REAL} 2>&1; echo $https_proxy"

    shell = evaluated(failed.stdout, script)

    assert failed.returncode != 0
    assert shell[0] == "1"
    assert "Failed to connect" in shell[1] or "Could not connect" in shell[1]
    assert shell[2] == "http://127.0.0.1:9"


def test_a_shell_leaves_the_sandbox_again(running: CommandLine) -> None:
    there, back = running("env").stdout, running("env", "--unset").stdout

    left = evaluated(there + back, 'eval "$(cat)"; echo $?; env')

    assert left[0] == "0"
    assert not {line.partition("=")[0] for line in left} & set(running.environment())


REAL = "https://management.azure.com/subscriptions"


def evaluated(printed: str, script: str) -> list[str]:
    """What a shell prints that is given the output of a command."""
    return subprocess.run(
        ["bash", "-c", script],
        env={"PATH": "/usr/bin:/bin"},
        input=printed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_inside_a_network_that_does_not_exist_is_an_error(running: CommandLine) -> None:
    answer = running("env", "--inside", "lab-aks")

    assert answer.returncode == 1
    assert "The sandbox has no cluster lab-aks." in answer.stderr
    assert "None is built yet." in answer.stderr


def test_inside_its_network_the_api_server_of_a_private_cluster_answers(
    sandbox: CommandLine,
) -> None:
    sandbox("up", "--port", "0", "--profile", "instant")
    address = f"https://{new_cluster(sandbox.environment())}/version"

    outside, inside = sandbox.environment(), sandbox.environment("--inside", "LAB-aks")
    unknown = sandbox("env", "--inside", "other")

    with client(outside) as stranger, pytest.raises(httpx.ProxyError, match="is private"):
        stranger.get(address)
    with client(inside) as neighbour:
        assert neighbour.get(address).status_code == 401  # From Kubernetes itself.
    proxies = {name for name in outside if name.lower().endswith("_proxy")} - {
        "NO_PROXY",
        "no_proxy",
    }
    assert len({inside[name] for name in proxies}) == 1
    same = set(outside) - proxies
    assert {name: inside[name] for name in same} == {name: outside[name] for name in same}
    assert "There are: lab-aks." in unknown.stderr


def test_status_tells_where_it_runs(running: CommandLine) -> None:
    shown = running("status")
    read = json.loads(running("status", "--json").stdout)

    assert "profile typical, scale 0.5, seed 1, 0 resources" in shown.stdout
    assert (read["profile"], read["resources"], read["propagations"]) == ("typical", 0, [])


def test_a_second_start_says_how_to_use_the_first(running: CommandLine) -> None:
    answer = running("up")

    assert answer.returncode == 1
    assert "already runs" in answer.stderr
    assert "python -m sandbox env" in answer.stderr


def test_files_with_secrets_are_for_their_owner_only(running: CommandLine) -> None:
    modes = {
        file.name: stat.S_IMODE(file.stat().st_mode)
        for file in (running.state, *running.state.iterdir())
    }

    assert modes["state"] == 0o700
    private = ("ca.key", "signing.key", "identity.json", "environment", "running.json")
    assert {modes[name] for name in private} == {0o600}


def test_nothing_secret_is_written_to_the_logs(running: CommandLine) -> None:
    environment = running.environment()
    tenant = environment["ARM_TENANT_ID"]
    address = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    form = {
        "grant_type": "client_credentials",
        "client_id": environment["ARM_CLIENT_ID"],
        "client_secret": environment["ARM_CLIENT_SECRET"],
        "scope": "https://management.azure.com/.default",
    }
    proxy, trust = environment["HTTPS_PROXY"], environment["SSL_CERT_FILE"]
    context = ssl.create_default_context(cafile=trust)
    with httpx.Client(proxy=proxy, verify=context, trust_env=False) as client:
        token = client.post(address, data=form).json()["access_token"]
        client.get(
            "https://management.azure.com/subscriptions?api-version=2022-12-01&sig=hidden",
            headers={"Authorization": f"Bearer {token}"},
        )

    last = running.logged("/subscriptions")
    assert running.logged(f"/{tenant}/oauth2/v2.0/token")["name"] == "deployer"
    logs = "".join((running.state / name).read_text() for name in ("requests.jsonl", "sandbox.log"))
    assert (last["method"], last["status"]) == ("GET", 200)
    assert last["caller"]
    for secret in (environment["ARM_CLIENT_SECRET"], token, "hidden"):
        assert secret not in logs


def test_a_stranger_cannot_stop_the_sandbox(running: CommandLine) -> None:
    proxy = running.environment()["HTTPS_PROXY"]

    answer = httpx.post(f"{proxy}/stop", headers={"Authorization": "Bearer guessed"})

    assert answer.status_code == 403
    assert running("status").returncode == 0


def test_it_is_up_quickly_and_down_without_a_trace(sandbox: CommandLine) -> None:
    began = time.monotonic()
    started = sandbox("up", "--port", "0")
    took = time.monotonic() - began

    stopped = sandbox("down")

    assert started.returncode == 0, started.stderr
    assert took < 10  # Two seconds on an idle machine.
    assert "The sandbox is down." in stopped.stderr
    assert "No sandbox runs" in sandbox("status").stderr


def test_credentials_outlive_a_restart_and_resources_a_reset_do_not(sandbox: CommandLine) -> None:
    sandbox("up", "--port", "0")
    before = sandbox.environment()["ARM_CLIENT_SECRET"]

    emptied = sandbox("reset")
    sandbox("down")
    sandbox("up", "--port", "0")

    assert "empty again" in emptied.stderr
    assert sandbox.environment()["ARM_CLIENT_SECRET"] == before


def test_a_taken_port_is_named(sandbox: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        answer = sandbox("up", "--port", str(taken.getsockname()[1]))

    assert answer.returncode == 1
    assert "is taken by another program." in answer.stderr
    assert "--port" in answer.stderr


def test_a_port_that_another_sandbox_has_is_told_with_its_place(
    running: CommandLine, sandbox: CommandLine
) -> None:
    taken = running.environment()["HTTPS_PROXY"].rpartition(":")[2]

    answer = sandbox("up", "--port", taken)

    assert answer.returncode == 1
    assert f"Port {taken} is taken by the sandbox of {running.state} (pid " in answer.stderr


@pytest.mark.parametrize("command", ["up", "run"])
@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_does_not_exist_is_refused(
    sandbox: CommandLine, command: str, port: str
) -> None:
    answer = sandbox(command, f"--port={port}")

    assert answer.returncode == 1
    assert f"{port} is not a port." in answer.stderr
    assert not sandbox.state.exists()


def test_what_is_not_up_is_down_already(sandbox: CommandLine) -> None:
    answer = sandbox("down")

    assert answer.returncode == 0
    assert "No sandbox runs" in answer.stderr
    assert not sandbox.state.exists()


def test_up_goes_on_with_the_options_of_last_time(sandbox: CommandLine) -> None:
    own = ("--scale", "0.2", "--seed", "7", "--duration", "role.propagation=5")
    sandbox("up", "--port", "0", "--profile", "instant", *own)
    sandbox("reset")
    sandbox("down")

    again = sandbox("up", "--fresh", "--seed", "8")
    told = json.loads(sandbox("status", "--json").stdout)
    sandbox("down")
    third = sandbox("up")

    same = "--port 0 --profile instant --scale 0.2"
    assert f"As last time: {same} --duration role.propagation=5\n" in again.stderr
    assert [told[name] for name in ("profile", "scale", "seed")] == ["instant", 0.2, 8]
    assert f"As last time: {same} --seed 8 --duration role.propagation=5\n" in third.stderr


def test_the_port_of_last_time_may_be_taken_by_now(sandbox: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    started = sandbox("up", "--port", str(port))
    assert started.returncode == 0, started.stderr
    sandbox("down")

    with socket.create_server(("127.0.0.1", port)):
        answer = sandbox("up")

    assert answer.returncode == 1
    assert f"As last time: --port {port}" in answer.stderr
    assert f"Port {port} is taken by another program." in answer.stderr


def test_the_version_is_that_of_the_package() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "sandbox", "--version"], capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == version("supabase-on-azure")


@pytest.mark.parametrize("scale", ["nan", "inf", "-1"])
@pytest.mark.parametrize("command", ["up", "run"])
def test_a_scale_that_is_no_factor_is_refused(
    sandbox: CommandLine, command: str, scale: str
) -> None:
    answer = sandbox(command, "--port", "0", f"--scale={scale}")

    assert answer.returncode == 1
    assert f"The scale {scale} is not a factor" in answer.stderr
    assert not sandbox.state.exists()


@pytest.mark.parametrize(
    ("duration", "sentence"),
    [
        ("rol.propagation=3", "Did you mean role.propagation?"),
        ("role.propagation=x", "Write it as role.propagation=600."),
    ],
)
def test_a_duration_of_no_operation_is_refused(
    sandbox: CommandLine, duration: str, sentence: str
) -> None:
    answer = sandbox("up", "--port", "0", "--duration", duration)

    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert not sandbox.state.exists()


def test_one_operation_may_take_its_own_time() -> None:
    latency = Latency("typical", 0.5, (("role.propagation", 10.0),))

    assert latency.seconds("role.propagation") == 5
    assert latency.seconds("managed_cluster.create") == 210


def test_a_missing_or_old_program_is_named_with_its_cure(sandbox: CommandLine) -> None:
    sandbox.install("terraform", '{"terraform_version": "1.5.7"}')
    sandbox.install("kubectl", "nothing useful")

    answer = sandbox("up", "--port", "0")

    assert answer.returncode == 1
    assert "terraform is 1.5 and at least 1.11 is needed" in answer.stderr
    assert "kubectl did not tell its version" in answer.stderr


@pytest.mark.parametrize("command", ["env", "status"])
def test_commands_that_need_a_sandbox_say_how_to_start_one(
    sandbox: CommandLine, command: str
) -> None:
    answer = sandbox(command)

    assert answer.returncode == 1
    assert "python -m sandbox up" in answer.stderr


def test_help_names_every_command(sandbox: CommandLine) -> None:
    text = sandbox("--help").stdout

    for command in ("up", "run", "down", "status", "env", "reset"):
        assert f" {command} " in text


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('{"terraform_version": "1.11.4"}', (1, 11)),
        ('{"clientVersion": {"gitVersion": "v1.32.4-dispatcher"}}', (1, 32)),
        ("curl 8.1.2 (x86_64)", (8, 1)),
    ],
)
def test_versions_are_read_from_what_programs_print(printed: str, version: tuple[int, int]) -> None:
    assert parse_version(printed) == version
