"""A registry: its resource, its tokens, and what is pushed and pulled."""

import base64
from typing import Any

import pytest

from tests.sandbox.container_registry.conftest import BODY, DELETE, HOST, PULL, REGISTRY, Cloud

NOBODY = "00000000-0000-0000-0000-000000000000"


def test_a_registry_knows_its_address_and_its_tier(cloud: Cloud) -> None:
    shown = cloud("GET", REGISTRY).json()

    assert shown["properties"]["loginServer"] == "labacr.azurecr.io"
    assert shown["sku"] == {"name": "Standard", "tier": "Standard"}
    assert cloud("GET", f"{REGISTRY}/replications").json() == {"value": []}


def test_the_administrators_passwords_show_only_when_asked_and_allowed(cloud: Cloud) -> None:
    refused = cloud("POST", f"{REGISTRY}/listCredentials")
    cloud("PATCH", REGISTRY, json={"properties": {"adminUserEnabled": True}})

    given = cloud("POST", f"{REGISTRY}/listCredentials").json()

    assert refused.status_code == 400
    assert given["passwords"][0]["value"] not in cloud("GET", REGISTRY).text


def test_without_a_token_the_answer_says_where_to_get_one(cloud: Cloud) -> None:
    answer = cloud("GET", f"{HOST}/v2/")

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge == f'Bearer realm="{HOST}/oauth2/token",service="labacr.azurecr.io"'


def test_what_was_pushed_is_pulled_byte_for_byte(cloud: Cloud) -> None:
    headers = cloud.signed_in()

    pushed = cloud.push(headers)

    manifest = cloud("GET", f"{HOST}/v2/charts/demo/manifests/1.0.0", headers=headers)
    name = manifest.json()["layers"][0]["digest"]
    blob = cloud("GET", f"{HOST}/v2/charts/demo/blobs/{name}", headers=headers)
    tags = cloud("GET", f"{HOST}/v2/charts/demo/tags/list", headers=headers)
    assert pushed.status_code == 201
    assert pushed.headers["Docker-Content-Digest"] == manifest.headers["Docker-Content-Digest"]
    assert blob.content == b"a chart"
    assert tags.json() == {"name": "charts/demo", "tags": ["1.0.0"]}


