"""What Blob Storage refuses, in its own words and shape."""

import base64
import ssl
import uuid
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient

from tests.sandbox.blob.conftest import Account, Lab, code, new_subnet


def ask(account: Account, path: str = "/?comp=list", **headers: str) -> httpx.Response:
    """A request without the help of a client; underscores in header names are hyphens."""
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(account.url + path, headers=found)


def parsed(answer: httpx.Response) -> ET.Element:
    return ET.fromstring(answer.content)  # noqa: S314  # Written by our own sandbox.


def refusal_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code."""
    return answer.status_code, answer.headers.get("x-ms-error-code", "")


def now() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)


def test_a_refusal_is_xml_with_its_code_in_a_header_too(account: Account) -> None:
    answer = ask(account, Authorization=f"SharedKey {account.name}:AAAA", x_ms_date=now())

    found = parsed(answer)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert answer.headers["x-ms-error-code"] == found.findtext("Code") == "AuthenticationFailed"
    assert "is not the same as any computed signature" in str(
        found.findtext("AuthenticationErrorDetail")
    )
    assert answer.headers["x-ms-request-id"] in str(found.findtext("Message"))


def test_an_old_request_cannot_be_played_again(account: Account) -> None:
    date = "Mon, 02 Jan 2023 10:00:00 GMT"

    answer = ask(account, Authorization=f"SharedKey {account.name}:AAAA", x_ms_date=date)

    assert "Request date header too old" in answer.text


def test_keys_can_be_switched_off(account: Account) -> None:
    client = account.client()
    account.change(allowSharedKeyAccess=False)

    with pytest.raises(HttpResponseError) as refusal:
        list(client.list_containers())

    assert code(refusal) == (403, "KeyBasedAuthenticationNotPermitted")


def test_a_stranger_is_told_that_nothing_is_public(account: Account) -> None:
    old = ask(account, "/c/blob")
    new = ask(account, "/c/blob", x_ms_version="2025-01-05")

    assert refusal_of(old) == (409, "PublicAccessNotPermitted")
    assert refusal_of(new) == (401, "NoAuthenticationInformation")
    assert "resource_id=https://storage.azure.com" in new.headers["www-authenticate"]


def test_a_public_container_is_open_to_reading_alone(lab: Lab) -> None:
    account = lab.new_account(allowBlobPublicAccess=True)
    client = account.client()
    client.create_container("open", public_access="blob").upload_blob("page", b"hello")
    client.create_container("closed").upload_blob("page", b"hello")

    assert ask(account, "/open/page").content == b"hello"
    for path in ("/closed/page", "/open/none", "/open?restype=container&comp=list", "/?comp=list"):
        refusal = ask(account, path)
        assert refusal_of(refusal) == (
            404,
            "ResourceNotFound",
        )
    assert httpx.put(f"{account.url}/open/page", content=b"bye").status_code == HTTPStatus.NOT_FOUND


def test_an_account_without_public_access_has_no_public_container(account: Account) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        account.client().create_container("open", public_access="blob")

    assert code(refusal) == (409, "PublicAccessNotPermitted")


@pytest.mark.parametrize(
    "rules",
    [
        {"publicNetworkAccess": "Disabled"},
        {"networkAcls": {"defaultAction": "Deny"}},
        {
            "publicNetworkAccess": "Disabled",
            "networkAcls": {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]},
        },
    ],
)
def test_the_firewall_keeps_the_internet_out(lab: Lab, rules: dict[str, Any]) -> None:
    account = lab.new_account(**rules)

    with pytest.raises(HttpResponseError) as refusal:
        list(account.client().list_containers())

    assert code(refusal) == (403, "AuthorizationFailure")


def test_a_listed_address_passes_the_firewall(lab: Lab) -> None:
    rules = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}

    account = lab.new_account(networkAcls=rules)

    assert list(account.client().list_containers()) == []


def test_a_firewall_lets_a_network_in_that_it_names_or_that_has_an_endpoint(
    lab: Lab, inside: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    subnet = new_subnet(lab)
    rules = {"defaultAction": "Deny", "virtualNetworkRules": [{"id": subnet}]}
    named, hidden = (
        lab.new_account(networkAcls=rules),
        lab.new_account(publicNetworkAccess="Disabled"),
    )
    keys = named.keys()["key1"], hidden.keys()["key1"]
    for name, value in inside.items():
        monkeypatch.setenv(name, value)

    assert list(named.client(keys[0]).list_containers()) == []
    with pytest.raises(HttpResponseError) as early:
        list(hidden.client(keys[1]).list_containers())
    new_endpoint(lab, subnet, hidden)

    assert code(early) == (403, "AuthorizationFailure")
    assert list(hidden.client(keys[1]).list_containers()) == []


def new_endpoint(lab: Lab, subnet: str, account: Account) -> None:
    """A private endpoint for blobs, with its name where the subnet's network looks."""
    link = {"privateLinkServiceId": account.id, "groupIds": ["blob"]}
    properties = {
        "subnet": {"id": subnet},
        "privateLinkServiceConnections": [{"name": "blob", "properties": link}],
    }
    base = f"{lab.group}/providers/Microsoft.Network"
    path, zone = (
        f"{base}/privateEndpoints/{account.name}",
        f"{base}/privateDnsZones/privatelink.blob.core.windows.net",
    )
    network = {"id": subnet.rpartition("/subnets/")[0]}
    named = {"name": "blob", "properties": {"privateDnsZoneId": zone}}
    for at, body in (
        (path, {"location": "westeurope", "properties": properties}),
        (zone, {"location": "global"}),
        (
            f"{zone}/virtualNetworkLinks/lab",
            {"location": "global", "properties": {"virtualNetwork": network}},
        ),
        (
            f"{path}/privateDnsZoneGroups/default",
            {"properties": {"privateDnsZoneConfigs": [named]}},
        ),
    ):
        made = lab.arm("PUT", at, body)
        assert made.is_success, made.text


