"""
A client that is as strict as the Go SDK under azurerm, and plays what azurerm was seen to ask.

`azurerm-5.2.0.json` holds the measured requests (scripts/wire_data.py), `bodies.yaml` what is sent.
"""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

HERE = Path(__file__).parent
MEASURED = json.loads((HERE / "azurerm-5.2.0.json").read_text())
VAULT = "kv-lab-supabase"
SKIP_DELAY = "X-Go-Azure-Sdk-Skip-Polling-Delay"
PATIENCE = 400  # Looks at one operation.
WAIT = 60.0  # Seconds that the SDK lets pass where Azure does not say how many.
LATE = ("operationStatuses/{id}", "operationResults/{id}")  # Asked by the poller, not by the play.
Json = dict[str, Any]


def entries() -> list[Json]:
    text = (HERE / "bodies.yaml").read_text().replace("~", "providers/Microsoft.")
    return list(yaml.safe_load(text))


def pattern(path: str) -> re.Pattern[str]:
    """A row of the table: a name holds anything but a slash; what extends a scope, any scope."""
    scope, rest = ("(?:/.+)?", path.removeprefix("/%s")) if path.startswith("/%s/") else ("", path)
    return re.compile(scope + "[^/]+".join(map(re.escape, rest.split("%s"))))


TABLE = [(pattern(one["path"]), one) for one in MEASURED["operations"]]


def pick(body: Any, path: str) -> Any:
    """What is at `a.0.b`, or None."""
    for part in path.split("."):
        if isinstance(body, list):
            body = body[int(part)] if int(part) < len(body) else None
        else:
            body = body.get(part) if isinstance(body, dict) else None
    return body


