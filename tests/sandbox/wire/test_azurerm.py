"""What azurerm 5.2.0 was seen to ask, played against the sandbox by its SDK's rules."""

import base64
import copy
import json
from typing import Any

import pytest

Json = dict[str, Any]
PATCHED = {
    "azurerm_key_vault",
    "azurerm_postgresql_flexible_server",
    "azurerm_resource_group",
    "azurerm_storage_account",
}
LINKS = {
    "azurerm_subnet_network_security_group_association": (
        "networkSecurityGroup",
        "networkSecurityGroups/nsg-lab",
    ),
    "azurerm_subnet_route_table_association": ("routeTable", "routeTables/rt-lab"),
    "azurerm_subnet_nat_gateway_association": ("natGateway", "natGateways/nat-lab"),
    "azurerm_nat_gateway_public_ip_association": (
        "publicIpAddresses",
        "publicIPAddresses/pip-nat",
    ),
}


class Play:
    """The measured sequences in their order, then their ends in the opposite one."""

    def __init__(self, sdk: Any, measured: Json, entries: list[Json]) -> None:
        self.sdk = sdk
        self.sequences = measured["sequences"]
        self.bodies = {one["path"]: one for one in entries}
        self.singles = [one for one in entries if one.get("one")]
        self.after: dict[str, list[Json]] = {}
        for one in entries:
            if one.get("after"):
                self.after.setdefault(one["after"], []).append(one)
        self.opened = False

    # --- Creation --------------------------------------------------------------------------------

    def create(self) -> None:
        for one in self.sequences:
            if one["kind"] == "data":
                self.play(one["create"], f"data.{one['type']}")
                continue
            self.play(one["create"], one["type"])
            if one["type"] not in LINKS:
                self.write_back(one)
            for extra in self.after.get(one["type"], []):
                self.sdk.ask("PUT", extra["path"], self.version(extra["path"]), self.body(extra))
        for single in self.singles:
            self.live(single)

    def play(self, requests: list[Json], kind: str) -> None:
        for one in requests:
            if "{id}" in one["path"]:
                continue  # The poller has asked this.
            for _ in range(min(one.get("times", 1), 3)):
                self.request(one, kind)

    def request(self, one: Json, kind: str) -> None:
        verb, path = one["verb"], one["path"]
        if path.startswith("https://"):
            self.ask_vault(one)
            return
        answer = self.sdk.ask(verb, path, one["api"], self.content(verb, path, kind), kind)
        if verb == "GET":
            assert answer.status_code == one["status"], f"{verb} {path}: {answer.text[:300]}"

    def ask_vault(self, one: Json) -> None:
        if not self.opened:
            self.sdk.open_vault()
            self.opened = True
        body = self.bodies.get(one["path"], {}).get("body")
        bare = bool(one.get("bare"))
        answer = self.sdk.vault(one["verb"], one["path"], bare=bare, body=body)
        told = f"{one['verb']} {one['path']}: {answer.status_code} {answer.text[:300]}"
        assert answer.status_code == one["status"], told
        if one["verb"] == "DELETE":
            self.sdk.azure.pass_time(60)  # A deleted secret shows itself a moment later.

    def content(self, verb: str, path: str, kind: str) -> Any:
        """What a PUT or PATCH carries."""
        if verb not in ("PUT", "PATCH"):
            return None
        if kind in LINKS:
            return self.linked(kind)
        found = self.bodies[path]
        return found["patch"] if verb == "PATCH" and "patch" in found else self.body(found)

    def linked(self, kind: str) -> Json:
        """The model that was read last, with the reference; without it when it was there."""
        body: Json = copy.deepcopy(self.sdk.last)
        word, target = LINKS[kind]
        reference = {"id": self.sdk.fill(f"{{sub}}/{{rg}}/providers/Microsoft.Network/{target}")}
        if body["properties"].pop(word, None):
            return body
        body["properties"][word] = [reference] if word.startswith("public") else reference
        return body

    def body(self, entry: Json) -> Any:
        return json.loads(self.sdk.fill(json.dumps(entry["body"])))

    def version(self, path: str) -> str:
        return str(self.sdk.operation(path, "")["api"])

    # --- What every type must stand ------------------------------------------------------------

    def write_back(self, sequence: Json) -> None:
        """Updates of the provider send the whole model back, read-only fields and all."""
        main = next((one for one in sequence["create"] if one["verb"] in ("PUT", "PATCH")), None)
        if main is None or main["path"].startswith("https://"):
            return
        entry = self.bodies[main["path"]]
        read = self.sdk.ask("GET", main["path"], main["api"], None, sequence["type"])
        self.check_needs(entry, read.json())
        self.act(entry)
        if sequence["type"] in PATCHED or main["verb"] == "PATCH":
            again = entry.get("patch", {"tags": {}})
            verb = "PATCH"
        else:
            again, verb = read.json(), "PUT"
        self.sdk.ask(verb, main["path"], main["api"], again, sequence["type"])

    def check_needs(self, entry: Json, read: Json) -> None:
        for path in entry.get("needs", []):
            found: Any = read
            for part in path.split("."):
                found = found[int(part)] if isinstance(found, list) else (found or {}).get(part)
            assert found is not None, f"{entry['path']} does not tell {path}"

    def live(self, entry: Json) -> None:
        """One life of a type: not there, made, read, asked, written back."""
        path, api = entry["path"], self.version(entry["path"])
        self.expect("GET", path, api, 404)
        self.sdk.ask("PUT", path, api, self.body(entry))
        read = self.expect("GET", path, api, 200)
        self.check_needs(entry, read.json())
        for word in entry.get("reads", []):
            self.expect("GET", f"{path}/{word}", self.version(f"{path}/{word}"), 200)
        self.act(entry)
        if "patch" in entry:
            self.sdk.ask("PATCH", path, api, entry["patch"])
        else:
            self.sdk.ask("PUT", path, api, read.json())

    def act(self, entry: Json) -> None:
        for action in entry.get("actions", []):
            path = f"{entry['path']}/{action}"
            self.sdk.ask("POST", path, self.version(path))

    def expect(self, verb: str, path: str, api: str, status: int) -> Any:
        answer = self.sdk.ask(verb, path, api)
        assert answer.status_code == status, f"{verb} {path}: {answer.text[:300]}"
        return answer

    # --- The end -----------------------------------------------------------------------------

    def destroy(self) -> None:
        for single in reversed(self.singles):
            if not single.get("stays"):
                self.end(single)
        for one in reversed(self.sequences):
            if one["kind"] == "data":
                continue
            for extra in reversed(self.after.get(one["type"], [])):
                self.end(extra)
            self.play(one["destroy"], one["type"])

    def end(self, entry: Json) -> None:
        path, api = entry["path"], self.version(entry["path"])
        self.sdk.ask("DELETE", path, api)
        self.expect("GET", path, api, 404)


