"""Roles that flap, tokens of a wrong clock, and news that travels slowly."""

import jwt
import pytest

from tests.sandbox.weather.conftest import MANAGEMENT, VERSION, Sandbox, until

SECRETS = {"api-version": "7.4"}


@pytest.fixture(scope="module")
def vault(running: Sandbox) -> str:
    address = running.make_vault()
    until(lambda: ask(running, address) == 200)
    return address


def ask(sandbox: Sandbox, vault: str) -> int:
    headers = {"Authorization": f"Bearer {sandbox.token('https://vault.azure.net')}"}
    with sandbox.client() as client:
        return client.get(f"{vault}secrets", params=SECRETS, headers=headers).status_code


def test_a_settled_role_is_known_and_unknown_in_turn(sandbox: Sandbox, vault: str) -> None:
    sandbox.add('{when: {path: "*/Microsoft.KeyVault/vaults/*"}, then: {flap: true}}')

    answers = [ask(sandbox, vault) for _ in range(6)]
    sandbox.control("DELETE", "/faults")

    assert answers == [200, 403, 200, 403, 200, 403]
    assert ask(sandbox, vault) == 200


def test_roles_flap_for_one_principal_and_not_for_others(sandbox: Sandbox, vault: str) -> None:
    sandbox.add("{when: {principal: somebody-else}, then: {flap: true}}")

    assert [ask(sandbox, vault) for _ in range(4)] == [200] * 4


def test_a_token_of_a_slow_clock_has_expired_before_its_time(sandbox: Sandbox) -> None:
    sandbox.add("{when: {host: management.azure.com}, then: {token: {lifetime: 0}}}")
    token = sandbox.token()
    claims = jwt.decode(token, options={"verify_signature": False})
    until(lambda: use(sandbox, token)[0] == 401)

    assert claims["exp"] == claims["nbf"]
    assert use(sandbox, token) == (401, "ExpiredAuthenticationToken")
    sandbox.control("DELETE", "/faults")
    assert use(sandbox, sandbox.token())[0] == 200


def test_a_token_of_a_fast_clock_is_not_valid_yet(sandbox: Sandbox) -> None:
    sandbox.add("{calls: 2, then: {token: {not_before: 600}}}")
    first, second = sandbox.token(), sandbox.token()

    assert use(sandbox, first)[0] == 200
    assert use(sandbox, second) == (401, "InvalidAuthenticationToken")


def use(sandbox: Sandbox, token: str) -> tuple[int, str]:
    path = f"/subscriptions/{sandbox.environment['ARM_SUBSCRIPTION_ID']}/resourceGroups"
    headers = {"Authorization": f"Bearer {token}"}
    with sandbox.client() as client:
        answer = client.get(f"{MANAGEMENT}{path}", params=VERSION, headers=headers)
    return answer.status_code, answer.json().get("error", {}).get("code", "")