def test_a_token_must_be_for_storage(lab: Lab, account: Account) -> None:
    token = lab.credential.get_token("https://vault.azure.net/.default").token

    answer = ask(account, Authorization=f"Bearer {token}")

    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.headers["x-ms-error-code"] == "InvalidAuthenticationInfo"
    assert "Audience validation failed" in answer.text


def test_plain_http_is_refused_unless_the_account_allows_it(lab: Lab, account: Account) -> None:
    careless = lab.new_account(supportsHttpsTrafficOnly=False)
    plain = BlobServiceClient(
        careless.url.replace("https", "http"), careless.keys()["key1"], retry_total=0
    )

    answer = httpx.get(account.url.replace("https", "http") + "/?comp=list")

    assert refusal_of(answer) == (400, "AccountRequiresHttps")
    assert list(plain.list_containers()) == []


def test_an_account_may_ask_for_a_newer_tls(lab: Lab) -> None:
    account = lab.new_account(minimumTlsVersion="TLS1_3")
    context = ssl.create_default_context(cafile=lab.environment["SSL_CERT_FILE"])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=context) as old:
        answer = old.get(f"{account.url}/?comp=list")

    assert refusal_of(answer) == (
        400,
        "TlsVersionNotPermitted",
    )
    assert list(account.client().list_containers()) == []


@pytest.mark.usefixtures("lab")
def test_an_account_that_does_not_exist_has_no_address() -> None:
    with pytest.raises(httpx.ProxyError, match="does not exist"):
        httpx.get(f"https://nobody{uuid.uuid4().hex[:8]}.blob.core.windows.net/")


@pytest.mark.parametrize("part", ["queue", "table", "file", "dfs"])
def test_the_other_services_say_that_they_are_not_there(account: Account, part: str) -> None:
    answer = httpx.get(account.url.replace("blob", part, 2).replace(part, "blob", 1))

    assert answer.status_code == HTTPStatus.NOT_IMPLEMENTED
    assert parsed(answer).findtext("Code") == "SandboxUnsupported"


@pytest.mark.parametrize(
    ("verb", "path", "expected"),
    [
        ("GET", "/?comp=nonsense", (400, "InvalidQueryParameterValue")),
        ("GET", "/c/%ZZ", (400, "InvalidUri")),
        ("GET", "/c/%FF", (400, "")),  # What is no text does not come as far as Storage.
        (
            "GET",
            "/c?restype=container&comp=list&prefix=%00",
            (400, "InvalidQueryParameterValue"),
        ),
        ("POST", "/c/b", (405, "UnsupportedHttpVerb")),
        ("PATCH", "/c/b", (405, "UnsupportedHttpVerb")),
    ],
)
def test_what_storage_does_not_know_is_refused(
    lab: Lab, account: Account, verb: str, path: str, expected: tuple[int, str]
) -> None:
    token = lab.credential.get_token("https://storage.azure.com/.default").token

    answer = httpx.request(verb, account.url + path, headers={"Authorization": f"Bearer {token}"})

    assert refusal_of(answer) == expected


@pytest.mark.parametrize("rules", [{"ipRules": [{"value": "abc"}]}, {"ipRules": [{}]}, "x"])
def test_a_firewall_that_cannot_be_read_is_refused(account: Account, rules: Any) -> None:
    answer = account.lab.arm("PATCH", account.id, {"properties": {"networkAcls": rules}})

    assert answer.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("proof", ["no-colon", f"x:{base64.b64encode(b'x').decode()}", "ü:ü"])
def test_a_proof_that_is_nonsense_is_refused_like_a_wrong_one(account: Account, proof: str) -> None:
    headers = {b"Authorization": f"SharedKey {proof}".encode(), b"x-ms-date": now().encode()}

    answer = httpx.get(f"{account.url}/?comp=list", headers=headers)

    assert answer.status_code == HTTPStatus.FORBIDDEN
