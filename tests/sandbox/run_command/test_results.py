"""AKS runCommand: what a client sends, sees while it waits, and gets."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.cloud.container_service import run_command
from tests.sandbox.run_command.conftest import Cloud, archive


def test_the_newest_results_are_kept_and_a_running_command_is_never_forgotten(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_command, "KEPT", 2)

    async def scenario(cloud: Cloud) -> list[int]:
        async def ask(sent: httpx.Response) -> int:
            return (await cloud.client.get(sent.headers["Location"])).status_code

        async def end(sent: httpx.Response) -> None:
            while True:
                if await ask(sent) != 202:
                    return
                await asyncio.sleep(0.02)

        slow = await cloud.send("sleep 30")
        sent = []
        for number in range(4):
            sent.append(await cloud.send(f"echo {number}"))
            await end(sent[-1])
        return [await ask(one) for one in (slow, *sent)]

    assert play(scenario) == [202, 404, 404, 200, 200]


def test_a_result_tells_code_times_and_both_streams(play: Any) -> None:
    found = play(lambda cloud: cloud.run("echo out; echo err >&2; exit 3"))

    assert found["provisioningState"] == "Succeeded"  # The service worked; the command did not.
    assert (found["exitCode"], found["logs"]) == (3, "out\nerr\n")
    assert found["startedAt"] <= found["finishedAt"]


def test_while_it_runs_the_answer_is_202_with_a_body(play: Any) -> None:
    async def scenario(cloud: Cloud) -> tuple[httpx.Response, httpx.Response]:
        sent = await cloud.send("sleep 5")
        return sent, await cloud.client.get(sent.headers["Location"])

    sent, polled = play(scenario)

    identifier = sent.headers["Location"].partition("/commandResults/")[2].partition("?")[0]
    assert len(identifier) == 32
    assert int(identifier, 16)
    assert polled.status_code == 202
    assert polled.json()["id"] == identifier
    assert polled.json()["properties"]["provisioningState"] == "Running"


@pytest.mark.parametrize("tool", ["gzip", "tar", "curl", "git", "python3", "az"])
def test_programs_that_the_image_lacks_are_not_found(play: Any, tool: str) -> None:
    found = play(lambda cloud: cloud.run(f"command -v {tool}"))

    assert found["exitCode"] != 0


def test_helm_is_there_and_is_helm_4(play: Any) -> None:
    found = play(lambda cloud: cloud.run("helm version --short"))

    assert found["logs"].startswith("v4.")


def test_the_log_is_cut_at_512_kilobytes(play: Any) -> None:
    found = play(lambda cloud: cloud.run("seq 200000"))

    assert len(found["logs"]) == 512 * 1024
    assert found["exitCode"] == 0


def test_what_a_command_leaves_running_ends_with_it(play: Any, tmp_path: Path) -> None:
    mark = tmp_path / "alive"

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        found = await cloud.run(f"(sleep 1; touch {mark}) & echo started")
        await asyncio.sleep(1.2)
        return found

    found = play(scenario)

    assert found["logs"] == "started\n"
    assert not mark.exists()


def test_what_leaves_the_group_of_a_command_ends_with_it_too(play: Any) -> None:
    if not Path("/proc/self/environ").exists() or not shutil.which("setsid"):
        pytest.skip("needs /proc and setsid")
    away = f"{shutil.which('setsid')} bash -c 'echo $$ >away; mv away pid; exec sleep 300' & disown"

    found = play(lambda cloud: cloud.run(f"{away}; until test -e pid; do sleep 0.1; done; cat pid"))

    shown = Path(f"/proc/{int(found['logs'])}/stat")
    assert not shown.exists() or shown.read_text().rpartition(")")[2].split()[0] == "Z"


def test_nothing_of_a_command_stays_on_disk(play: Any, tmp_path: Path) -> None:
    play(lambda cloud: cloud.run("touch here $HOME/there $TMPDIR/and", context=archive({"a": "b"})))

    assert list((tmp_path / "run" / "commands").iterdir()) == []


def test_closing_ends_a_running_command(play: Any, tmp_path: Path) -> None:
    async def scenario(cloud: Cloud) -> None:
        await cloud.send("sleep 60")
        await asyncio.sleep(0.2)
        await cloud.commands.close()

    play(scenario)

    assert list((tmp_path / "run" / "commands").iterdir()) == []
