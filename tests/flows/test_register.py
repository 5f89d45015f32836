"""What `register` leaves on a real Prefect server, and what that does when something happens."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from prefect.events.schemas.events import Event, RelatedResource, Resource

from tests.flows import mailbox
from tests.flows.conftest import PREFECT, PROJECT
from tests.flows.mailbox import Mailbox

pytestmark = pytest.mark.flows
ABOUT = ["deploy-failed", "drift-detected", "run-crashed", "run-failed"]
SILENCE = "north: a silent run has crashed"
KEPT = ("name", "description", "enabled", "tags", "trigger", "actions")
Until = Callable[[Callable[[], bool], str], None]


@dataclass
class Inbox:
    """What somebody was told, at an address that only this test knows."""

    address: str
    messages: list[dict[str, str]] = field(default_factory=list)

    def about(self, subject: str) -> str:
        """The text of the first message with this subject; empty while there is none."""
        return next((one["text"] for one in self.messages if one["subject"] == subject), "")


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    inbox = Inbox("")

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            inbox.messages.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        inbox.address = f"http://127.0.0.1:{receiver.server_port}/hook?key={uuid4().hex}"
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        yield inbox
        receiver.shutdown()


@pytest.fixture(scope="module")
def letters() -> Iterator[Mailbox]:
    with mailbox.opened() as box:
        yield box


@dataclass
class Office:
    """A Prefect server, a folder of environments, and the command that brings them together."""

    folder: Path
    variables: dict[str, str]

    def write(self, name: str, **changes: Any) -> None:
        content = yaml.safe_load((PROJECT / "deployments/sandbox.yaml").read_text()) | changes
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def flows(self, *arguments: str, **variables: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "flows", *arguments],
            cwd=PROJECT,
            env=self.variables | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def register(self) -> list[str]:
        """The lines that tell what was changed."""
        code, text = self.flows("register")
        assert code == 0, text
        what = ("created ", "changed ", "removed ", "left alone ", "Nothing ")
        return [line for line in text.splitlines() if line.startswith(what)]

    def ask(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        answer = httpx.request(
            method, f"{self.variables['PREFECT_API_URL']}/{path}", json=body, trust_env=False
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def runs_of(self, deployment: str) -> list[dict[str, Any]]:
        found = self.ask(f"deployments/name/{deployment}")
        asked = {"deployments": {"id": {"any_": [found["id"]]}}}
        runs: list[dict[str, Any]] = self.ask("flow_runs/filter", asked)
        return [run for run in runs if not run["auto_scheduled"]]

    def emit(self, event: str, resource: dict[str, str], *related: dict[str, str]) -> None:
        """An event as a run sends it."""
        sent = Event(
            event=event,
            resource=Resource(resource),
            related=[RelatedResource(one) for one in related],
            payload={"summary": "Somebody opened a port.", "new": {"critical": 1, "info": 2}},
        )
        self.ask("events", [sent.model_dump(mode="json")])


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    server: dict[str, str],
    inbox: Inbox,
    letters: Mailbox,
) -> Office:
    folder = tmp_path_factory.mktemp("office")
    (folder / "deployments").mkdir()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("ARM_", "AZURE_"))}
    places = {
        "SUPABASE_DEPLOYMENTS": str(folder / "deployments"),
        "SUPABASE_WORK": str(folder / "work"),
        "NOTIFY_OPS": inbox.address,
        "NOTIFY_NIGHT_DUTY": letters.address,
    }
    office = Office(folder / "deployments", clean | server | places)
    hook = {"to": "ops", "by": "webhook", "about": ABOUT}
    mail = {"to": "night-duty", "by": "email", "about": ["deploy-failed"]}
    office.write("north", notify=[hook, mail])
    office.register()
    return office


@pytest.fixture
def worker(office: Office) -> Iterator[None]:
    """A worker of the pool on a machine without Terraform: what it takes fails at once."""
    with (office.folder.parent / "worker.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", "supabase-north"],
            env=office.variables | {"PATH": "/nowhere"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    yield
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def test_a_second_run_changes_only_what_somebody_changed_in_the_ui(office: Office) -> None:
    duplicate(office, SILENCE)
    found = office.ask("deployments/name/drift/north")
    hourly = found["schedules"][0]["id"]
    address = f"{office.variables['PREFECT_API_URL']}/deployments/{found['id']}/schedules/{hourly}"
    httpx.patch(address, json={"active": False}, trust_env=False).raise_for_status()

    assert office.register() == [
        "changed deployment drift/north: schedules",
        f"removed automation {SILENCE}: there were two",
    ]
    assert len(named(office, SILENCE)) == 1


def test_a_deployment_takes_no_other_environment(office: Office) -> None:
    found = office.ask("deployments/name/destroy/north")

    with pytest.raises(httpx.HTTPStatusError, match="409"):
        office.ask(
            f"deployments/{found['id']}/create_flow_run", {"parameters": {"environment": "prod"}}
        )


def test_a_failed_deploy_is_told_with_its_reason_and_what_to_do(
    office: Office, inbox: Inbox, letters: Mailbox, until: Until
) -> None:
    code, _ = office.flows("deploy", "--environment", "north", PATH="/nowhere")  # No Terraform.

    assert code != 0
    until(lambda: bool(inbox.about("north: deploy failed")), "the notification")
    text = inbox.about("north: deploy failed")
    assert "reason: " in text
    assert "next: " in text
    assert "/runs/flow-run/" in text
    assert "docs/runbook.md#deploy-failed" in text
    until(lambda: bool(letters.letters), "the letter")
    assert "Subject: north: deploy failed" in letters.letters[0]


@pytest.mark.usefixtures("worker")
def test_severe_drift_is_told_and_followed_by_a_plan_that_a_worker_makes(
    office: Office, inbox: Inbox, until: Until
) -> None:
    north = {"prefect.resource.id": "supabase.environment.north"}

    office.emit("supabase.drift.detected", north | {"supabase.severity": "critical"})

    until(lambda: bool(office.runs_of("deploy/north")), "a run of deploy")
    assert office.runs_of("deploy/north")[0]["parameters"] == {"environment": "north", "plan": True}
    until(lambda: bool(inbox.about("north: drift")), "the notification")
    assert "summary: Somebody opened a port." in inbox.about("north: drift")
    assert "new: critical 1; info 2;" in inbox.about("north: drift")
    until(lambda: bool(inbox.about("north: a run failed")), "the plan's end is told")
    assert "terraform" in inbox.about("north: a run failed").lower()
    assert "docs/runbook.md#run-failed" in inbox.about("north: a run failed")


def test_a_crashed_run_is_told(office: Office, inbox: Inbox, until: Until) -> None:
    run = begun(office, "verify/north")
    crashed = {"type": "CRASHED", "name": "Crashed", "message": "The machine is gone."}

    office.ask(f"flow_runs/{run}/set_state", {"state": crashed, "force": True})

    until(lambda: bool(inbox.about("north: a run crashed")), "the notification")
    assert "The machine is gone." in inbox.about("north: a run crashed")


def test_a_run_that_falls_silent_counts_as_crashed(office: Office, until: Until) -> None:
    hurry(office, SILENCE, within=10)
    drifted = begun(office, "drift/north")
    ended = {"type": "COMPLETED", "name": "Drifted", "message": "1 critical"}
    office.ask(f"flow_runs/{drifted}/set_state", {"state": ended})

    run = begun(office, "preflight/north")

    until(
        lambda: office.ask(f"flow_runs/{run}")["state"]["type"] == "CRASHED",
        "a run without a sign of life is crashed",
    )
    assert "goes on where it was" in office.ask(f"flow_runs/{run}")["state"]["message"]
    assert office.ask(f"flow_runs/{drifted}")["state"]["name"] == "Drifted"
    until(lambda: bool(firings(office, SILENCE)), "the server keeps events of the last seconds")
    assert len(firings(office, SILENCE)) == 1, "a run that has ended is not silent"


def test_an_address_that_nobody_knows_is_asked_for_before_anything_changes(office: Office) -> None:
    office.write("south", notify=[{"to": "nobody-yet", "by": "email"}])

    code, text = office.flows("register")

    (office.folder / "south.yaml").unlink()
    assert code == 2
    assert "Nobody has said where channel nobody-yet is." in text
    assert "NOTIFY_NOBODY_YET" in text
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        office.ask("work_pools/supabase-south")


def test_what_no_file_asks_for_goes_and_what_others_made_stays(office: Office) -> None:
    theirs = made_by_hand(office)
    (office.folder / "north.yaml").unlink()

    lines = office.register()

    assert "removed channel supabase-notify-ops: no environment names it" in lines
    assert "removed automation north: tell of deploy-failed: no file asks for it" in lines
    assert "removed automation north: plan after drift: no file asks for it" in lines
    assert "removed deployment deploy/north: no file asks for it" in lines
    assert "removed work pool supabase-north: no environment uses it" in lines
    assert not [line for line in lines if line.endswith("/all: no file asks for it")]
    assert office.ask(f"automations/{theirs}")["name"] == "made by hand"


def begun(office: Office, deployment: str) -> str:
    """A run of a deployment that a worker has started, and that says nothing any more."""
    found = office.ask(f"deployments/name/{deployment}")
    run = office.ask(f"deployments/{found['id']}/create_flow_run", {})["id"]
    for kind in ("PENDING", "RUNNING"):
        office.ask(f"flow_runs/{run}/set_state", {"state": {"type": kind}, "force": True})
    return str(run)


def hurry(office: Office, name: str, within: float) -> None:
    """The same automation with less patience than a person may ask for."""
    (found,) = named(office, name)
    found["trigger"]["within"] = within
    address = f"{office.variables['PREFECT_API_URL']}/automations/{found['id']}"
    body = {key: found[key] for key in KEPT}
    httpx.put(address, json=body, trust_env=False).raise_for_status()


def named(office: Office, name: str) -> list[dict[str, Any]]:
    return [one for one in office.ask("automations/filter", {}) if one["name"] == name]


def duplicate(office: Office, name: str) -> None:
    """As the UI does it, or two who register at once."""
    (found,) = named(office, name)
    office.ask("automations/", {key: found[key] for key in KEPT})


def firings(office: Office, name: str) -> list[dict[str, Any]]:
    """When and why an automation has acted."""
    (found,) = named(office, name)
    about = {"resource": {"id": [f"prefect.automation.{found['id']}"]}}
    about |= {"event": {"name": ["prefect.automation.triggered"]}}
    seen: list[dict[str, Any]] = office.ask("events/filter", {"filter": about})["events"]
    return seen


def made_by_hand(office: Office) -> str:
    """The id of an automation that somebody made in the UI."""
    made = {
        "name": "made by hand",
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "expect": ["never.happens"],
            "threshold": 1,
            "within": 0,
        },
        "actions": [{"type": "do-nothing"}],
    }
    return str(office.ask("automations/", made)["id"])
