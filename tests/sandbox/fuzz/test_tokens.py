"""Tokens that prove nothing: every service refuses them in its own words, and remembers nothing."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from sandbox import arm
from tests.sandbox.fuzz.conftest import AUDIENCES, GROUP, VAULT, World

STRANGER: RSAPrivateKey = generate_private_key(65537, 2048)
SERVICES = {
    arm.HOST: (f"{GROUP}/providers/Microsoft.Network/virtualNetworks/new", 401),
    VAULT: ("/secrets/new", 401),
    "graph.microsoft.com": ("/v1.0/servicePrincipals", 401),
    "fuzzregistry.azurecr.io": ("/v2/_catalog", 401),
    "fuzzstg.blob.core.windows.net": ("/files/new", 401),
}
CODES = {
    arm.HOST: ("InvalidAuthenticationToken", "AuthenticationFailed"),
    VAULT: ("Unauthorized", "Unauthorized"),
}


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def claims(token: str, **other: Any) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found | other


def unsigned(token: str, algorithm: str = "none") -> str:
    return f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims(token))}."


def of_stranger(token: str) -> str:
    header = jwt.get_unverified_header(token)
    return jwt.encode(claims(token), STRANGER, "RS256", {"kid": header["kid"]})


def by_name_of_the_key(token: str) -> str:
    """Signed with what everybody knows."""
    return jwt.encode(claims(token), "the public key of the tenant, which is public", "HS256")


def key_inside(token: str) -> str:
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(STRANGER.public_key()))
    return jwt.encode(claims(token), STRANGER, "RS256", {"jwk": key, "jku": "https://evil.example"})


def changed(token: str) -> str:
    head, _, proof = token.split(".")
    return f"{head}.{encoded(claims(token, oid='somebody else'))}.{proof}"


def bottomless(token: str) -> str:
    _, body, proof = token.split(".")
    return f"{encoded('{' + chr(34) + 'a' + chr(34) + ':' + '[' * 6000)}.{body}.{proof}"


FORGERIES: dict[str, Callable[[str], str]] = {
    "alg none": unsigned,
    "alg NONE": lambda token: unsigned(token, "NONE"),
    "foreign key": of_stranger,
    "key confusion": by_name_of_the_key,
    "key inside": key_inside,
    "changed": changed,
    "truncated": lambda token: token[:-8],
    "without proof": lambda token: token.rpartition(".")[0] + ".",
    "two parts": lambda token: token.rpartition(".")[0],
    "four parts": lambda token: f"{token}.x",
    "no JSON": lambda _token: f"{encoded('{')}.{encoded('}')}.x",
    "no text": lambda token: f"\udcff\udcfe.{token}",
    "deep": bottomless,
    "long": lambda token: token + "A" * 20_000,
    "blank": lambda _token: " ",
    "NUL": lambda token: f"{token}\x00",
}


@pytest.mark.parametrize("forged", FORGERIES)
@pytest.mark.parametrize("host", SERVICES)
def test_a_token_that_the_tenant_has_not_signed_is_refused(
    world: World, host: str, forged: str
) -> None:
    path, status = SERVICES[host]
    token = world.token(host).removeprefix("Bearer ")
    before = world.picture()

    headers = {"authorization": f"Bearer {FORGERIES[forged](token)}"}
    if "blob" in host:
        headers["x-ms-version"] = "2025-07-05"
    verb = "GET" if host.startswith(("graph", "fuzzregistry")) else "PUT"
    answer = world.ask(
        verb, path, {"location": "westeurope", "value": "v"}, host=host, headers=headers
    )

    assert world.empty() == []
    assert answer.status == status
    assert world.picture() == before
    if host in CODES:
        assert json.loads(answer.body)["error"]["code"] in CODES[host]


@pytest.mark.parametrize("host", AUDIENCES)
def test_a_token_for_another_service_is_refused(world: World, host: str) -> None:
    other = world.token(arm.HOST)

    answer = world.ask("GET", SERVICES[host][0], host=host, headers={"authorization": other})
    manager = world.ask("GET", GROUP, headers={"authorization": world.token(host)})

    assert (answer.status, manager.status) == (401, 401)
    assert json.loads(manager.body)["error"]["code"] == "InvalidAuthenticationTokenAudience"
    assert world.empty() == []


@pytest.mark.parametrize("host", [arm.HOST, VAULT])
def test_a_token_is_refused_before_and_after_its_hour(world: World, host: str) -> None:
    clock = world.azure.clock
    token, now = world.token(host), clock.time
    path = SERVICES[host][0]
    try:
        clock.time = now - 86_400
        early = world.ask("GET", path, host=host, headers={"authorization": token})
        clock.time = now + 86_400
        late = world.ask("GET", path, host=host, headers={"authorization": token})
    finally:
        clock.time = now

    assert (early.status, late.status) == (401, 401)
    if host == arm.HOST:
        assert json.loads(late.body)["error"]["code"] == "ExpiredAuthenticationToken"
    assert world.empty() == []


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "bearer", "Bearer  ", "Basic Og==", "SharedKey x:y", "Bearer\tx", "PoP a"],
)
def test_what_is_no_bearer_token_is_none(world: World, header: str) -> None:
    answer = world.ask("GET", GROUP, headers={"authorization": header})

    assert answer.status == 401
    assert "www-authenticate" in answer.headers
    assert world.empty() == []