def test_a_blob_that_does_not_match_its_digest_is_refused(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    started = cloud("POST", f"{HOST}/v2/charts/demo/blobs/uploads/", headers=headers)

    answer = cloud(
        "PUT",
        HOST + started.headers["Location"],
        params={"digest": "sha256:" + "0" * 64},
        content=b"other",
        headers=headers,
    )

    assert answer.json()["errors"][0]["code"] == "DIGEST_INVALID"


def test_a_manifest_needs_its_blobs(cloud: Cloud) -> None:
    part = {"mediaType": "x", "digest": "sha256:" + "0" * 64, "size": 1}

    answer = cloud(
        "PUT",
        f"{HOST}/v2/charts/demo/manifests/1.0.0",
        json={"schemaVersion": 2, "config": part, "layers": []},
        headers=cloud.signed_in(),
    )

    assert answer.json()["errors"][0]["code"] == "MANIFEST_BLOB_UNKNOWN"


def test_pushing_needs_the_role_for_it(cloud: Cloud) -> None:
    cloud.access.rights = {PULL}

    answer = cloud("POST", f"{HOST}/v2/a/blobs/uploads/", headers=cloud.signed_in())

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED")
    assert "AcrPush" in answer.json()["errors"][0]["message"]


def test_a_refresh_token_works_as_a_password_until_it_ends(cloud: Cloud) -> None:
    form = {"grant_type": "access_token", "access_token": "good"}
    refresh = cloud("POST", f"{HOST}/oauth2/exchange", data=form).json()["refresh_token"]
    basic = base64.b64encode(f"{NOBODY}:{refresh}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}

    before = cloud("GET", f"{HOST}/oauth2/token", headers=headers)
    cloud.time += 3 * 3600 + 1
    after = cloud("GET", f"{HOST}/oauth2/token", headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)


def test_a_deleted_registry_takes_its_charts_along(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    cloud.push(headers)

    cloud("DELETE", REGISTRY)
    gone = cloud("GET", f"{HOST}/v2/charts/demo/tags/list", headers=headers)
    cloud("PUT", REGISTRY, json=BODY)
    again = cloud("GET", f"{HOST}/v2/charts/demo/tags/list", headers=cloud.signed_in())

    assert gone.status_code == 404
    assert again.json()["errors"][0]["code"] == "NAME_UNKNOWN"


def test_looking_makes_no_repository(cloud: Cloud) -> None:
    headers = cloud.signed_in()

    answers = {
        path: cloud("GET", f"{HOST}/v2/{path}", headers=headers).json()["errors"][0]["code"]
        for path in ("none/manifests/1", "none/tags/list", "a%20b/manifests/1", "none/blobs/1")
    }

    assert answers == {
        "none/manifests/1": "MANIFEST_UNKNOWN",
        "none/tags/list": "NAME_UNKNOWN",
        "a%20b/manifests/1": "NAME_INVALID",
        "none/blobs/1": "BLOB_UNKNOWN",
    }
    assert list(cloud.registries.dump()) == [""]


def test_what_was_pushed_is_there_after_a_restart(cloud: Cloud) -> None:
    cloud.push(cloud.signed_in())
    kept = cloud.registries.dump()

    again = Cloud()
    again.registries.load(dict(kept))

    assert again.registries.dump() == kept


def test_an_upload_that_nobody_goes_on_with_is_given_up(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    address = f"{HOST}/v2/charts/demo/blobs/uploads/"
    left, used = (
        HOST + cloud("POST", address, headers=headers).headers["Location"] for _ in range(2)
    )
    for _ in range(2):
        cloud.time += 2000
        headers = cloud.signed_in()
        cloud("PATCH", used, content=b"part", headers=headers)
    cloud("POST", address, headers=headers)

    late = cloud("PATCH", left, content=b"part", headers=headers)
    steady = cloud("PATCH", used, content=b"part", headers=headers)

    assert late.json()["errors"][0]["code"] == "BLOB_UPLOAD_UNKNOWN"
    assert steady.status_code == 202


@pytest.mark.parametrize(
    ("reference", "content", "code"),
    [
        ("a%20b", b"{}", "TAG_INVALID"),
        ("1", b"[]", "MANIFEST_BLOB_UNKNOWN"),
        ("1", b'{"config": {"size": "big"}}', "MANIFEST_BLOB_UNKNOWN"),
        ("1", b'{"config": 1, "layers": "x"}', "MANIFEST_BLOB_UNKNOWN"),
    ],
)
def test_what_could_not_be_shown_later_is_not_published(
    cloud: Cloud, reference: str, content: bytes, code: str
) -> None:
    address = f"{HOST}/v2/charts/demo/manifests/{reference}"

    answer = cloud("PUT", address, content=content, headers=cloud.signed_in())

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_a_form_that_is_no_text_gets_no_token(cloud: Cloud) -> None:
    for path in ("exchange", "token"):
        answer = cloud("POST", f"{HOST}/oauth2/{path}", content=b"refresh_token=\xff\xfe")

        assert answer.status_code == 401


def test_a_registry_tells_what_it_holds_page_by_page(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    cloud.push(headers)

    names = cloud("GET", f"{HOST}/v2/_catalog", headers=headers).json()
    shown = cloud("GET", f"{HOST}/acr/v1/charts/demo", headers=headers).json()
    tags = cloud("GET", f"{HOST}/acr/v1/charts/demo/_tags", headers=headers).json()["tags"]
    held = cloud("GET", f"{HOST}/acr/v1/charts/demo/_manifests", headers=headers).json()

    assert names == {"repositories": ["charts/demo"]}
    assert (shown["imageName"], shown["tagCount"], shown["manifestCount"]) == ("charts/demo", 1, 1)
    assert [(one["name"], one["digest"]) for one in tags] == [
        ("1.0.0", held["manifests"][0]["digest"])
    ]
    assert held["manifests"][0]["tags"] == ["1.0.0"]


def test_a_list_goes_on_where_its_link_leads(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    manifest = cloud.push(headers).headers["Docker-Content-Digest"]
    content = cloud("GET", f"{HOST}/v2/charts/demo/manifests/{manifest}", headers=headers).content
    cloud("PUT", f"{HOST}/v2/charts/demo/manifests/1.1.0", content=content, headers=headers)

    first = cloud("GET", f"{HOST}/acr/v1/charts/demo/_tags?n=1", headers=headers)
    link = first.headers["Link"].partition(">")[0].removeprefix("<")
    second = cloud("GET", HOST + link, headers=headers)

    assert [tag["name"] for tag in first.json()["tags"]] == ["1.0.0"]
    assert [tag["name"] for tag in second.json()["tags"]] == ["1.1.0"]
    assert "Link" not in second.headers


def test_what_is_deleted_is_gone_and_needs_a_role_of_its_own(cloud: Cloud) -> None:
    headers = cloud.signed_in()
    digest = cloud.push(headers).headers["Docker-Content-Digest"]
    address = f"{HOST}/v2/charts/demo/manifests/{digest}"

    cloud.access.rights.remove(DELETE)
    refused = cloud("DELETE", address, headers=headers)
    cloud.access.rights.add(DELETE)
    gone = cloud("DELETE", address, headers=headers)

    assert (refused.status_code, gone.status_code) == (403, 202)
    assert "AcrDelete" in refused.text
    unknown = cloud("GET", f"{HOST}/acr/v1/charts/demo", headers=headers)
    assert unknown.json()["errors"][0]["code"] == "NAME_UNKNOWN"


@pytest.mark.parametrize(
    ("sku", "asked", "kept"),
    [
        ("Standard", None, None),
        ("Premium", None, {"defaultAction": "Allow", "ipRules": []}),
        (
            "Premium",
            {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.7/32"}]},
            {"defaultAction": "Deny", "ipRules": [{"action": "Allow", "value": "203.0.113.7"}]},
        ),
    ],
    ids=["no firewall", "an open one", "an address"],
)
def test_each_premium_registry_has_a_firewall(sku: str, asked: Any, kept: Any) -> None:
    cloud = Cloud()
    properties = {"networkRuleSet": asked} if asked else {}

    cloud("PUT", REGISTRY, json=BODY | {"sku": {"name": sku}, "properties": properties})

    found = cloud("GET", REGISTRY).json()["properties"]["networkRuleSet"]
    assert found == kept
