"""Everything rotates while clients go on asking: who is refused, and who has to come back."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient, SecretProperties
from rich import box
from rich.console import Console
from rich.table import Table

from tests.flows.conftest import PROJECT, Place

pytestmark = [pytest.mark.flows, pytest.mark.long, pytest.mark.timeout(900)]
VAULT = "https://supabase-sandbox-kv.vault.azure.net"
PATIENCE = 600  # Seconds for the rotation on a loaded machine; a minute of it is the overlap.
TOKEN = 60  # Seconds that an access token lives: the chart's least, and so the shortest overlap.
RATE = 10  # Requests a second; with more, a small machine is busy with them alone.
RENEWED = 16  # Seconds after which the load has renewed each of its sessions once more.
MOVES = ("is accepted beside the old one", "is presented", "is accepted no longer")


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "typical", 0.02


@dataclass
class Load:
    """Clients, and afterwards what they got."""

    found: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rotated:
    """One rotation of everything, seen from outside."""

    load: dict[str, Any]
    text: str
    seconds: float
    restarts: dict[str, int]
    before: dict[str, SecretProperties]
    after: dict[str, SecretProperties]


@contextmanager
def asking(place: Place) -> Iterator[Load]:
    """Clients that ask for everything, all the while."""
    load = Load()
    command = [sys.executable, "-m", "sandbox", "load", "--until-interrupted", "--json"]
    command += ["--rate", str(RATE)]
    program = subprocess.Popen(
        [*command, "--state", str(place.state)],
        cwd=PROJECT,
        env=place.variables,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    place.programs.append(program)
    yield load
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=60)
    load.found.update(json.loads(said))


@pytest.fixture(scope="module")
def rotated(deployed: Place) -> Rotated:
    """All that rotates by age is due, and rotates under load until nothing is left to do."""
    settle(deployed)
    vault = opened(deployed)
    soon = datetime.now(UTC) + timedelta(days=1)
    for name, one in by_age(vault).items():
        vault.update_secret_properties(name, one.version, expires_on=soon)
    before, restarts, start = by_age(vault), revisions(deployed), time.monotonic()
    with asking(deployed) as load:
        program = deployed.start("rotate", "--environment", "sandbox")
        text, _ = program.communicate(timeout=PATIENCE)
        assert program.returncode == 0, text
        seconds, ended = time.monotonic() - start, time.monotonic()
        again = deployed.run("rotate", "--environment", "sandbox")
        assert "No secret was replaced." in again.text, again.text
        time.sleep(max(0.0, RENEWED - (time.monotonic() - ended)))
    after = revisions(deployed)
    changed = {name: after[name] - number for name, number in restarts.items()}
    return Rotated(load.found, text, seconds, changed, before, by_age(vault))


def settle(place: Place) -> None:
    """Access tokens that live briefly, before the first client signs in."""
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    values["supabase"]["auth"]["tokenSeconds"] = TOKEN
    file = place.folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    overlap = {"tokens": TOKEN, "caches": 0}  # No client of the load verifies tokens itself.
    place.environment("sandbox", values=str(file), rotation={"overlap": overlap})
    ended = place.run("release", "--environment", "sandbox")
    assert ended.code == 0, ended.text


def opened(place: Place) -> SecretClient:
    """The vault, as an operator sees it."""
    given = place.variables
    who = [given[f"ARM_{name}"] for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")]
    way: dict[str, Any] = {
        "proxies": {"https": given["HTTPS_PROXY"]},
        "connection_verify": given["REQUESTS_CA_BUNDLE"],
    }
    return SecretClient(VAULT, ClientSecretCredential(*who, **way), **way)


def by_age(vault: SecretClient) -> dict[str, SecretProperties]:
    """What has a day on which it ends."""
    found = {one.name or "": one for one in vault.list_properties_of_secrets() if one.expires_on}
    return {name: vault.get_secret(name).properties for name in found}


def generation(one: SecretProperties) -> int:
    return int((one.tags or {})["generation"])


def revisions(place: Place) -> dict[str, int]:
    """How often the pods of each Deployment were replaced so far."""
    command = [sys.executable, "-m", "sandbox", "kubectl", "--state", str(place.state), "-n"]
    command += ["supabase", "get", "deployments", "-o", "json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    return {
        item["metadata"]["name"]: int(
            item["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        )
        for item in json.loads(done.stdout)["items"]
    }


def test_no_request_fails_and_no_valid_session_is_rejected(rotated: Rotated) -> None:
    load = rotated.load

    assert load["examples"] == []
    assert (load["failures"], load["rejected_sessions"]) == (0, 0)
    assert load["seconds"] > rotated.seconds
    tell(rotated)


def test_sessions_of_before_are_renewed_afterwards(rotated: Rotated) -> None:
    renewed = rotated.load["routes"]["auth.refresh"]

    assert set(renewed["statuses"]) == {"200"}
    assert renewed["requests"] > 5 * rotated.seconds / RENEWED / 2  # Each of five, all the while.


def test_every_secret_that_rotates_by_age_has_its_next_generation(rotated: Rotated) -> None:
    expected = {name: generation(one) + 1 for name, one in rotated.before.items()}
    found = {name: generation(rotated.after[name]) for name in expected}

    assert found == expected
    assert {"jwt-set", "pg-auth", "pg-password", "supabase-storage-creds"} <= set(found)
    for move in MOVES:
        assert move in rotated.text


def test_websockets_are_cut_off_and_come_back(rotated: Rotated) -> None:
    kept = rotated.load["routes"]["realtime.kept"]

    assert set(kept["statuses"]) == {"101"}
    assert rotated.load["reconnects"] > 0


def tell(rotated: Rotated) -> None:
    """The table of docs/benchmarks.md."""
    load = rotated.load
    new = [
        name for name, one in rotated.before.items() if one.version != rotated.after[name].version
    ]
    rows = {
        "secrets with a new value": len(new),
        "rounds": sum(move in rotated.text for move in MOVES),
        "pods of a service replaced": sum(rotated.restarts.values()),
        "the rotation took": f"{rotated.seconds:.0f} s, with an overlap of {TOKEN} s",
        "the load took": f"{load['seconds']:.0f} s",
        "requests": load["requests"],
        "failed": load["failures"],
        "valid sessions rejected": load["rejected_sessions"],
        "sessions renewed": load["refreshes"],
        "websockets cut off and back": load["reconnects"],
        "slowest answer": f"{load['worst_ms']} ms",
    }
    table = Table("what", "measured", box=box.MARKDOWN)
    for name, value in rows.items():
        table.add_row(name, str(value))
    Console(width=100, no_color=True, highlight=False).print(table)
