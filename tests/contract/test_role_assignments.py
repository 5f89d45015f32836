"""Role assignments through azure-mgmt-authorization, and through the module that we built on it."""

import time
import uuid
from dataclasses import dataclass

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from tasks import role_assignments
from tasks.errors import NotReadyError, RefusedError
from tests.contract.conftest import Cloud

READER = "Reader"


@dataclass(frozen=True)
class Wanted:
    """A role assignment, as Terraform's outputs describe it."""

    scope: str
    role: str
    principal_id: str
    purpose: str = "the contract"
    principal_type: str | None = None


def code_of(error: HttpResponseError) -> str:
    return str(error.error.code if error.error else "")


def test_a_role_is_found_by_its_name(cloud: Cloud) -> None:
    scope = f"/subscriptions/{cloud.subscription}"

    found = list(
        cloud.roles.role_definitions.list(scope, filter="roleName eq 'Key Vault Secrets User'")
    )

    assert [role.name for role in found] == ["4633458b-17de-408a-b874-0445c86b69e6"]
    permission = (found[0].permissions or [])[0]
    assert permission.data_actions == [
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
        "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    ]


def test_our_check_finds_the_callers_own_roles(cloud: Cloud) -> None:
    role_assignments.check.fn(cloud.subscription)


def test_an_assignment_is_listed_for_whom_it_is_and_where_it_holds(cloud: Cloud) -> None:
    principal = cloud.make_identity()
    made = cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")
    listed = cloud.roles.role_assignments.list_for_scope

    at_group = listed(cloud.group_id, filter="atScope()")
    to_principal = listed(cloud.group_id, filter=f"assignedTo('{principal}')")
    above = listed(f"/subscriptions/{cloud.subscription}", filter="atScope()")

    assert made.id in [one.id for one in at_group]
    assert [one.id for one in to_principal] == [made.id]
    assert made.id not in [one.id for one in above]


def test_our_confirmation_counts_what_azure_shows(cloud: Cloud) -> None:
    principal = cloud.make_identity()
    cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")
    wanted = (Wanted(cloud.group_id, READER, principal),)

    count = cloud.eventually(
        lambda: role_assignments.confirm.fn(cloud.subscription, wanted), NotReadyError
    )

    assert count == 1


def test_our_confirmation_names_what_azure_does_not_show(cloud: Cloud) -> None:
    stranger = Wanted(cloud.group_id, READER, str(uuid.uuid4()), "nobody reads")

    with pytest.raises(NotReadyError, match="1 of 1 role assignments yet: nobody reads"):
        role_assignments.confirm.fn(cloud.subscription, (stranger,))


def test_our_confirmation_asks_for_the_role_itself(cloud: Cloud) -> None:
    principal = cloud.make_identity()
    cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")
    other = Wanted(cloud.group_id, "Network Contributor", principal, "joins nodes")

    cloud.eventually(
        lambda: role_assignments.confirm.fn(
            cloud.subscription, (Wanted(cloud.group_id, READER, principal),)
        ),
        NotReadyError,
    )
    with pytest.raises(NotReadyError, match="1 of 1 role assignments yet: joins nodes"):
        role_assignments.confirm.fn(cloud.subscription, (other,))


def test_a_role_that_was_given_further_up_counts(cloud: Cloud) -> None:
    principal = cloud.make_identity()
    cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")
    vault = cloud.make_vault()
    wanted = (Wanted(vault.id, READER, principal),)

    count = cloud.eventually(
        lambda: role_assignments.confirm.fn(cloud.subscription, wanted), NotReadyError
    )

    assert count == 1


def test_an_owner_is_told_what_to_run_for_what_is_not_assigned(cloud: Cloud) -> None:
    stranger = Wanted(cloud.group_id, READER, str(uuid.uuid4()), "reads")

    with pytest.raises(NotReadyError) as refusal:
        role_assignments.confirm.fn(cloud.subscription, (stranger,), assigned=False)

    assert "az role assignment create --name " in refusal.value.hint
    assert f" --role {READER} " in refusal.value.hint
    assert stranger.principal_id in refusal.value.hint


def test_a_role_that_nobody_defined_is_named(cloud: Cloud) -> None:
    stranger = Wanted(cloud.group_id, "Reeder", str(uuid.uuid4()))

    with pytest.raises(RefusedError, match="knows no role 'Reeder'"):
        role_assignments.confirm.fn(cloud.subscription, (stranger,))


def test_the_same_grant_exists_once_whatever_its_name(cloud: Cloud) -> None:
    principal = cloud.make_identity()
    cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")

    with pytest.raises(ResourceExistsError) as refusal:
        cloud.assign(READER, principal, cloud.group_id, kind="ServicePrincipal")

    assert (refusal.value.status_code, code_of(refusal.value)) == (409, "RoleAssignmentExists")


def test_the_name_of_an_assignment_belongs_to_its_principal(cloud: Cloud) -> None:
    name = str(uuid.uuid4())
    cloud.assign(READER, cloud.make_identity(), cloud.group_id, name=name, kind="ServicePrincipal")

    with pytest.raises(HttpResponseError) as refusal:
        cloud.assign(
            READER, cloud.make_identity(), cloud.group_id, name=name, kind="ServicePrincipal"
        )

    assert refusal.value.status_code == 400
    assert code_of(refusal.value) == "RoleAssignmentUpdateNotPermitted"


def test_an_assignment_that_was_deleted_is_gone(cloud: Cloud) -> None:
    made = cloud.assign(READER, cloud.make_identity(), cloud.group_id, kind="ServicePrincipal")
    assert made.id is not None
    cloud.roles.role_assignments.delete_by_id(made.id)

    with pytest.raises(ResourceNotFoundError) as refusal:
        cloud.eventually(lambda: still_there(cloud, str(made.id)), TimeoutError)

    assert code_of(refusal.value) == "RoleAssignmentNotFound"


def still_there(cloud: Cloud, assignment: str) -> None:
    """Azure may show it for a moment longer."""
    cloud.roles.role_assignments.get_by_id(assignment)
    raise TimeoutError(f"{assignment} is still shown.")


def test_a_principal_that_nobody_knows_is_refused(cloud: Cloud) -> None:
    with pytest.raises(HttpResponseError, match="replication delay") as refusal:
        cloud.assign(READER, str(uuid.uuid4()), cloud.group_id)

    assert (refusal.value.status_code, code_of(refusal.value)) == (400, "PrincipalNotFound")


def test_a_principal_whose_kind_is_given_is_believed(cloud: Cloud) -> None:
    stranger = str(uuid.uuid4())

    made = cloud.assign(READER, stranger, cloud.group_id, kind="ServicePrincipal")

    assert made.principal_id == stranger


def test_a_new_principal_is_not_found_at_first_and_then_for_good(slow_cloud: Cloud) -> None:
    slow_cloud.role(READER)  # Signs in, so that nothing stands between the two requests below.
    principal, refusals = slow_cloud.make_identity(), []
    deadline = time.monotonic() + slow_cloud.patience

    while time.monotonic() < deadline:
        try:
            made = slow_cloud.assign(READER, principal, slow_cloud.group_id)
        except HttpResponseError as error:
            refusals.append(code_of(error))
            time.sleep(slow_cloud.pause)
        else:
            break

    assert set(refusals) <= {"PrincipalNotFound"}
    assert made.principal_type == "ServicePrincipal"
    assert refusals or slow_cloud.is_real  # Real Azure is sometimes quick.
