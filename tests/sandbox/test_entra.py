"""Entra ID, as an OAuth client sees it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.sandbox.conftest import LOGIN, VERSIONS, Azure, error_of

ISSUER = "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/"
SUBJECT = "system:serviceaccount:supabase:vault-reader"
AUDIENCE = "api://AzureADTokenExchange"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture
def workload(azure: Azure, key: RSAPrivateKey) -> Callable[..., Any]:
    """Exchanges a service account token for one of the identity `app`, which trusts its issuer."""
    identity = azure.new_identity()
    trust = {"issuer": ISSUER, "subject": SUBJECT, "audiences": [AUDIENCE]}
    azure.arm("PUT", f"{identity['id']}/federatedIdentityCredentials/aks", {"properties": trust})
    published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "one"}
    azure.cloud.directory.keys = lambda issuer: {"keys": [published]} if issuer == ISSUER else None

    def exchange(signer: RSAPrivateKey = key, **claims: Any) -> Any:
        now = int(azure.clock())
        known = {"iss": ISSUER, "sub": SUBJECT, "aud": [AUDIENCE], "iat": now, "exp": now + 600}
        assertion = jwt.encode(known | claims, signer, "RS256", {"kid": "one"})
        form = {"client_assertion_type": TYPE, "client_assertion": assertion}
        return azure.token("https://vault.azure.net", client_id=identity["clientId"], **form)

    return exchange


def test_a_token_is_proved_by_the_published_keys(azure: Azure) -> None:
    token = azure.token().json()["access_token"]

    published = azure.http.get(f"{LOGIN}/{azure.identity.tenant}/discovery/v2.0/keys").json()
    signing = jwt.PyJWKSet.from_dict(published)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token,
        signing,
        ["RS256"],
        audience="https://management.azure.com",
        options={"verify_nbf": False, "verify_iat": False},
    )
    assert claims["oid"] == azure.identity.object
    assert claims["appid"] == azure.identity.client
    assert claims["tid"] == azure.identity.tenant


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "11111111-1111-1111-1111-111111111111"}, 400, 700016),
        ({"scope": "https://nobody.example/.default"}, 400, 500011),
        ({"client_id": ""}, 400, 900144),
        ({"grant_type": "password"}, 400, 70003),
    ],
)
def test_a_bad_request_for_a_token_is_refused_with_its_number(
    azure: Azure, form: dict[str, str], status: int, code: int
) -> None:
    answer = azure.token(**form)

    assert answer.status_code == status
    assert answer.json()["error_codes"] == [code]
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")


def test_another_tenant_does_not_exist(azure: Azure) -> None:
    address = f"{LOGIN}/11111111-1111-1111-1111-111111111111/oauth2/v2.0/token"

    answer = azure.http.request("POST", address, data={"grant_type": "client_credentials"})

    assert answer.json()["error_codes"] == [90002]


def test_a_workload_gets_a_token_of_the_identity_that_trusts_it(
    azure: Azure, workload: Callable[..., Any]
) -> None:
    answer = workload()

    claims = answer.json()["access_token"].split(".")[1]
    oid = json.loads(base64.urlsafe_b64decode(claims + "=="))["oid"]
    assert azure.cloud.store.principals[oid].name == "app"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://other.example/"}, 700211),
        ({"sub": "system:serviceaccount:other:vault-reader"}, 700213),
        ({"aud": ["api://other"]}, 700212),
        ({"exp": 1_700_000_000}, 700024),
    ],
)
def test_a_workload_that_nobody_vouches_for_is_refused(
    workload: Callable[..., Any], claims: dict[str, Any], code: int
) -> None:
    answer = workload(**claims)

    assert answer.status_code == 401
    assert answer.json()["error_codes"] == [code]


def test_an_assertion_signed_by_another_key_is_refused(workload: Callable[..., Any]) -> None:
    answer = workload(signer=generate_private_key(65537, 2048))

    assert answer.json()["error_codes"] == [700027]


@pytest.mark.parametrize("audience", [[{}], [1, None], {"a": "b"}, 7])
def test_an_assertion_for_what_is_no_audience_is_refused(
    workload: Callable[..., Any], audience: Any
) -> None:
    answer = workload(aud=audience)

    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700212])


def deep() -> str:
    """A part of a token that no parser follows to its end."""
    return base64.urlsafe_b64encode(b'{"a":' + b"[" * 5000).decode().rstrip("=")


def test_a_token_of_endless_depth_is_no_token(azure: Azure) -> None:
    identity = azure.new_identity()
    form = {"client_assertion_type": TYPE, "client_assertion": f"{deep()}.{deep()}.AAAA"}

    exchanged = azure.token(client_id=identity["clientId"], **form)
    shown = azure.arm("GET", azure.group, headers={"Authorization": f"Bearer {deep()}.e30.AAAA"})

    assert (exchanged.status_code, exchanged.json()["error_codes"]) == (400, [50027])
    assert error_of(shown) == (401, "InvalidAuthenticationToken")


def test_arm_refuses_a_token_for_another_service(azure: Azure) -> None:
    answer = azure.arm("GET", azure.group, headers=azure.bearer("https://vault.azure.net"))

    assert error_of(answer) == (401, "InvalidAuthenticationTokenAudience")
    assert "authorization_uri" in answer.headers["WWW-Authenticate"]


def test_arm_refuses_an_expired_token(azure: Azure) -> None:
    headers = azure.bearer()
    azure.pass_time(3600)

    answer = azure.arm("GET", azure.group, headers=headers)

    assert error_of(answer) == (401, "ExpiredAuthenticationToken")


def test_arm_refuses_a_forged_token(azure: Azure) -> None:
    head, claims, _ = azure.token().json()["access_token"].split(".")
    forged = {"Authorization": f"Bearer {head}.{claims}.{'A' * 342}"}

    answer = azure.arm("GET", azure.group, headers=forged)

    assert error_of(answer) == (401, "InvalidAuthenticationToken")


def test_arm_asks_for_a_token_except_where_clients_learn_the_way(azure: Azure) -> None:
    closed = azure.http.get(azure.group, params=VERSIONS)
    way = azure.http.get("/metadata/endpoints", params={"api-version": "2022-09-01"})

    assert error_of(closed) == (401, "AuthenticationFailed")
    assert way.json()["authentication"]["loginEndpoint"] == LOGIN
    assert way.json()["authentication"]["identityProvider"] == "AAD"
