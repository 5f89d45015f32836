"""What a command or a Job starts is limited, and ends: also when the sandbox is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import leash

PATIENCE = 30.0
ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def outcome(script: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of a script on the leash."""

    async def scenario() -> int:
        with (folder / "output").open("wb") as output:
            program = await leash.start(("sh", "-c", script), folder, ENVIRONMENT, output)
        try:
            return await asyncio.wait_for(program.wait(), PATIENCE)
        finally:
            await program.end()

    return asyncio.run(scenario()), (folder / "output").read_text()


def until(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        shown = Path(f"/proc/{pid}/stat")
        return not shown.exists() or shown.read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False


def test_a_program_says_how_it_ended_and_reads_nothing(tmp_path: Path) -> None:
    assert outcome("cat; echo said; exit 7", tmp_path) == (7, "said\n")


def test_a_program_has_only_the_environment_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "of the caller")

    _, printed = outcome("env", tmp_path)

    names = {line.partition("=")[0] for line in printed.splitlines()}
    assert names <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}


def test_a_program_has_limits(tmp_path: Path) -> None:
    code, printed = outcome("ulimit -c; ulimit -n; ulimit -t", tmp_path)
    too_much, _ = outcome("head -c 300000000 /dev/zero > large", tmp_path)

    assert (code, printed.split()) == (0, ["0", "1024", "900"])
    assert too_much != 0
    assert (tmp_path / "large").stat().st_size <= 256 * 1024 * 1024


def test_a_program_has_a_limited_number_of_processes(tmp_path: Path) -> None:
    if not Path("/proc/self/limits").exists():
        pytest.skip("needs /proc")
    _, printed = outcome("grep 'Max processes' /proc/self/limits", tmp_path)

    assert int(printed.split()[2]) <= leash.PROCESSES


def test_no_descriptor_of_the_sandbox_reaches_a_program(tmp_path: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    with (tmp_path / "secret").open("w"):
        _, printed = outcome("ls /proc/self/fd", tmp_path)

    assert set(printed.split()) <= {"0", "1", "2", "3"}  # The last is that of `ls` itself.


def test_what_a_program_leaves_running_ends_with_it(tmp_path: Path) -> None:
    outcome("sleep 300 & echo $! > pid", tmp_path)

    assert until(lambda: not alive(int((tmp_path / "pid").read_text())))


SANDBOX = """
import asyncio, sys
from pathlib import Path
from sandbox import leash

async def main(folder):
    with (folder / "output").open("wb") as output:
        script = "sleep 300 & echo $! > child; echo $$ > own; sleep 300"
        await leash.start(("sh", "-c", script), folder, {"PATH": "/usr/bin:/bin"}, output)
    await asyncio.sleep(300)

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_program_does_not_outlive_a_sandbox_however_that_ends(tmp_path: Path, how: int) -> None:
    sandbox = subprocess.Popen(
        [sys.executable, "-c", SANDBOX, str(tmp_path)], stderr=subprocess.DEVNULL
    )
    try:
        places = [tmp_path / "child", tmp_path / "own"]
        assert until(lambda: all(one.exists() and one.read_text() for one in places))
        pids = [int(one.read_text()) for one in places]
        assert all(map(alive, pids))

        sandbox.send_signal(how)

        assert until(lambda: not any(map(alive, pids)))
    finally:
        sandbox.kill()
        sandbox.wait()
