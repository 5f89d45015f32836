"""Key Vault, as ARM clients and the clients of its secrets see it."""

from typing import Any

import pytest

from tests.sandbox.conftest import Azure, error_of

VAULT = "Microsoft.KeyVault/vaults/lab-kv"
LOCATION = "/subscriptions/00000000-0000-0000-0000-00000000babe/providers/Microsoft.KeyVault"
DELETED = f"{LOCATION}/locations/westeurope/deletedVaults/lab-kv"


@pytest.fixture
def officer(azure: Azure) -> Azure:
    """The deployer, who may do anything to the secrets of `lab-kv`."""
    azure.grant("Key Vault Secrets Officer", azure.identity.object, azure.new_vault())
    return azure


def inner(answer: Any) -> str:
    return str(answer.json()["error"]["innererror"]["code"])


# --- Vaults in ARM ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["1st", "a--b", "x" * 25, "ab", "ends-"])
def test_names_that_azure_refuses_are_refused(azure: Azure, name: str) -> None:
    answer = azure.arm("PUT", f"Microsoft.KeyVault/vaults/{name}", {"location": "westeurope"})

    assert error_of(answer) == (400, "VaultNameNotValid")


def test_a_vault_has_an_address_only_once_it_is_built(slow_azure: Azure) -> None:
    azure = slow_azure
    azure.new_vault()

    assert azure.arm("GET", VAULT).json()["properties"]["provisioningState"] == "Creating"
    with pytest.raises(Exception, match="does not exist"):
        azure.vault("GET", "/secrets")

    azure.pass_time(121)

    assert error_of(azure.vault("GET", "/secrets")) == (403, "Forbidden")


def test_a_deleted_vault_keeps_its_name_until_it_is_purged(azure: Azure) -> None:
    azure.new_vault()
    azure.arm("DELETE", VAULT)
    body = {
        "location": "westeurope",
        "properties": {"tenantId": azure.identity.tenant, "sku": {"name": "standard"}},
    }

    taken = azure.arm("PUT", VAULT, body)
    found = azure.arm("GET", DELETED).json()["properties"]
    purged = azure.arm("POST", f"{DELETED}/purge")
    free = azure.arm("PUT", VAULT, body)

    assert error_of(taken) == (409, "ConflictError")
    assert found["vaultId"].endswith(VAULT)
    assert (purged.status_code, free.status_code) == (202, 201)


def test_a_recovered_vault_still_has_its_secrets(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "kept"})
    officer.arm("DELETE", VAULT)
    lost = {"createMode": "recover", "tenantId": officer.identity.tenant, "sku": {"name": "x"}}

    officer.arm("PUT", VAULT, {"location": "westeurope", "properties": lost})
    scope = f"{officer.group}/providers/{VAULT}"
    officer.grant("Key Vault Secrets User", officer.identity.object, scope)

    assert officer.vault("GET", "/secrets/one").json()["value"] == "kept"


def test_recovering_what_never_was_is_refused(azure: Azure) -> None:
    lost = {"createMode": "recover", "tenantId": azure.identity.tenant, "sku": {"name": "x"}}

    answer = azure.arm("PUT", VAULT, {"location": "westeurope", "properties": lost})

    assert error_of(answer) == (404, "SoftDeletedVaultDoesNotExist")


def test_purge_protection_outlives_every_wish(azure: Azure) -> None:
    azure.new_vault(enablePurgeProtection=True)

    opened = azure.arm("PATCH", VAULT, {"properties": {"enablePurgeProtection": False}})
    azure.arm("DELETE", VAULT)
    purged = azure.arm("POST", f"{DELETED}/purge")

    assert error_of(opened) == (400, "BadRequest")
    assert error_of(purged) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "wanted",
    [
        {"networkAcls": "nope"},
        {"networkAcls": {"ipRules": "abc"}},
        {"networkAcls": {"ipRules": [{}]}},
        {"networkAcls": {"ipRules": [{"value": "foo"}]}},
        {"networkAcls": {"virtualNetworkRules": [{"id": "foo"}]}},
        {"accessPolicies": ["x"]},
        {"accessPolicies": [{"objectId": "x"}]},
        {"softDeleteRetentionInDays": "long"},
    ],
)
def test_rules_that_are_none_are_refused_and_not_kept(
    officer: Azure, wanted: dict[str, Any]
) -> None:
    made = officer.arm("PATCH", VAULT, {"properties": wanted})

    assert made.status_code == 400
    assert made.json()["error"]["code"]
    assert officer.vault("GET", "/secrets").status_code == 200


