"""A day with the platform in Prefect's UI: start, watch a wait, approve, read the report, drift."""

import re

import pytest
from playwright.sync_api import expect

from tests.flows.conftest import PROJECT
from tests.ui.conftest import Person

pytestmark = [pytest.mark.flows, pytest.mark.long]


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "typical", 0.06  # Long enough for somebody to open a page.


@pytest.fixture(scope="module")
def deployed(person: Person) -> str:
    """The run of a deployment that was started from its form, in the middle of its work."""
    person.place.environment("sandbox", approval_timeout=240)
    return person.submit("deploy/sandbox", picture="form")


def test_a_wait_for_a_role_is_seen_with_its_reason_while_it_lasts(
    person: Person, deployed: str
) -> None:
    def waiting() -> list[str]:
        """Steps that wait and have told why: the page asks for a log once."""
        assert person.get(f"flow_runs/{deployed}")["state_type"] != "FAILED"
        wanted = {"name": {"like_": "reach-vault"}, "state": {"name": {"any_": ["AwaitingRetry"]}}}
        steps = person.place.ask("task_runs/filter", {"task_runs": wanted})
        return [step["id"] for step in steps if person.told(step["id"])]

    (step, *_) = person.until(waiting, "nothing ever waited for the vault")
    person.open(f"/runs/task-run/{step}")

    expect(person.page.get_by_text("AwaitingRetry").first).to_be_visible()
    reason = "it does not know our role assignment yet"
    expect(person.page.get_by_text(reason).first).to_be_visible()
    person.picture("wait")


def test_the_report_is_read_in_the_ui_with_its_timeline(person: Person, deployed: str) -> None:
    ended = person.end(deployed)
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]

    person.artifact("report-sandbox")

    expect(person.page.get_by_role("heading", name="What it waited for")).to_be_visible()
    picture = person.page.locator("img[src^='data:image/svg+xml']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0, "the picture is broken"
    person.picture("report")


def test_a_plan_that_destroys_is_approved_in_its_form(person: Person, deployed: str) -> None:
    person.end(deployed)
    text = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    less = person.place.folder / "less.tfvars"
    less.write_text(re.sub(r"pools = \{\n.*?\n  \}", "pools = {}", text, flags=re.DOTALL))
    person.place.environment("sandbox", tfvars=str(less), approval_timeout=240)
    run = person.submit("provision/sandbox")
    paused = person.until(
        lambda: [one for one in person.family(run) if one["state_name"] == "Paused"],
        "the plan asked nobody",
    )

    person.open(f"/runs/flow-run/{paused[0]['id']}")
    person.page.get_by_role("button", name="Resume").click()
    form = person.page.get_by_role("dialog")
    expect(form.get_by_text("delete").first).to_be_visible()
    expect(form.get_by_text(re.compile("node_pool")).first).to_be_visible()
    person.picture("approval")
    form.locator(".p-select-button__control").focus()
    person.page.keyboard.press("ArrowDown")
    person.page.get_by_role("option", name="approve").click()
    form.locator("textarea").first.fill("Jo of the platform team")
    form.get_by_role("button", name="Submit").click()

    ended = person.end(run)
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]


def test_drift_is_read_with_a_remedy_for_each_finding(person: Person, deployed: str) -> None:
    """The environment asks for the pool that was just given up: that is a change to come."""
    person.end(deployed)
    person.place.environment("sandbox")

    ended = person.end(person.submit("drift/sandbox"))

    assert ended["state_name"] == "Drifted", ended["state"]
    person.artifact("drift-sandbox")
    expect(person.page.get_by_text("remedy").first).to_be_visible()
    person.artifact("drift-page-sandbox")
    findings = person.page.get_by_role("heading", name=re.compile("warning: .*node_pool"))
    expect(findings.first).to_be_visible()
    expect(person.page.get_by_text("Next").first).to_be_visible()
    person.picture("drift")
