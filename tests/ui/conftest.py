"""Prefect's own UI in a browser, over a platform of the sandbox; pictures stay in build/screens."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.flows.conftest import PROJECT, Place, pace, place, server, worker

__all__ = ["pace", "place", "server", "worker"]  # pytest finds fixtures by their names.

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SCREENS = PROJECT / "build" / "screens"
SOON = 60_000  # Milliseconds that a loaded machine may take to show a page.
PATIENCE = 240  # Seconds for a whole flow.
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@dataclass
class Person:
    """Somebody at a browser: opens pages, fills in forms, looks."""

    page: Page
    place: Place

    def open(self, path: str) -> None:
        self.page.goto(self.place.api.removesuffix("/api") + path)

    def picture(self, name: str) -> None:
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.wait_for_timeout(700)  # Charts and panels slide into their places.
        self.page.screenshot(path=SCREENS / f"{name}.png")

    def submit(self, deployment: str, picture: str = "") -> str:
        """Start a deployment from its form as it stands; the id of the run."""
        found = self.get(f"deployments/name/{deployment}")
        self.open(f"/deployments/deployment/{found['id']}/run")
        expect(self.page.get_by_text("Parameters", exact=True)).to_be_visible(timeout=SOON)
        if picture:
            self.picture(picture)
        known = {run["id"] for run in self.runs(found["id"])}
        self.page.get_by_role("button", name="Submit").click()
        self.until(lambda: {run["id"] for run in self.runs(found["id"])} - known, "no run came")
        return str(({run["id"] for run in self.runs(found["id"])} - known).pop())

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        wanted = {"deployments": {"id": {"any_": [deployment]}}}
        return list(self.place.ask("flow_runs/filter", wanted))

    def family(self, run: str) -> list[dict[str, Any]]:
        """A run and its stages."""
        wanted = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}}
        children = self.place.ask("flow_runs/filter", wanted)
        return [self.get(f"flow_runs/{run}"), *(one for one in children if one["id"] != run)]

    def told(self, step: str) -> bool:
        """Whether a step's log has come to the server."""
        wanted = {"logs": {"task_run_id": {"any_": [step]}}}
        return bool(self.place.ask("logs/filter", wanted))

    def get(self, path: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.place.api}/{path}", trust_env=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def until(self, happened: Callable[[], Any], what: str) -> Any:
        """What the question answers once it answers something."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := happened()):
            assert time.monotonic() < deadline, what
            time.sleep(0.3)
        return answer

    def end(self, run: str) -> dict[str, Any]:
        """The run, once it has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.get(f"flow_runs/{run}")
            return found if found["state_type"] in ENDED else None

        found: dict[str, Any] = self.until(ended, "the run did not end")
        return found

    def artifact(self, key: str) -> None:
        """Open the newest artifact of this key."""
        wanted = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
        (newest,) = self.place.ask("artifacts/filter", wanted)
        self.open(f"/artifacts/artifact/{newest['id']}")


@pytest.fixture(scope="module")
def person(worker: Place) -> Iterator[Person]:
    if not CHROMIUM.exists() and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(SOON)
        expect.set_options(timeout=SOON)
        yield Person(page, worker)
        browser.close()


@pytest.fixture(autouse=True)
def last_sight(person: Person, request: pytest.FixtureRequest) -> Iterator[None]:
    """What the browser showed when a test ended; when it failed, the first thing to look at."""
    yield
    person.picture(f"after-{request.node.name.removeprefix('test_')[:60]}")