def test_what_a_request_leaves_empty_has_its_default(azure: Azure) -> None:
    scope = azure.new_vault(softDeleteRetentionInDays=None, accessPolicies=None)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, scope)

    made = azure.vault("PUT", "/secrets/one", {"value": "1"}).json()

    assert made["attributes"]["recoverableDays"] == 90


# --- The door of a vault ---------------------------------------------------------------------


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


# --- Secrets ---------------------------------------------------------------------------------


def test_each_value_is_a_version_and_the_last_one_is_the_secret(officer: Azure) -> None:
    first = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    second = officer.vault("PUT", "/secrets/one", {"value": "2", "tags": {"a": "b"}}).json()

    version = first["id"].rpartition("/")[2]
    assert len(version) == 32
    assert officer.vault("GET", "/secrets/ONE").json() == second
    assert officer.vault("GET", "/secrets/one/").json() == second
    assert officer.vault("GET", f"/secrets/one/{version}").json() == first
    listed = officer.vault("GET", "/secrets/one/versions").json()["value"]
    assert [one["id"] for one in listed] == [first["id"], second["id"]]
    assert all("value" not in one for one in listed)


def test_attributes_and_tags_change_without_a_new_version(officer: Azure) -> None:
    made = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    version = made["id"].rpartition("/")[2]

    officer.vault("PATCH", f"/secrets/one/{version}", {"attributes": {"enabled": False}})
    read = officer.vault("GET", "/secrets/one")

    assert (read.status_code, inner(read)) == (403, "SecretDisabled")
    shown = officer.vault("GET", "/secrets").json()["value"][0]
    assert shown["attributes"]["enabled"] is False


def test_a_missing_secret_is_not_found(officer: Azure) -> None:
    assert error_of(officer.vault("GET", "/secrets/none")) == (404, "SecretNotFound")


@pytest.mark.parametrize("name", ["under_score", "dot.ted", "x" * 128])
def test_bad_names_are_refused(officer: Azure, name: str) -> None:
    answer = officer.vault("PUT", f"/secrets/{name}", {"value": "1"})

    assert error_of(answer) == (400, "BadParameter")


@pytest.mark.parametrize(
    "body", [{}, {"value": 1}, {"value": "1", "tags": ["a"]}, {"value": "x" * 25601}]
)
def test_bad_content_is_refused(officer: Azure, body: dict[str, Any]) -> None:
    answer = officer.vault("PUT", "/secrets/one", body)

    assert error_of(answer) == (400, "BadParameter")


MISFITS: list[dict[str, Any]] = [
    {"attributes": ["enabled"]},
    {"attributes": {"enabled": "no"}},
    {"attributes": {"exp": "2030-01-01"}},
    {"attributes": {"nbf": True}},
    {"tags": {"a": {}}},
    {"tags": {"a": "x" * 513}},
    {"tags": {"x" * 513: "a"}},
    {"tags": {str(number): "" for number in range(16)}},
]


@pytest.mark.parametrize("body", [*MISFITS, {"contentType": {}}, {"contentType": "x" * 256}])
def test_what_does_not_fit_a_secret_changes_none(officer: Azure, body: dict[str, Any]) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    before = officer.vault("GET", "/secrets/one").json()

    made = officer.vault("PUT", "/secrets/one", {"value": "2"} | body)
    changed = officer.vault("PATCH", "/secrets/one", body)

    assert error_of(made) == error_of(changed) == (400, "BadParameter")
    assert officer.vault("GET", "/secrets/one").json() == before


@pytest.mark.parametrize("body", MISFITS)
def test_what_does_not_fit_a_key_changes_none(azure: Azure, body: dict[str, Any]) -> None:
    azure.grant("Key Vault Administrator", azure.identity.object, azure.new_vault())
    before = azure.vault("POST", "/keys/one/create", {"kty": "EC"}).json()

    made = azure.vault("POST", "/keys/one/create", {"kty": "EC"} | body)
    changed = azure.vault("PATCH", "/keys/one", body)

    assert error_of(made) == error_of(changed) == (400, "BadParameter")
    assert azure.vault("GET", "/keys/one").json() == before


