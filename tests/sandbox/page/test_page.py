"""The page on loopback, in a browser: it shows what is, as it comes, to its owner alone."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.sandbox.commands.conftest import CommandLine, client

CHROMIUM = Path("/usr/bin/chromium")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE = "<img src=x onerror=document.title='caught'>"
SOON = 30_000  # Milliseconds that a loaded machine may take to show a change.


class Sandbox:
    """A sandbox, asked as the deployer."""

    def __init__(self, line: CommandLine) -> None:
        self.line = line
        self.environment = line.environment()
        self.proxy = self.environment["HTTPS_PROXY"]
        self.group = f"/subscriptions/{self.environment['ARM_SUBSCRIPTION_ID']}/resourceGroups"
        login = "https://login.microsoftonline.com"
        form = {
            "grant_type": "client_credentials",
            "client_id": self.environment["ARM_CLIENT_ID"],
            "client_secret": self.environment["ARM_CLIENT_SECRET"],
            "scope": "https://management.azure.com/.default",
        }
        with client(self.environment) as http:
            tenant = self.environment["ARM_TENANT_ID"]
            token = http.post(f"{login}/{tenant}/oauth2/v2.0/token", data=form)
            self.headers = {"Authorization": f"Bearer {token.json()['access_token']}"}

    def put(self, path: str, body: dict[str, object] | None = None) -> None:
        with client(self.environment, headers=self.headers) as http:
            http.put(
                f"https://management.azure.com{self.group}/{path}",
                params={"api-version": "2025-01-01"},
                json={"location": "westeurope"} | (body or {}),
            ).raise_for_status()

    def refused(self, path: str) -> None:
        """A request for something that no subscription has."""
        with client(self.environment, headers=self.headers) as http:
            http.get(f"https://management.azure.com{path}?api-version=2025-01-01&sig=of-the-query")

    def address(self) -> str:
        return self.line("page").stdout.strip()


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    line = CommandLine(tmp_path_factory.mktemp("page"))
    started = line("up", "--port", "0", "--profile", "typical", "--scale", "1")
    assert started.returncode == 0, started.stderr
    assert re.search(r"Watch it on http://127\.0\.0\.1:\d+/enter\?key=", started.stderr)
    yield Sandbox(line)
    line("down")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        assert not os.environ.get("CI"), f"There is no {CHROMIUM}: .ci/run installs it."
        pytest.skip(f"There is no {CHROMIUM}.")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        yield found
        found.close()


@pytest.fixture
def page(sandbox: Sandbox, browser: Browser) -> Iterator[Page]:
    """The page, opened with a fresh key; nothing on it may fail or break its policy."""
    complaints: list[str] = []
    with browser.new_context() as context:
        shown = context.new_page()
        shown.set_default_timeout(SOON)
        expect.set_options(timeout=SOON)
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("console", lambda said: complaints.append(said.text))
        shown.goto(sandbox.address())
        shown.wait_for_url(f"{sandbox.proxy}/")
        expect(shown.locator("#link")).to_have_text("live")
        yield shown
        shown.goto("about:blank")
    assert complaints == []


def test_what_exists_is_shown(sandbox: Sandbox, page: Page) -> None:
    sandbox.put("shown")
    sandbox.put(
        "shown/providers/Microsoft.Network/virtualNetworks/shown-vnet",
        {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}},
    )

    page.reload()

    row = page.locator("#groups tr", has_text="shown-vnet")
    expect(row).to_contain_text("Network/virtualNetworks")
    expect(row.locator(".state")).to_have_text(re.compile("Creating|Succeeded"))
    expect(page.locator("#access summary")).to_contain_text("1 role assignment")
    expect(page.locator("#weather")).to_contain_text("Fair")
    expect(page.locator("header")).to_contain_text("typical pace")


def test_a_new_resource_appears_without_a_reload(sandbox: Sandbox, page: Page) -> None:
    page.evaluate("window.kept = true")

    sandbox.put("arrived")

    expect(page.locator("#groups summary", has_text="arrived")).to_be_visible()
    assert page.evaluate("window.kept")


def test_what_takes_time_is_counted_down(sandbox: Sandbox, page: Page) -> None:
    sandbox.put("slow")
    sandbox.put(
        "slow/providers/Microsoft.Storage/storageAccounts/countdown0",
        {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
    )

    time = page.locator("#groups tr", has_text="countdown0").first.locator("time.left")
    expect(time).to_have_text(re.compile(r"\d+ s"))
    before = time.text_content() or ""
    expect(time).not_to_have_text(before)


def test_a_closed_group_stays_closed_when_its_content_changes(sandbox: Sandbox, page: Page) -> None:
    sandbox.put("closing")
    group = page.locator("#groups details", has_text="closing")
    group.locator("summary").click()
    expect(group).not_to_have_attribute("open", "")

    sandbox.put("another")

    expect(page.locator("#groups summary", has_text="another")).to_be_visible()
    expect(group).not_to_have_attribute("open", "")


def test_requests_are_shown_and_filtered(sandbox: Sandbox, page: Page) -> None:
    sandbox.put("logged")
    sandbox.refused("/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/absent")
    lines = page.locator("#log tbody tr")
    expect(lines.filter(has_text="logged").first).to_contain_text("deployer")

    page.get_by_label("status").fill("4xx")
    page.get_by_label("path").fill("*absent*")
    page.get_by_role("button", name="Filter").click()

    expect(lines).to_have_count(1)
    expect(lines).to_contain_text("404")
    assert "of-the-query" not in page.content()
    page.get_by_role("link", name="All").click()
    expect(lines.filter(has_text="logged").first).to_be_visible()


def test_typing_into_a_filter_is_not_disturbed_by_news(sandbox: Sandbox, page: Page) -> None:
    page.get_by_label("path").fill("half a wo")

    sandbox.put("news")

    expect(page.locator("#log tbody tr", has_text="news").first).to_be_visible()
    expect(page.get_by_label("path")).to_have_value("half a wo")


def test_hostile_names_are_text(sandbox: Sandbox, page: Page) -> None:
    sandbox.refused(f"/subscriptions/{HOSTILE}")

    expect(page.locator("#log td.address", has_text="onerror").first).to_contain_text("<img src=x")
    assert page.locator("#log img").count() == 0
    assert page.title() == "Azure sandbox"


def test_it_fits_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})

    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_a_key_the_page_says_where_to_get_one(sandbox: Sandbox, browser: Browser) -> None:
    with browser.new_context() as context:
        stranger = context.new_page()
        answer = stranger.goto(f"{sandbox.proxy}/")

        assert answer
        assert answer.status == 403
        expect(stranger.locator("main")).to_contain_text("python -m sandbox page")


def test_a_key_opens_the_page_once(sandbox: Sandbox) -> None:
    address = sandbox.address()
    first, second = httpx.get(address), httpx.get(address)
    (cookie,) = first.headers.get_list("set-cookie")

    assert (first.status_code, second.status_code) == (200, 403)
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert httpx.get(sandbox.proxy, cookies=first.cookies).status_code == 200


@pytest.mark.parametrize("path", ["/", "/live", "/enter?key=guessed", "/enter", "/status"])
def test_without_a_key_nothing_is_told(sandbox: Sandbox, path: str) -> None:
    answer = httpx.get(sandbox.proxy + path)

    assert (answer.status_code, answer.text) == (403, "This is the proxy of an Azure sandbox.\n")


def test_a_name_of_the_internet_does_not_lead_here(sandbox: Sandbox) -> None:
    cookies = httpx.get(sandbox.address()).cookies

    rebound = {"Host": sandbox.proxy.removeprefix("http://").replace("127.0.0.1", "evil.example")}

    assert httpx.get(sandbox.proxy, cookies=cookies, headers=rebound).status_code == 403
    address = sandbox.address()
    assert httpx.get(address, headers=rebound).status_code == 403
    assert httpx.get(address).status_code == 200  # The key was not used up.


def test_the_cookie_changes_nothing(sandbox: Sandbox) -> None:
    cookies = httpx.get(sandbox.address()).cookies

    for method, path in (("POST", "/reset"), ("POST", "/stop"), ("POST", "/page"), ("POST", "/")):
        answer = httpx.request(method, sandbox.proxy + path, cookies=cookies)
        assert answer.status_code in (403, 405)
    assert sandbox.line("status").returncode == 0


def test_nothing_from_elsewhere_may_run_on_the_page(sandbox: Sandbox) -> None:
    answer = httpx.get(f"{sandbox.proxy}/page/page.js")
    policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