class Sdk:
    """Sends a path as the notes write it, and refuses every answer that the SDK refuses."""

    def __init__(self, azure: Any) -> None:
        self.azure = azure
        self.names = {
            "{sub}": f"/subscriptions/{azure.identity.subscription}",
            "{rg}": "resourceGroups/wire",
            "{tenant}": azure.identity.tenant,
        }
        self.seen: set[tuple[str, str]] = set()
        self.last: Json = {}

    # --- Paths ---------------------------------------------------------------------------------

    def fill(self, text: str) -> str:
        for mark, value in self.names.items():
            text = text.replace(mark, value)
        return text

    def guid(self, path: str, kind: str) -> str:
        """The name behind `{guid}`: of this administrator, assignment, role or interface."""
        if "/administrators/" in path:
            return str(self.azure.identity.object)
        if "/networkInterfaces/" in path:
            return str(self.names["{card}"])
        if "/roleDefinitions/" in path and kind != "azurerm_role_definition":
            return str(self.names["{role}"])
        return str(uuid.uuid5(uuid.NAMESPACE_URL, path))

    def operation(self, path: str, api: str) -> Json:
        """The row of the table for a path and version."""
        bare = path.partition("?")[0]
        full = bare if bare.startswith("/") else f"/{bare}"  # `{sub}` is a scope, too.
        rows = [one for wanted, one in TABLE if wanted.fullmatch(bare) or wanted.fullmatch(full)]
        same = [one for one in rows if one["api"] == api] or rows
        assert same, f"no row for {path}"
        return dict(same[-1])

    # --- Requests ------------------------------------------------------------------------------

    def ask(self, verb: str, path: str, api: str, body: Any = None, kind: str = "") -> Any:
        """One request to ARM; any status that the SDK does not know is an error, apart from 404."""
        row = self.operation(path, api)
        known = row["verbs"].get(verb, {"accepts": [200], "polled": False})
        self.seen.add((row["path"], verb))
        target = self.fill(path)
        if "{guid}" in target:
            target = target.replace("{guid}", self.guid(target, kind))
        answer = self.send(verb, target, api, body)
        told = f"{verb} {target} [{api}] => {answer.status_code} {answer.text[:300]}"
        missing = answer.status_code == 404 and verb in ("GET", "DELETE")
        assert answer.status_code in known["accepts"] or missing, told
        if verb == "DELETE" and known["polled"]:
            self.wait_for_end(target, api, answer)
        elif known["polled"] and not missing:
            assert answer.headers.get(SKIP_DELAY) == "true", told
            self.follow(target, api, answer)
        if "/networkInterfaces/" not in path and answer.status_code == 200:
            self.remember(path, answer)
        return answer

    def send(self, verb: str, target: str, api: str, body: Any = None) -> httpx.Response:
        url, _, query = target.partition("?")
        asked = dict(part.split("=", 1) for part in query.split("&") if part)
        answer: httpx.Response = self.azure.http.request(
            verb,
            url,
            params={"api-version": api, **asked},
            json=body,
            headers=self.azure.bearer(),
        )
        if answer.content:
            assert "json" in answer.headers["content-type"], f"{verb} {url} is no JSON"
        return answer

    def remember(self, path: str, answer: httpx.Response) -> None:
        """Names that Azure chose, for the requests that follow."""
        body = answer.json() if answer.content else {}
        if path.startswith("{") and not path.endswith(("/resources", "roleDefinitions")):
            self.last = body
        cards = pick(body, "properties.networkInterfaces") or []
        if cards:
            self.names["{card}"] = cards[0]["id"].rpartition("nic.")[2]
        if "roleDefinitions?$filter" in path:
            assert len(body["value"]) == 1, "the provider wants exactly one role of a name"
            self.names["{role}"] = body["value"][0]["name"]
        if "/userAssignedIdentities/" in path and "principalId" in body.get("properties", {}):
            self.names[f"{{principal:{body['name']}}}"] = body["properties"]["principalId"]

    # --- Pollers -------------------------------------------------------------------------------

    def pause(self, answer: httpx.Response) -> None:
        self.azure.pass_time(float(answer.headers.get("Retry-After", WAIT)))

    def follow(self, target: str, api: str, answer: httpx.Response) -> None:
        """Wait as the SDK does: by the operation's address, or by the resource's own state."""
        address = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
        assert address or answer.status_code != 202, f"no applicable pollers for {target}"
        for _ in range(PATIENCE):
            if address:
                found = self.azure.http.request("GET", address, headers=self.azure.bearer())
                assert found.status_code in (200, 202, 404), f"{address}: {found.text}"
            else:
                found = self.send("GET", target, api)
                assert found.status_code == 200, f"{target}: {found.text}"
            body = found.json() if found.content else {}
            state = body.get("status") or pick(body, "properties.provisioningState")
            assert state not in ("Failed", "Canceled"), found.text
            if found.status_code == 200 and state in (None, "Succeeded"):
                return
            self.pause(found)
        raise AssertionError(f"{target} is never ready")

    def wait_for_end(self, target: str, api: str, begun: httpx.Response) -> None:
        """The SDK ignores the addresses of a deletion: it asks until the resource is gone."""
        for _ in range(PATIENCE):
            if self.send("GET", target, api).status_code == 404:
                return
            self.pause(begun)
        raise AssertionError(f"{target} never ends")

    # --- Key Vault -----------------------------------------------------------------------------

    def vault(self, verb: str, path: str, *, bare: bool, body: Any = None) -> httpx.Response:
        """One request to the data plane; `bare` ones ask who they should be."""
        url = path.replace("{vault}.vault.SUFFIX", f"{VAULT}.vault.azure.net")
        headers = {} if bare else self.azure.bearer("https://vault.azure.net")
        answer: httpx.Response = self.azure.http.request(
            verb, url, params={"api-version": "7.4"}, json=None if bare else body, headers=headers
        )
        if bare:
            challenge = answer.headers["WWW-Authenticate"]
            assert "authorization=" in challenge, challenge
            assert 'resource="https://vault.azure.net"' in challenge, challenge
        return answer

    def open_vault(self) -> None:
        """Let the deployer into the vault, and wait until the vault knows."""
        scope = self.fill(f"{{sub}}/{{rg}}/providers/Microsoft.KeyVault/vaults/{VAULT}")
        self.azure.grant("Key Vault Administrator", self.azure.identity.object, scope)
        self.azure.pass_time(1000)


@pytest.fixture(params=["azure", "slow_azure"], ids=["at once", "at Azure's pace"])
def sdk(request: pytest.FixtureRequest) -> Sdk:
    """A client of a cloud that answers at once, and of one that takes its time."""
    return Sdk(request.getfixturevalue(request.param))


@pytest.fixture
def quick(request: pytest.FixtureRequest) -> Sdk:
    return Sdk(request.getfixturevalue("azure"))


@pytest.fixture
def measured() -> Json:
    return dict(MEASURED)


@pytest.fixture(name="entries")
def bodies() -> list[Json]:
    return entries()
