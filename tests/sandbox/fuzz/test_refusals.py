"""What is wrong with the shape of a request is named, and nothing of it is stored."""

import json
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import VERSIONS, Azure, error_of
from tests.sandbox.fuzz.conftest import GROUP, OWN

WHERE = {"location": "westeurope"}
NET = "Microsoft.Network/virtualNetworks/net"
VAULT = "Microsoft.KeyVault/vaults/fuzz-kv"
ACCOUNT = "Microsoft.Storage/storageAccounts/fuzzstg"
RULES = "Microsoft.Network/networkSecurityGroups/nsg"
RULE = OWN[f"{GROUP}/providers/{RULES}"]["properties"]["securityRules"][0]["properties"]


def good(path: str) -> dict[str, Any]:
    return OWN[f"{GROUP}/providers/{path}"]


def refused(azure: Azure, path: str, content: str | dict[str, Any]) -> httpx.Response:
    return azure.http.request(
        "PUT",
        f"{azure.group}/providers/{path}",
        params=VERSIONS,
        headers=azure.bearer() | {"Content-Type": "application/json"},
        content=content if isinstance(content, str) else json.dumps(content),
    )


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (VAULT, good(VAULT) | {"properties": 3}),
        (VAULT, good(VAULT) | {"properties": []}),
        (VAULT, good(VAULT) | {"location": ["westeurope"]}),
        (VAULT, good(VAULT) | {"tags": {"a": {"b": "c"}}}),
        (ACCOUNT, good(ACCOUNT) | {"sku": []}),
        (NET, WHERE | {"properties": {"addressSpace": {"addressPrefixes": 3}}}),
        (NET, "[]"),
        (NET, '{"location": "westeurope", "properties": {"a": NaN}}'),
        (NET, '{"location": "westeurope", "properties": {"a": 1e999}}'),
        (NET, '{"location": "westeurope", "properties": {"a": "\\ud800"}}'),
        (NET, '{"location": "westeurope", "properties": {"a": ' + "[" * 100 + "]" * 100 + "}}"),
    ],
)
def test_a_request_of_the_wrong_shape_is_invalid_content(
    azure: Azure, path: str, body: str | dict[str, Any]
) -> None:
    assert error_of(refused(azure, path, body)) == (400, "InvalidRequestContent")


def test_what_is_missing_inside_is_named_and_nothing_is_made(azure: Azure) -> None:
    subnet = {"properties": {"addressPrefix": "10.1.0.0/24"}}
    body = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}

    answer = refused(azure, NET, WHERE | {"properties": body})

    assert error_of(answer) == (400, "InvalidRequestContent")
    assert "Required property 'name' not found" in answer.json()["error"]["message"]
    assert azure.arm("GET", NET).status_code == 404


def test_a_part_that_is_refused_leaves_the_whole_as_it_was(azure: Azure) -> None:
    path = RULES
    azure.arm("PUT", path, good(path))
    wrong = [{"name": "allow", "properties": RULE | {"priority": 1}}]

    answer = azure.arm("PUT", path, WHERE | {"properties": {"securityRules": wrong}})

    rules = azure.arm("GET", path).json()["properties"]["securityRules"]
    assert error_of(answer) == (400, "SecurityRuleInvalidPriority")
    assert [rule["name"] for rule in rules] == ["deny"]


@pytest.mark.parametrize("wrong", ["junk", 7, ["/subscriptions/x"]])
def test_a_link_is_a_whole_resource_id(azure: Azure, wrong: Any) -> None:
    azure.arm("PUT", NET, good(NET))
    properties = {"addressPrefix": "10.1.9.0/24", "networkSecurityGroup": {"id": wrong}}

    answer = refused(azure, f"{NET}/subnets/own", {"properties": properties})

    assert error_of(answer) == (400, "LinkedInvalidPropertyId")
    assert "'properties.networkSecurityGroup.id'" in answer.json()["error"]["message"]
