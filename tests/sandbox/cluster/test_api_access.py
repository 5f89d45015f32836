"""Who is let in, and what they may: tokens, Entra callers, service accounts, RBAC."""

import json
from typing import Any

import httpx
import jwt
import pytest

from tests.sandbox.cluster.conftest import HOST, ISSUER, Kube

OBJECT_ID = "11111111-2222-3333-4444-555555555555"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def ask(kube: Kube, token: str, path: str, method: str = "GET", body: Any = None) -> httpx.Response:
    return kube.http.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})


def account(kube: Kube, name: str = "robot") -> None:
    body = {"metadata": {"name": name}}
    kube.http.post(kube.path("serviceaccounts"), json=body).raise_for_status()


def token(kube: Kube, name: str = "robot", **spec: Any) -> str:
    path = f"{kube.path('serviceaccounts', name)}/token"
    answer = kube.http.post(path, json={"spec": spec})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["status"]["token"])


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic eDp5"])
def test_whoever_is_unknown_gets_a_401_whatever_they_ask(kube: Kube, authorization: str) -> None:
    headers = {"Authorization": authorization}

    answers = [kube.http.get(path, headers=headers) for path in ("/version", "/api/v1/pods")]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["reason"] == "Unauthorized"


def test_an_entra_caller_may_what_the_cloud_allows(kube: Kube) -> None:
    caller = kube.api.authenticator.entra_token(OBJECT_ID)
    kube.cloud.allowed.add(("list", "apps/deployments"))

    allowed = ask(kube, caller, kube.path("deployments", root="/apis/apps/v1"))
    refused = ask(kube, caller, kube.path("pods"))

    assert (allowed.status_code, refused.status_code) == (200, 403)
    assert refused.json()["message"].startswith(
        f'pods is forbidden: User "{OBJECT_ID}" cannot list resource "pods" in API group "" '
        f'in the namespace "{kube.namespace}"'
    )
    assert kube.cloud.asked == [
        (OBJECT_ID, "list", "apps/deployments"),
        (OBJECT_ID, "list", "pods"),
    ]


def test_a_new_role_works_for_a_token_that_exists(kube: Kube) -> None:
    caller = kube.api.authenticator.entra_token(OBJECT_ID)
    path = kube.path("configmaps")

    before = ask(kube, caller, path, "POST", {"metadata": {"name": "cfg"}})
    kube.cloud.allowed.add(("create", "configmaps"))
    after = ask(kube, caller, path, "POST", {"metadata": {"name": "cfg"}})

    assert (before.status_code, after.status_code) == (403, 201)


@pytest.mark.parametrize(
    ("method", "suffix", "verb", "resource"),
    [
        ("GET", "/pods?watch=true", "watch", "pods"),
        ("GET", "/pods/web", "get", "pods"),
        ("GET", "/pods/web/log", "get", "pods/log"),
        ("PUT", "/pods/web/status", "update", "pods/status"),
        ("PATCH", "/pods/web", "patch", "pods"),
        ("DELETE", "/pods/web", "delete", "pods"),
        ("DELETE", "/pods", "deletecollection", "pods"),
    ],
)
def test_each_request_has_its_verb(
    kube: Kube, method: str, suffix: str, verb: str, resource: str
) -> None:
    caller = kube.api.authenticator.entra_token(OBJECT_ID)

    answer = ask(kube, caller, f"/api/v1/namespaces/{kube.namespace}{suffix}", method)

    assert answer.status_code == 403
    assert kube.cloud.asked == [(OBJECT_ID, verb, resource)]


def test_a_token_of_a_service_account_proves_itself_to_others(kube: Kube) -> None:
    account(kube)

    issued = token(kube, audiences=["api://AzureADTokenExchange"], expirationSeconds=3600)

    keys = jwt.PyJWKSet.from_dict(kube.api.authenticator.issuer_keys())
    key = keys[jwt.get_unverified_header(issued)["kid"]]
    claims = jwt.decode(
        issued, key, algorithms=["RS256"], audience="api://AzureADTokenExchange", issuer=ISSUER
    )
    assert claims["sub"] == f"system:serviceaccount:{kube.namespace}:robot"
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["kubernetes.io"]["serviceaccount"]["name"] == "robot"


def test_a_token_for_somebody_else_does_not_open_the_api(kube: Kube) -> None:
    account(kube)

    foreign = ask(kube, token(kube, audiences=["api://vault"]), "/version")
    own = ask(kube, token(kube, audiences=[f"https://{HOST}"]), "/version")

    assert (foreign.status_code, own.status_code) == (401, 200)


def test_a_token_ends_with_its_account(kube: Kube) -> None:
    account(kube)
    issued = token(kube)

    kube.http.delete(kube.path("serviceaccounts", "robot"))
    account(kube)

    assert ask(kube, issued, "/version").status_code == 401


def test_a_service_account_may_what_its_roles_grant(kube: Kube) -> None:
    account(kube)
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    role = {"metadata": {"name": "reader"}, "rules": [rule]}
    binding = {
        "metadata": {"name": "reader"},
        "roleRef": {"kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": kube.namespace}],
    }
    kube.http.post(kube.path("roles", root=RBAC), json=role).raise_for_status()
    kube.http.post(kube.path("rolebindings", root=RBAC), json=binding).raise_for_status()
    robot = token(kube)

    answers = [
        ask(kube, robot, path).status_code
        for path in (kube.path("pods"), kube.path("secrets"), "/api/v1/pods")
    ]

    assert answers == [200, 403, 403]


def test_a_review_tells_what_the_same_request_would_meet(kube: Kube) -> None:
    caller = kube.api.authenticator.entra_token(OBJECT_ID)
    kube.cloud.allowed.add(("get", "pods/log"))
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    def may(**attributes: str) -> bool:
        body = {"spec": {"resourceAttributes": attributes}}
        return bool(ask(kube, caller, path, "POST", body).json()["status"]["allowed"])

    assert may(verb="get", resource="pods", subresource="log")
    assert not may(verb="get", resource="pods")


def test_whoami_and_token_reviews_name_the_holder(kube: Kube) -> None:
    account(kube)
    robot = token(kube)
    reviews = "/apis/authentication.k8s.io/v1"

    mine = ask(kube, robot, f"{reviews}/selfsubjectreviews", "POST", {}).json()
    reviewed = kube.http.post(f"{reviews}/tokenreviews", json={"spec": {"token": robot}}).json()

    name = f"system:serviceaccount:{kube.namespace}:robot"
    assert mine["status"]["userInfo"]["username"] == name
    assert reviewed["status"]["user"]["username"] == name
    assert json.dumps(reviewed["status"]["authenticated"]) == "true"


def test_an_administrator_may_ask_on_behalf_of_others_and_nobody_else_may(kube: Kube) -> None:
    robot = f"system:serviceaccount:{kube.namespace}:robot"
    caller = kube.api.authenticator.entra_token(OBJECT_ID)

    answer = kube.kubectl("auth", "can-i", "list", "pods", f"--as={robot}", fails=True)
    refused = kube.http.get(
        "/version",
        headers={"Authorization": f"Bearer {caller}", "Impersonate-User": "clusterAdmin"},
    )

    assert answer.strip() == "no"
    assert refused.status_code == 403
