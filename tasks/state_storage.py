"""Where Terraform's state lies in Azure: what is there, and whether it lets us in."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.rest import HttpRequest, HttpResponse

from tasks import azure
from tasks.environment import Environment, State
from tasks.errors import NotReadyError, PreflightError, RefusedError
from tasks.step import step

GROUPS, STORAGE, LOCKS, ROLES = "2022-09-01", "2023-05-01", "2020-05-01", "2022-04-01"
AUDIENCE = "https://storage.azure.com/.default"
BLOBS = "2023-11-03"  # The version of Blob Storage's own interface.
NOTE = "terraformlockid"  # Where Terraform's backend keeps who holds the lease.
LOCK = PURPOSE = "terraform-state"
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"  # Storage Blob Data Contributor
OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"  # Storage Blob Data Owner
STEADY = 5  # Answers in a row that show that a role has spread.


@dataclass(frozen=True)
class Found:
    """Ids of what is there; empty for what is not."""

    group: str = ""
    account: str = ""
    container: str = ""
    lock: str = ""
    role: str = ""
    admitted: bool = False  # By a role on the account, or by one further up.
    location: str = ""
    ours: bool = True  # Nobody else made it.

    def assigns(self, state: State) -> bool:
        """Whether bootstrap has a role to assign."""
        return state.assign_role and not self.admitted

    def locks(self, state: State) -> bool:
        """Whether bootstrap has a lock to set."""
        return state.lock and not self.lock

    def given(self, state: State) -> dict[str, Any]:
        """The variables of the stack that completes it; what it shall not make, it leaves alone."""
        made = {"lock": state.lock, "role": state.assign_role}
        ids = {
            key: getattr(self, key)
            for key in ("group", "account", "container", "lock", "role")
            if made.get(key, True)
        }
        return {
            "resource_group": state.resource_group,
            "storage_account": state.storage_account,
            "container": state.container,
            "location": self.location or state.location,
            "replication": state.replication,
            "allowed": list(state.allowed),
            "lock": state.lock,
            "assign_role": bool(ids.get("role")) or self.assigns(state),
            "existing": {key: found for key, found in ids.items() if found},
        }


def group_id(environment: Environment) -> str:
    group = environment.state.resource_group
    return f"/subscriptions/{environment.subscription}/resourceGroups/{group}"


def account_id(environment: Environment) -> str:
    account = environment.state.storage_account
    return f"{group_id(environment)}/providers/Microsoft.Storage/storageAccounts/{account}"


@step("find-state-storage")
def require(environment: Environment) -> None:
    """Fail at once where the account is not there: Terraform itself would ask for it for ages."""
    if environment.state.kind == "local":
        return
    with azure.translated("The state's storage account"):
        found = azure.arm(account_id(environment), STORAGE)
    if found is None:
        raise PreflightError(
            f"The storage account {environment.state.storage_account} in the group "
            f"{environment.state.resource_group}, where Terraform keeps the state of "
            f"{environment.name}, is not there.",
            f"Run `python -m flows bootstrap --environment {environment.name}`, or deploy, which "
            "begins with it.",
        )


@step("look-at-state-storage")
def look(environment: Environment, caller: str) -> Found:
    """Find what is there of it, in our group; a name that is somebody else's is a complaint."""
    with azure.translated("The state's storage"):
        group = azure.arm(group_id(environment), GROUPS)
        account = azure.arm(account_id(environment), STORAGE) if group else None
        place = str((group or {}).get("location", ""))
        if account is None:
            _check_free(environment)
            if not (place or environment.state.location):
                raise PreflightError(
                    f"The state's storage account {environment.state.storage_account} is not "
                    "there, and nothing says where to make it.",
                    f"Set `location` below `state:` in deployments/{environment.name}.yaml.",
                )
            return Found(group=str((group or {}).get("id", "")), location=place)
        where = str(account["id"])
        container = f"{where}/blobServices/default/containers/{environment.state.container}"
        found = azure.arm(container, STORAGE)
        extension = f"{where}/providers/Microsoft.Authorization"
        locks = azure.arm(f"{extension}/locks", LOCKS) or {}
        roles = azure.arm(f"{extension}/roleAssignments", ROLES, filter=f"assignedTo('{caller}')")
        role, admitted = roles_of(where, (roles or {}).get("value", []))
    return Found(
        group=str((group or {}).get("id", "")),
        account=where,
        container=str(found["id"]) if found else "",
        lock=next((str(one["id"]) for one in locks.get("value", []) if one["name"] == LOCK), ""),
        role=role,
        admitted=admitted,
        location=str(account["location"]),
        ours=(account.get("tags") or {}).get("purpose") == PURPOSE,
    )


