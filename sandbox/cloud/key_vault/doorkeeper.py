"""Who may come into a vault: token first, then the network, then the role."""

import re

from starlette.requests import Request

from sandbox import arm
from sandbox.arm import Access, ArmError, Caller, TokenError
from sandbox.networks import Networks, address_of
from sandbox.store import Resource, Store

AUDIENCE = "https://vault.azure.net"
ZONE = "privatelink.vaultcore.azure.net"
SPACE = "Microsoft.KeyVault/vaults"
POLICIES = {
    "create/action": "create",
    "read": "get",
    "getSecret/action": "get",
    "readMetadata/action": "list",
    "setSecret/action": "set",
    "update/action": "set",
    "delete": "delete",
    "recover/action": "recover",
    "purge/action": "purge",
}


class Doorkeeper:
    """Refuses in the order and in the words of the service."""

    def __init__(self, store: Store, access: Access, networks: Networks) -> None:
        self.store = store
        self.access = access
        self.networks = networks

    def identify(self, request: Request) -> Caller:
        """The caller; without a token the answer tells where to get one."""
        try:
            return self.access.identify(request, AUDIENCE)
        except TokenError as error:
            missing = "authorization" not in request.headers
            authority = f"https://login.microsoftonline.com/{self.store.tenant}"
            challenge = f'Bearer authorization="{authority}", resource="{AUDIENCE}"'
            message = "AKV10000: Request is missing a Bearer or PoP token."
            raise ArmError(
                401,
                "Unauthorized",
                message if missing else f"Error validating token: {error}",
                headers={"WWW-Authenticate": challenge},
            ) from error

    def admit(
        self, request: Request, vault: Resource, action: str, name: str = "", kind: str = "secrets"
    ) -> None:
        """Let the caller do something to a secret or key, or to all of them."""
        caller = self.identify(request)
        who = (
            f"appid={caller.application_id};oid={caller.object_id};"
            f"iss=https://sts.windows.net/{caller.tenant}/"
        )
        self.check_network(request, vault, who)
        if vault.properties.get("enableRbacAuthorization", True):
            self.check_role(vault, caller, who, f"{kind}/{action}", name)
        else:
            check_policy(vault, caller, who, action, kind)

    def check_network(self, request: Request, vault: Resource, who: str) -> None:
        """Two gates that know nothing of each other: public access, and the firewall."""
        network = arm.network(request)
        if self.networks.reaches(network, vault, request.scope["host"], ZONE):
            return
        where = f"Vault: {vault.name};location={vault.location}"
        if vault.properties.get("publicNetworkAccess") == "Disabled":
            raise ArmError(
                403,
                "Forbidden",
                "Public network access is disabled and request is not from a trusted service nor "
                f"via an approved private link.\r\nCaller: {who}\r\n{where}",
                inner="ForbiddenByConnection",
            )
        if self.networks.admits(network, vault.properties.get("networkAcls") or {}):
            return
        raise ArmError(
            403,
            "Forbidden",
            "Client address is not authorized and caller is not a trusted service.\r\n"
            f"Client address: {address_of(network)}\r\nCaller: {who}\r\n{where}",
            inner="ForbiddenByFirewall",
        )

    def check_role(self, vault: Resource, caller: Caller, who: str, action: str, name: str) -> None:
        kind = action.partition("/")[0]
        scope = vault.id.child(kind, name) if name else vault.id
        full = f"{SPACE}/{action}"
        if self.access.allows(caller.object_id, full, scope, data=True):
            return
        lowered = re.sub(
            r"(?<=/)(resourceGroups|providers/[^/]+)", lambda m: m[0].lower(), str(scope)
        )
        raise ArmError(
            403,
            "Forbidden",
            "Caller is not authorized to perform action on resource.\r\n"
            "If role assignments, deny assignments or role definitions were changed recently, "
            "please observe propagation time.\r\n"
            f"Caller: {who}\r\n"
            f"Action: '{full}'\r\n"
            f"Resource: '{lowered}'\r\n"
            "Assignment: (not found)\r\n"
            "DenyAssignmentId: null\r\n"
            "DecisionReason: 'DeniedWithNoValidRBAC' \r\n"
            f"Vault: {vault.name};location={vault.location}\r\n",
            inner="ForbiddenByRbac",
        )


def check_policy(vault: Resource, caller: Caller, who: str, action: str, kind: str) -> None:
    """The older way: each vault lists who may do what."""
    needed = POLICIES[action]
    for policy in vault.properties.get("accessPolicies") or []:
        granted = [str(one).lower() for one in policy.get("permissions", {}).get(kind) or []]
        if policy.get("objectId") == caller.object_id and {needed, "all"} & set(granted):
            if policy.get("applicationId"):  # Only for a user through that application.
                raise ArmError(
                    403,
                    "Forbidden",
                    f"The policy requires the caller '{who}' to use on-behalf-of (OBO) flow. For "
                    "more information on OBO, please see "
                    "https://go.microsoft.com/fwlink/?linkid=2152310",
                    inner="ForbiddenByPolicy",
                )
            return
    raise ArmError(
        403,
        "Forbidden",
        f"The user, group or application '{who}' does not have {kind} {needed} permission on key "
        f"vault '{vault.name};location={vault.location}'. For help resolving this issue, please "
        "see https://go.microsoft.com/fwlink/?linkid=2125287",
        inner="AccessDenied",
    )