def test_what_the_vault_says_of_a_secret_nobody_else_can_say(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    before = officer.vault("GET", "/secrets/one").json()["attributes"]
    evil = {"recoverableDays": "evil", "recoveryLevel": "None", "created": 0}

    changed = officer.vault("PATCH", "/secrets/one", {"attributes": evil | {"exp": 1900000000}})
    officer.vault("DELETE", "/secrets/one")

    assert changed.json()["attributes"] == before | {"exp": 1900000000}
    assert officer.vault("GET", "/deletedsecrets").status_code == 200


def test_a_page_before_the_first_one_is_refused(officer: Azure) -> None:
    answer = officer.vault("GET", "/secrets", params={"$skiptoken": "-5"})

    assert error_of(answer) == (400, "BadParameter")


def test_a_verb_that_no_secret_has_is_refused_in_shape(officer: Azure) -> None:
    answer = officer.vault("POST", "/secrets/one")

    assert answer.json()["error"]["code"]


def test_a_long_list_comes_in_pages(officer: Azure) -> None:
    for number in range(30):
        officer.vault("PUT", f"/secrets/s{number:02}", {"value": "1"})

    first = officer.vault("GET", "/secrets").json()
    headers = officer.bearer("https://vault.azure.net")
    second = officer.http.get(first["nextLink"], headers=headers).json()

    assert (len(first["value"]), len(second["value"])) == (25, 5)
    assert second["nextLink"] is None


def test_a_deleted_secret_keeps_its_name_and_comes_back(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})

    deleted = officer.vault("DELETE", "/secrets/one").json()
    again = officer.vault("PUT", "/secrets/ONE", {"value": "2"})
    officer.vault("POST", "/deletedsecrets/one/recover")

    assert deleted["recoveryId"] == "https://lab-kv.vault.azure.net/deletedsecrets/one"
    assert (again.status_code, inner(again)) == (409, "ObjectIsDeletedButRecoverable")
    assert officer.vault("GET", "/secrets/one").json()["value"] == "1"


def test_a_purged_secret_leaves_its_name_free(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    officer.vault("DELETE", "/secrets/one")

    purged = officer.vault("DELETE", "/deletedsecrets/one")
    fresh = officer.vault("PUT", "/secrets/one", {"value": "2"})

    assert (purged.status_code, fresh.status_code) == (204, 200)


def test_a_protected_vault_purges_no_secret(officer: Azure) -> None:
    officer.arm("PATCH", VAULT, {"properties": {"enablePurgeProtection": True}})
    made = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    officer.vault("DELETE", "/secrets/one")

    refused = officer.vault("DELETE", "/deletedsecrets/one")

    assert made["attributes"]["recoveryLevel"] == "Recoverable"
    assert refused.status_code == 403
    assert officer.vault("GET", "/deletedsecrets/one").status_code == 200


def test_a_secret_is_kept_as_long_as_its_vault_says(azure: Azure) -> None:
    vault = azure.new_vault(softDeleteRetentionInDays=7)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, vault)
    made = azure.vault("PUT", "/secrets/one", {"value": "1"}).json()

    deleted = azure.vault("DELETE", "/secrets/one").json()

    assert made["attributes"]["recoveryLevel"] == "CustomizedRecoverable+Purgeable"
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 7 * 86400


def test_a_deletion_shows_only_after_a_while(slow_azure: Azure) -> None:
    azure = slow_azure
    vault = azure.new_vault()
    azure.pass_time(121)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, vault)
    azure.pass_time(181)
    azure.vault("PUT", "/secrets/one", {"value": "1"})
    azure.vault("DELETE", "/secrets/one")

    early = azure.vault("GET", "/deletedsecrets/one")
    reused = azure.vault("PUT", "/secrets/one", {"value": "2"})
    azure.pass_time(5)
    late = azure.vault("GET", "/deletedsecrets/one")

    assert error_of(early) == (404, "SecretNotFound")
    assert inner(reused) == "ObjectIsBeingDeleted"
    assert late.status_code == 200


def test_certificates_are_refused_plainly(officer: Azure) -> None:
    assert error_of(officer.vault("GET", "/certificates")) == (501, "SandboxUnsupported")


def test_who_keeps_secrets_sees_no_keys(officer: Azure) -> None:
    refused = officer.vault("GET", "/keys")

    assert (refused.status_code, inner(refused)) == (403, "ForbiddenByRbac")


def test_a_key_is_made_deleted_and_brought_back(azure: Azure) -> None:
    scope = azure.new_vault()
    azure.grant("Key Vault Administrator", azure.identity.object, scope)
    made = azure.vault("POST", "/keys/one/create", {"kty": "RSA"}).json()

    deleted = azure.vault("DELETE", "/keys/one").json()
    gone = azure.vault("GET", "/keys/one/")
    azure.vault("POST", "/deletedkeys/one/recover")
    back = azure.vault("GET", "/keys/one/").json()

    assert deleted["recoveryId"].endswith("/deletedkeys/one")
    assert error_of(gone) == (404, "KeyNotFound")
    assert back["key"]["n"] == made["key"]["n"]