def roles_of(account: str, assignments: Iterable[Mapping[str, Any]]) -> tuple[str, bool]:
    """The id of our own assignment on the account, and whether any role lets us in."""
    role, admitted = "", False
    for one in assignments:
        properties = one["properties"]
        kind = str(properties["roleDefinitionId"]).rpartition("/")[2].lower()
        admitted = admitted or kind in {CONTRIBUTOR, OWNER}
        if kind == CONTRIBUTOR and str(properties["scope"]).lower() == account.lower():
            role = str(one["id"])
    return role, admitted


def _check_free(environment: Environment) -> None:
    name = environment.state.storage_account
    space = f"/subscriptions/{environment.subscription}/providers/Microsoft.Storage"
    body = {"name": name, "type": "Microsoft.Storage/storageAccounts"}
    answer = azure.arm(f"{space}/checkNameAvailability", STORAGE, body) or {}
    if not answer.get("nameAvailable", True):
        raise PreflightError(
            f"state.storage_account is {name}, and it is not in the group "
            f"{environment.state.resource_group}: {answer.get('message') or answer.get('reason')}",
            f"Choose another name in deployments/{environment.name}.yaml, or the group it is in.",
        )


@step("reach-state-storage")
def reach(environment: Environment) -> None:
    """Return when the container answers several times in a row: new roles flap."""
    for _ in range(STEADY):
        _look_inside(environment)


def _look_inside(environment: Environment) -> None:
    parameters = {"restype": "container", "comp": "list", "maxresults": "1"}
    answer = blob(environment, "GET", environment.state.container, parameters)
    code, name = answer.headers.get("x-ms-error-code", ""), environment.state.storage_account
    if answer.status_code == azure.NOT_FOUND:
        raise NotReadyError(f"{name} does not know its container yet ({code}).")
    if code == "AuthorizationPermissionMismatch":
        raise NotReadyError(
            f"{name} does not know our role yet (403 {code}).",
            "A new assignment takes minutes: docs/runbook.md, 'Access'.",
        )
    if answer.status_code >= azure.REFUSED:
        raise RefusedError(
            f"{name} keeps this address out ({answer.status_code} {code}).",
            "Add it to `allowed` below `state:`, run bootstrap from an address that is let in, or "
            "run inside the network.",
        )


def blob(
    environment: Environment,
    method: str,
    path: str,
    parameters: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """One request to the account's blobs; refusals are answers, and the caller reads them."""
    address = f"https://{environment.state.storage_account}.blob.core.windows.net/{path}"
    sent = {"x-ms-version": BLOBS, "Accept": "application/xml"} | dict(headers or {})
    request = HttpRequest(method, address, params=dict(parameters), headers=sent)
    with azure.translated(f"Storage account {environment.state.storage_account}"):
        return azure.send(request, AUDIENCE, accept=(403, 404, 409, 412))


def lock_note(environment: Environment, key: str) -> str | None:
    """What the holder of a blob's lease wrote down; None where nobody holds one."""
    path = f"{environment.state.container}/{key}"
    answer = blob(environment, "HEAD", path, {})
    if answer.headers.get("x-ms-lease-state") not in {"leased", "breaking"}:
        return None
    return base64.b64decode(answer.headers.get(f"x-ms-meta-{NOTE}", "")).decode(errors="replace")


@step("break-lease-{key}")
def break_lease(environment: Environment, key: str) -> None:
    """End the lease of a run that died, and remove its note."""
    path = f"{environment.state.container}/{key}"
    action = {"x-ms-lease-action": "break", "x-ms-lease-break-period": "0"}
    answer = blob(environment, "PUT", path, {"comp": "lease"}, action)
    if answer.status_code >= azure.REFUSED and answer.status_code != azure.NOT_FOUND:
        code = answer.headers.get("x-ms-error-code", "")
        raise RefusedError(
            f"The lease of {path} could not be broken ({answer.status_code} {code}).",
            "Break it in the portal: Storage browser, the container, the blob, Break lease.",
        )
    kept = {
        name: value
        for name, value in blob(environment, "HEAD", path, {}).headers.items()
        if name.lower().startswith("x-ms-meta-") and name.lower() != f"x-ms-meta-{NOTE}"
    }
    blob(environment, "PUT", path, {"comp": "metadata"}, kept)
