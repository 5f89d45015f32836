"""S3Proxy itself with the chart's settings, in front of Azurite: needs Java and `S3PROXY_JAR`."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chart.conftest import PROJECT, Charts

JAR = os.environ.get("S3PROXY_JAR", "")
AZURITE = PROJECT / ".engines/azurite/node_modules/azurite/dist/src/blob/main.js"
ACCOUNT = "devstoreaccount1"
# Azurite's well-known one.
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
ACCEPTED = {"reader": "a-secret-of-a-client", "reader-before": "its-secret-of-before"}
RETIRED = ("reader-long-ago", "a-secret-of-a-client")

pytestmark = [
    pytest.mark.skipif(shutil.which("java") is None, reason="no Java: settings are only compared"),
    pytest.mark.skipif(
        not Path(JAR).is_file(),
        reason="S3PROXY_JAR names no S3Proxy 4: settings are only compared with its start script",
    ),
    pytest.mark.skipif(not AZURITE.is_file(), reason="no Azurite: scripts/engines.sh azurite"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(charts: Charts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("s3proxy")
    blob, port = free_port(), free_port()
    run = folder / "run"
    run.mkdir()
    given = {
        entry["name"]: entry.get("value", "")
        for entry in charts.render("s3proxy").environment("s3proxy")
    }
    given |= {
        "S3PROXY_ENDPOINT": f"http://127.0.0.1:{port}",
        "ACCEPTED": ",".join(":".join(pair) for pair in ACCEPTED.items()),
        "JCLOUDS_ENDPOINT": f"http://127.0.0.1:{blob}/{ACCOUNT}",
        "JCLOUDS_IDENTITY": ACCOUNT,
        "JCLOUDS_CREDENTIAL": ACCOUNT_KEY,
    }
    azurite = ["node", str(AZURITE), "--blobPort", str(blob), "--location", str(folder)]
    proxy = ["sh", str(PROJECT / "charts/s3proxy/files/start.sh"), JAR, str(run)]
    programs = [
        subprocess.Popen(command, cwd=folder, start_new_session=True, env=os.environ | given)
        for command in ([*azurite, "--skipApiVersionCheck", "--silent"], proxy)
    ]
    try:
        await_health(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        for program in programs:
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()


def await_health(address: str) -> None:
    """The chart's probe, which needs no signature."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(address, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise TimeoutError(address)


def ask(
    method: str, address: str, *options: str, who: tuple[str, str] | None = None
) -> tuple[int, str]:
    """A signed request, with curl's own signature version 4."""
    identity, secret = who or next(iter(ACCEPTED.items()))
    sign = ("--aws-sigv4", "aws:amz:any:s3", "--user", f"{identity}:{secret}")
    quiet = ("--silent", "--noproxy", "*", "--write-out", "\n%{http_code}")
    done = subprocess.run(
        ["curl", *quiet, "-X", method, *sign, *options, address],
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, code = done.stdout.rpartition("\n")
    return int(code), text


def test_clients_have_to_sign(address: str) -> None:
    assert httpx.get(f"{address}/supabase", trust_env=False).status_code == 403


def test_a_file_comes_back_although_it_was_sent_with_tags(address: str) -> None:
    assert ask("PUT", f"{address}/supabase")[0] == 200
    tagged = ("--data-binary", "hello", "-H", "x-amz-tagging: a=b")

    sent, _ = ask("PUT", f"{address}/supabase/a/file", *tagged)

    assert sent == 200
    assert ask("GET", f"{address}/supabase/a/file") == (200, "hello")


def test_whoever_is_accepted_finds_the_same_files_and_who_is_retired_finds_none(
    address: str,
) -> None:
    assert ask("PUT", f"{address}/shared")[0] == 200
    assert ask("PUT", f"{address}/shared/file", "--data-binary", "hello")[0] == 200

    found = [ask("GET", f"{address}/shared/file", who=pair) for pair in ACCEPTED.items()]
    refused, why = ask("GET", f"{address}/shared/file", who=RETIRED)

    assert found == [(200, "hello")] * len(ACCEPTED)
    assert (refused, "InvalidAccessKeyId" in why) == (403, True)
    swapped = (next(iter(ACCEPTED)), ACCEPTED["reader-before"])
    assert ask("GET", f"{address}/shared/file", who=swapped)[0] == 403