def test_every_measured_request_is_answered_as_the_provider_accepts_it(
    sdk: Any, measured: Json, entries: list[Json]
) -> None:
    play = Play(sdk, measured, entries)

    sdk.ask("GET", "{sub}/providers", "2022-09-01")
    play.create()
    play.destroy()

    table = {(one["path"], verb) for one in measured["operations"] for verb in one["verbs"]}
    assert table - sdk.seen == set()


def test_the_cloud_describes_itself_as_the_provider_wants(quick: Any) -> None:
    url = "https://management.azure.com/metadata/endpoints"
    told = quick.azure.http.get(url, params={"api-version": "2022-09-01"}).json()

    assert told["name"] != "AzureStackCloud"
    assert told["authentication"]["identityProvider"] == "AAD"
    assert told["authentication"]["tenant"] == "common"
    assert told["authentication"]["loginEndpoint"].startswith("https://")
    assert told["resourceManager"].startswith("https://")
    assert told["microsoftGraphResourceId"].startswith("https://")
    assert {"keyVaultDns", "storage"} <= set(told["suffixes"])


@pytest.mark.parametrize(
    "audience",
    ["https://graph.microsoft.com", "https://management.azure.com", "https://vault.azure.net"],
)
def test_a_token_tells_who_the_provider_is(quick: Any, audience: str) -> None:
    answer = quick.azure.token(audience).json()
    middle = answer["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))

    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] > 0
    assert claims["oid"] == quick.azure.identity.object
    assert claims["tid"] == quick.azure.identity.tenant
    assert claims["appid"] == quick.azure.identity.client
    assert "openid" not in claims.get("scp", "")


def test_the_providers_that_azurerm_registers_are_registered(quick: Any) -> None:
    answer = quick.ask("GET", "{sub}/providers", "2022-09-01")

    states = {one["namespace"]: one["registrationState"] for one in answer.json()["value"]}
    assert set(states.values()) == {"Registered"}
    assert {"Microsoft.Network", "Microsoft.KeyVault", "Microsoft.Storage"} <= set(states)
