"""Entra ID through azure-identity: who gets a token, and how the others are told."""

import uuid

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

from tasks import azure, role_assignments
from tasks.errors import PreflightError
from tests.contract.conftest import AKS_SERVER, MANAGEMENT, Cloud


@pytest.mark.parametrize("service", [MANAGEMENT, "https://vault.azure.net", AKS_SERVER])
def test_a_token_says_who_holds_it_and_for_which_service(cloud: Cloud, service: str) -> None:
    token = cloud.credential.get_token(f"{service}/.default").token

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"].rstrip("/") == service
    assert (claims["tid"], claims["appid"]) == (cloud.tenant, cloud.client)
    assert uuid.UUID(claims["oid"])


def test_tokens_carry_the_signature_of_the_tenants_published_keys(cloud: Cloud) -> None:
    token = cloud.credential.get_token("https://vault.azure.net/.default").token

    keys = jwt.PyJWKClient(f"https://login.microsoftonline.com/{cloud.tenant}/discovery/keys")
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    assert keys.get_signing_key(header["kid"])


def test_a_wrong_secret_is_refused_with_entras_code(cloud: Cloud) -> None:
    wrong = ClientSecretCredential(cloud.tenant, cloud.client, "wrong")

    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(f"{MANAGEMENT}/.default")


def test_an_unknown_application_is_refused_with_entras_code(cloud: Cloud) -> None:
    unknown = ClientSecretCredential(cloud.tenant, str(uuid.uuid4()), "secret")

    with pytest.raises(ClientAuthenticationError, match="AADSTS700016"):
        unknown.get_token(f"{MANAGEMENT}/.default")


def test_a_service_that_does_not_exist_is_refused_with_entras_code(cloud: Cloud) -> None:
    nowhere = f"https://{uuid.uuid4()}.example.com/.default"

    with pytest.raises(ClientAuthenticationError, match="AADSTS500011"):
        cloud.credential.get_token(nowhere)


def test_our_sign_in_quotes_entra_and_says_what_to_check(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "wrong")
    monkeypatch.setenv("ARM_TENANT_ID", cloud.tenant)
    azure.credential.cache_clear()

    with pytest.raises(PreflightError, match="AADSTS7000215") as refusal:
        role_assignments.caller()

    assert "ARM_CLIENT_SECRET" in refusal.value.hint


def test_our_sign_in_knows_the_caller(cloud: Cloud) -> None:
    assert role_assignments.caller() == cloud.caller
