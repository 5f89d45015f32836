"""Container registries: in ARM, as `<name>.azurecr.io`, and as the public ghcr.io."""

import asyncio
import base64
import hashlib
import io
import re
import tarfile
from collections.abc import Callable
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, Caller, ResourceId, TokenError
from sandbox.cloud import container_registry, resources
from sandbox.cloud.container_registry import public
from sandbox.latency import Latency
from sandbox.store import Store
from sandbox.tools.helm import __main__ as helm

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/labacr"
BODY = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
HOST = "https://labacr.azurecr.io"
CHART = "external-secrets/charts/external-secrets"
NOBODY = "00000000-0000-0000-0000-000000000000"
PUSH = "Microsoft.ContainerRegistry/registries/push/write"
DELETE = "Microsoft.ContainerRegistry/registries/artifacts/delete"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"


class Access:
    """Knows one caller, and what it may do."""

    def __init__(self) -> None:
        self.rights = {PULL, PUSH, DELETE}

    def check(self, token: str, audience: str) -> Caller:
        if (token, audience) != ("good", "https://containerregistry.azure.net"):
            raise TokenError("The access token is not valid.")
        return Caller("alice", "application")

    def allows(self, object_id: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        return (
            object_id == "alice" and action in self.rights and not data and scope.name == "labacr"
        )


class Cloud:
    """One registry, and clients that stand before it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.store = Store(Latency(), clock=lambda: self.time)
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        self.access = Access()
        registries = container_registry.Registries(self.store, self.access)
        self.registries = registries
        routes = resources.routes(self.store, lambda _: True)
        routes += container_registry.routes(self.store, registries)
        self.arm = Starlette(routes=routes, exception_handlers={arm.ArmError: arm.answer})
        self.data = container_registry.create(registries)
        self.public = container_registry.create_public("ghcr.io")

    def __call__(self, verb: str, url: str, **more: Any) -> httpx.Response:
        app = self.data if url.startswith(HOST) else self.public
        if url.startswith("/"):
            url, more["params"] = f"https://{arm.HOST}{url}", {"api-version": "2025-11-01"}
            app = self.arm

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(known)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(verb, url, **more)

        return asyncio.run(send())

    def signed_in(self) -> dict[str, str]:
        """The two steps from Entra's token to one that opens repositories."""
        form = {"grant_type": "access_token", "service": "labacr.azurecr.io"}
        first = self("POST", f"{HOST}/oauth2/exchange", data=form | {"access_token": "good"})
        form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        second = self("POST", f"{HOST}/oauth2/token", data=form)
        return {"Authorization": f"Bearer {second.json()['access_token']}"}

    def push(self, headers: dict[str, str]) -> httpx.Response:
        """Push one small artifact as `charts/demo:1.0.0`."""
        content = b"a chart"
        name = "sha256:" + hashlib.sha256(content).hexdigest()
        started = self("POST", f"{HOST}/v2/charts/demo/blobs/uploads/", headers=headers)
        address = HOST + started.headers["Location"]
        self("PATCH", address, content=content, headers=headers)
        self("PUT", address, params={"digest": name}, headers=headers)
        part = {"mediaType": "x", "digest": name, "size": len(content)}
        manifest = {"schemaVersion": 2, "config": part, "layers": [part]}
        return self("PUT", f"{HOST}/v2/charts/demo/manifests/1.0.0", json=manifest, headers=headers)


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    assert cloud("PUT", REGISTRY, json=BODY).status_code == 201
    return cloud


# --- ARM -----------------------------------------------------------------------------------------


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


# --- The data plane ------------------------------------------------------------------------------


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


# --- Imports -------------------------------------------------------------------------------------


def imported(cloud: Cloud, image: str, *, registry: str = "ghcr.io", mode: str = "NoForce") -> Any:
    """How the import of an image ends, as `charts/copy:1`."""
    body = {
        "source": {"registryUri": registry, "sourceImage": image},
        "targetTags": ["charts/copy:1"],
        "mode": mode,
    }
    answer = cloud("POST", f"{REGISTRY}/importImage", json=body)
    if answer.status_code != 202:
        return answer.json()
    path, _, _ = (
        answer.headers["Azure-AsyncOperation"].removeprefix(f"https://{arm.HOST}").partition("?")
    )
    return cloud("GET", path).json()


def test_a_registry_imports_a_public_chart_byte_for_byte(cloud: Cloud) -> None:
    done = imported(cloud, f"{CHART}:2.9.0")

    token = cloud("GET", f"https://ghcr.io/token?scope=repository:{CHART}:pull").json()["token"]
    anybody = {"Authorization": f"Bearer {token}"}
    there = cloud("GET", f"https://ghcr.io/v2/{CHART}/manifests/2.9.0", headers=anybody)
    headers = cloud.signed_in()
    here = cloud("GET", f"{HOST}/v2/charts/copy/manifests/1", headers=headers)
    layer = here.json()["layers"][0]["digest"]
    assert done["status"] == "Succeeded"
    assert here.content == there.content
    assert cloud("GET", f"{HOST}/v2/charts/copy/blobs/{layer}", headers=headers).status_code == 200


def test_a_tag_that_is_there_is_replaced_only_by_force(cloud: Cloud) -> None:
    imported(cloud, f"{CHART}:2.9.0")

    again = imported(cloud, f"{CHART}:2.9.0")
    forced = imported(cloud, f"{CHART}:2.9.0", mode="Force")

    assert again["error"]["code"] == "Conflict"
    assert "Tag charts/copy:1 already exists in target registry." in again["error"]["message"]
    assert forced["status"] == "Succeeded"


def test_an_image_that_is_nowhere_fails_the_operation(cloud: Cloud) -> None:
    assert imported(cloud, f"{CHART}:0.0.1")["error"]["code"] == "InvalidParameters"


@pytest.mark.parametrize("target", ["a b:1", "a:b c", "../x:1"])
def test_an_import_under_a_name_that_is_none_is_refused(cloud: Cloud, target: str) -> None:
    source = {"registryUri": "ghcr.io", "sourceImage": f"{CHART}:2.9.0"}

    answer = cloud(
        "POST", f"{REGISTRY}/importImage", json={"source": source, "targetTags": [target]}
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidParameters")


def test_a_registry_that_is_not_simulated_is_no_source(cloud: Cloud) -> None:
    answer = imported(cloud, "library/nginx:latest", registry="registry.example.com")

    assert answer["error"]["code"] == "SandboxUnsupported"
    assert "registry.example.com" in answer["error"]["message"]


@pytest.mark.parametrize("reference", [":1.27", f"@sha256:{'a' * 64}"])
def test_images_of_public_registries_can_be_imported(cloud: Cloud, reference: str) -> None:
    done = imported(cloud, f"library/nginx{reference}", registry="docker.io")

    here = cloud("GET", f"{HOST}/v2/charts/copy/manifests/1", headers=cloud.signed_in())
    assert done["status"] == "Succeeded"
    assert here.status_code == 200


def test_an_image_that_is_not_published_ends_the_import(cloud: Cloud) -> None:
    done = imported(cloud, "library/does-not-exist:1", registry="docker.io")

    assert done["error"]["code"] == "InvalidParameters"


def test_a_name_is_free_until_somebody_has_it(cloud: Cloud) -> None:
    path = "/subscriptions/x/providers/Microsoft.ContainerRegistry/checkNameAvailability"
    kind = "Microsoft.ContainerRegistry/registries"

    reasons = [
        cloud("POST", path, json={"name": name, "type": kind}).json().get("reason")
        for name in ("freename", "labacr", "no")
    ]

    assert reasons == [None, "AlreadyExists", "Invalid"]


# --- ghcr.io -------------------------------------------------------------------------------------


def pulled(cloud: Cloud) -> dict[str, bytes]:
    """The files of the published chart, through the token dance of an anonymous client."""
    base = "https://ghcr.io/v2/" + CHART
    challenge = cloud("GET", f"{base}/manifests/2.9.0").headers["WWW-Authenticate"]
    found = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    token = cloud("GET", found.pop("realm"), params=found).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    manifest = cloud("GET", f"{base}/manifests/2.9.0", headers=headers).json()
    name = manifest["layers"][0]["digest"]
    content = cloud("GET", f"{base}/blobs/{name}", headers=headers).content
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {
            entry.name: part.read()
            for entry in archive.getmembers()
            if (part := archive.extractfile(entry))
        }


def test_everybody_can_pull_the_operators_chart(cloud: Cloud) -> None:
    files = pulled(cloud)

    described = yaml.safe_load(files["external-secrets/Chart.yaml"])
    assert (described["version"], described["appVersion"]) == ("2.9.0", "v2.9.0")
    assert "external-secrets/templates/webhook.yaml" in files


def test_nobody_can_push_to_the_public_registry(cloud: Cloud) -> None:
    answer = cloud("POST", f"https://ghcr.io/v2/{CHART}/blobs/uploads/")

    assert answer.status_code == 403


def test_what_is_not_published_is_denied_with_the_names_of_what_is(cloud: Cloud) -> None:
    answer = cloud("GET", "https://ghcr.io/token", params={"scope": "repository:a/b:pull"})

    assert answer.status_code == 403
    assert CHART in answer.json()["errors"][0]["message"]


# --- The chart -----------------------------------------------------------------------------------

Rendered = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def rendered(capsys: pytest.CaptureFixture[str]) -> Rendered:
    """The objects of the chart by `Kind/name`, rendered with some `--set` expressions."""

    def render(*settings: str) -> dict[str, dict[str, Any]]:
        chart = public.CHARTS / "external-secrets"
        chosen = [word for setting in settings for word in ("--set", setting)]
        code = helm.main(["template", "external-secrets", str(chart), "-n", "eso", *chosen])
        assert code == 0
        objects = [one for one in yaml.safe_load_all(capsys.readouterr().out) if one]
        return {f"{one['kind']}/{one['metadata']['name']}": one for one in objects}

    return render


def test_the_chart_has_the_names_that_deployments_wait_for(rendered: Rendered) -> None:
    found = rendered()

    assert {
        "Deployment/external-secrets",
        "Deployment/external-secrets-webhook",
        "Deployment/external-secrets-cert-controller",
        "Service/external-secrets-webhook",
        "ValidatingWebhookConfiguration/externalsecret-validate",
        "ValidatingWebhookConfiguration/secretstore-validate",
        "CustomResourceDefinition/secretstores.external-secrets.io",
        "CustomResourceDefinition/clustersecretstores.external-secrets.io",
        "CustomResourceDefinition/externalsecrets.external-secrets.io",
        "CustomResourceDefinition/clusterexternalsecrets.external-secrets.io",
    } <= set(found)


def test_every_object_of_the_chart_is_one_that_kubernetes_accepts(rendered: Rendered) -> None:
    for one in rendered("podDisruptionBudget.enabled=true").values():
        kubernetes_validate.validate(one, "1.34", strict=True)


def test_webhooks_fail_closed_and_trust_nobody_at_first(rendered: Rendered) -> None:
    found = rendered()["ValidatingWebhookConfiguration/externalsecret-validate"]["webhooks"]

    assert [hook["name"] for hook in found] == ["validate.externalsecret.external-secrets.io"]
    assert found[0]["failurePolicy"] == "Fail"
    assert "caBundle" not in found[0]["clientConfig"]


def test_definitions_can_be_left_out(rendered: Rendered) -> None:
    kinds = {one["kind"] for one in rendered("installCRDs=false").values()}

    assert "CustomResourceDefinition" not in kinds


def test_the_store_schema_knows_the_three_ways_to_sign_in(rendered: Rendered) -> None:
    definition = rendered()["CustomResourceDefinition/secretstores.external-secrets.io"]

    version = definition["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    vault = schema["provider"]["properties"]["azurekv"]
    assert (version["name"], vault["required"]) == ("v1", ["vaultUrl"])
    kinds = vault["properties"]["authType"]["enum"]
    assert kinds == ["ServicePrincipal", "ManagedIdentity", "WorkloadIdentity"]


def test_packing_twice_gives_the_same_bytes() -> None:
    folder = public.CHARTS / "external-secrets"

    archives = {public.archive(folder) for _ in range(2)}

    assert len(archives) == 1


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
