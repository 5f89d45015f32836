"""Who comes into a vault: token, network, role."""

from tests.sandbox.conftest import Azure, error_of
from tests.sandbox.key_vault.conftest import VAULT, inner


def test_the_first_question_is_answered_with_where_to_get_a_token(azure: Azure) -> None:
    azure.new_vault()

    answer = azure.http.get("https://lab-kv.vault.azure.net/secrets/one")

    assert error_of(answer) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer authorization="https://login.microsoftonline.com/{azure.identity.tenant}", '
        'resource="https://vault.azure.net"'
    )


def test_a_token_for_arm_opens_no_vault(azure: Azure) -> None:
    azure.new_vault()

    answer = azure.vault("GET", "/secrets/one", headers=azure.bearer())

    assert error_of(answer) == (401, "Unauthorized")


def test_an_owner_without_a_role_on_secrets_is_told_so_word_for_word(azure: Azure) -> None:
    azure.new_vault()

    answer = azure.vault("GET", "/secrets/one")

    who = azure.identity
    assert answer.status_code == 403
    assert answer.json() == {
        "error": {
            "code": "Forbidden",
            "message": (
                "Caller is not authorized to perform action on resource.\r\n"
                "If role assignments, deny assignments or role definitions were changed recently, "
                "please observe propagation time.\r\n"
                f"Caller: appid={who.client};oid={who.object};"
                f"iss=https://sts.windows.net/{who.tenant}/\r\n"
                "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\n"
                f"Resource: '/subscriptions/{who.subscription}/resourcegroups/lab/providers/"
                "microsoft.keyvault/vaults/lab-kv/secrets/one'\r\n"
                "Assignment: (not found)\r\n"
                "DenyAssignmentId: null\r\n"
                "DecisionReason: 'DeniedWithNoValidRBAC' \r\n"
                "Vault: lab-kv;location=westeurope\r\n"
            ),
            "innererror": {"code": "ForbiddenByRbac"},
        }
    }


def test_a_user_of_secrets_reads_and_does_not_write(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    principal = officer.new_identity()["principalId"]
    officer.grant("Key Vault Secrets User", principal, f"{officer.group}/providers/{VAULT}")
    headers = officer.of(principal, "https://vault.azure.net")

    read = officer.vault("GET", "/secrets/one", headers=headers)
    written = officer.vault("PUT", "/secrets/one", {"value": "2"}, headers=headers)

    assert read.json()["value"] == "1"
    assert (written.status_code, inner(written)) == (403, "ForbiddenByRbac")


def test_a_role_on_one_secret_opens_that_one_whenever_it_comes_and_no_other(officer: Azure) -> None:
    principal = officer.new_identity()["principalId"]
    vault = f"{officer.group}/providers/{VAULT}"
    officer.grant("Key Vault Secrets User", principal, f"{vault}/secrets/one")
    for name in ("one", "one-more"):
        officer.vault("PUT", f"/secrets/{name}", {"value": name})
    headers = officer.of(principal, "https://vault.azure.net")

    read = officer.vault("GET", "/secrets/one", headers=headers)
    refused = [
        officer.vault("GET", path, headers=headers)
        for path in ("/secrets/one-more", "/secrets/absent", "/secrets")
    ]

    assert read.json()["value"] == "one"
    assert {(answer.status_code, inner(answer)) for answer in refused} == {(403, "ForbiddenByRbac")}


def test_the_firewall_and_the_closed_door_have_names_of_their_own(officer: Azure) -> None:
    closed = {"properties": {"publicNetworkAccess": "Disabled"}}
    walled = {"properties": {"networkAcls": {"defaultAction": "Deny"}}}

    officer.arm("PATCH", VAULT, walled)
    firewall = officer.vault("GET", "/secrets/one")
    officer.arm("PATCH", VAULT, closed)
    door = officer.vault("GET", "/secrets/one")

    assert (firewall.status_code, inner(firewall)) == (403, "ForbiddenByFirewall")
    assert (door.status_code, inner(door)) == (403, "ForbiddenByConnection")


def test_an_older_vault_asks_its_own_list(azure: Azure) -> None:
    allowed = {"tenantId": azure.identity.tenant, "objectId": azure.identity.object}
    policy = allowed | {"permissions": {"secrets": ["Get", "Set"]}}
    azure.new_vault(enableRbacAuthorization=False, accessPolicies=[policy])

    written = azure.vault("PUT", "/secrets/one", {"value": "1"})
    listed = azure.vault("GET", "/secrets")

    assert written.status_code == 200
    assert (listed.status_code, inner(listed)) == (403, "AccessDenied")


def test_a_policy_for_a_user_through_an_application_lets_no_service_in(azure: Azure) -> None:
    allowed = {"tenantId": azure.identity.tenant, "objectId": azure.identity.object}
    policy = allowed | {"applicationId": "some-app", "permissions": {"secrets": ["get"]}}
    azure.new_vault(enableRbacAuthorization=False, accessPolicies=[policy])

    read = azure.vault("GET", "/secrets/one")

    assert (read.status_code, inner(read)) == (403, "ForbiddenByPolicy")
    assert "on-behalf-of (OBO) flow" in read.json()["error"]["message"]


def test_every_answer_tells_which_part_of_the_service_gave_it(officer: Azure) -> None:
    answer = officer.vault("GET", "/secrets/none")

    assert answer.headers["x-ms-keyvault-region"] == "westeurope"
    assert "addr=203.0.113.10" in answer.headers["x-ms-keyvault-network-info"]
