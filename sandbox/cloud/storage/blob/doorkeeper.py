"""Who may come to a storage account: transport, then who it is, then from where, then the right."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from starlette.requests import Request

from sandbox import arm
from sandbox.arm import Access, Caller, ResourceId, TokenError
from sandbox.cloud.storage import models
from sandbox.cloud.storage.blob import operations, signatures
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.errors import (
    NOT_AUTHORIZED,
    StorageError,
    no_permission,
    not_authenticated,
    not_found,
    unsupported,
)
from sandbox.cloud.storage.blob.operations import Operation
from sandbox.cloud.storage.blob.sas import DELEGATED, Signature
from sandbox.networks import OF_THE_INTERNET, Networks
from sandbox.store import Resource, Store

AUDIENCE = "https://storage.azure.com"
INSIDE = "10.0.0.4"  # The address of a caller inside a network.
ZONE = "privatelink.blob.core.windows.net"
DRIFT = 15 * 60.0  # Seconds by which the clock of a client may be wrong.
CHALLENGES = "2019-12-12"  # Since this version a stranger is told where to sign in.
TOKEN_REFUSALS = {
    "audience": "Audience validation failed. Audience did not match.",
    "expired": "Lifetime validation failed. The token is expired.",
}
TLS_VERSIONS = ("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3")


@dataclass(frozen=True)
class Visitor:
    """Who asks: a holder of the account's key, a principal, the bearer of a signature, anybody."""

    caller: Caller | None = None
    signature: Signature | None = None
    owner: bool = False
    """Knows a key of the account, which allows everything."""

    @property
    def anonymous(self) -> bool:
        return not (self.caller or self.signature or self.owner)


class Doorkeeper:
    """Refuses in the words of the service."""

    def __init__(self, store: Store, access: Access, networks: Networks) -> None:
        self.store = store
        self.access = access
        self.networks = networks

    def admit(self, request: Request, account: Resource, address: Address) -> Visitor:
        """Let somebody come as far as the account; what they may do there is another question."""
        check_transport(request, account)
        visitor = self.identify(request, account, address)
        self.check_network(request, account)
        return visitor

    # --- Who it is -----------------------------------------------------------------------------

    def identify(self, request: Request, account: Resource, address: Address) -> Visitor:
        scheme, _, proof = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return Visitor(caller=self.check_token(request))
        if scheme == "SharedKey":
            self.check_key(request, account, address, proof)
            return Visitor(owner=True)
        if scheme:
            raise unsupported(f"The authentication scheme {scheme} is not simulated.")
        if address.asked("sig"):
            return self.check_signature(account, address)
        self.check_public(request, account, address)
        return Visitor()

    def check_token(self, request: Request) -> Caller:
        try:
            return self.access.identify(request, AUDIENCE)
        except TokenError as error:
            detail = TOKEN_REFUSALS.get(error.reason, "Signature validation failed.")
            raise self.challenge("InvalidAuthenticationInfo", detail) from error

    def challenge(self, code: str, detail: str = "") -> StorageError:
        """Tell where a token for storage comes from."""
        where = f"https://login.microsoftonline.com/{self.store.tenant}/oauth2/authorize"
        return StorageError(
            401,
            code,
            "Server failed to authenticate the request. Please refer to the information in the "
            "www-authenticate header.",
            detail=detail,
            headers={
                "WWW-Authenticate": f"Bearer authorization_uri={where} resource_id={AUDIENCE}"
            },
        )

    def check_key(self, request: Request, account: Resource, address: Address, proof: str) -> None:
        name, _, signature = proof.partition(":")
        self.check_date(request)
        headers = request.headers.items()
        texts = [
            signatures.string_to_sign(request.method, headers, address, order)
            for order in (signatures.plain, signatures.wordwise)
        ]
        found = any(
            signatures.matches(signature, key, text) for key in keys(account) for text in texts
        )
        if name != address.account or not found:
            raise not_authenticated(
                f"The MAC signature found in the HTTP request '{signature}' is not the same as any "
                f"computed signature. Server used following string to sign: '{texts[0]}'."
            )
        check_keys_allowed(account)

    def check_date(self, request: Request) -> None:
        """An old request is no longer valid, so that a recorded one cannot be played again."""
        date = request.headers.get("x-ms-date") or request.headers.get("date") or ""
        try:
            age = self.store.now() - parsedate_to_datetime(date).timestamp()
        except ValueError as error:
            raise not_authenticated(f"Request date header is not valid: '{date}'") from error
        if abs(age) > DRIFT:
            raise not_authenticated(
                f"Request date header too {'old' if age > 0 else 'new'}: '{date}'"
            )

    def check_signature(self, account: Resource, address: Address) -> Visitor:
        signature, now = Signature(address), self.store.now()
        signature.check_form()
        if not signature.delegated:
            signature.check_signed(keys(account))
            signature.check_time(now, signature.get("st"), signature.get("se"))
            check_keys_allowed(account)
            return Visitor(signature=signature)
        fields = [signature.get(name) for name in DELEGATED]
        signature.check_signed([delegation_key(self.store, account, fields)])
        signature.check_time(now, signature.get("skt"), signature.get("ske"))
        signature.check_time(now, signature.get("st"), signature.get("se"))
        principal = self.store.principals.get(signature.get("skoid"))
        if principal is None:
            raise not_authenticated("The signing principal is not in the directory any more.")
        caller = Caller(principal.object_id, principal.application_id, self.store.tenant)
        return Visitor(caller=caller, signature=signature)

    def check_public(self, request: Request, account: Resource, address: Address) -> None:
        """A stranger sees what is public, and nothing where the account forbids that."""
        if account.properties.get("allowBlobPublicAccess"):
            if address.level == "service":
                raise not_found()
            return
        if request.headers.get("x-ms-version", "") >= CHALLENGES:
            raise self.challenge("NoAuthenticationInformation")
        raise StorageError(
            409,
            "PublicAccessNotPermitted",
            "Public access is not permitted on this storage account.",
        )

    # --- From where ----------------------------------------------------------------------------

    def check_network(self, request: Request, account: Resource) -> None:
        """Two gates that know nothing of each other: public access, and the firewall."""
        network, found = arm.network(request), account.properties
        if self.networks.reaches(network, account, request.scope["host"], ZONE):
            return
        public = found.get("publicNetworkAccess", "Enabled") == "Enabled"
        if public and self.networks.admits(network, found.get("networkAcls") or {}):
            return
        raise StorageError(403, "AuthorizationFailure", f"{NOT_AUTHORIZED}.")

    # --- With which right ----------------------------------------------------------------------

    def authorize(
        self,
        request: Request,
        visitor: Visitor,
        account: Resource,
        address: Address,
        operation: Operation,
    ) -> None:
        """Let the visitor do one thing; what is public, only the container knows."""
        if operation is operations.DELEGATION and (not visitor.caller or visitor.signature):
            raise not_authenticated("Only authentication scheme Bearer is supported")
        if visitor.anonymous and not operation.anonymous:
            raise not_found()
        if visitor.signature:
            visitor.signature.check_rights(
                operation,
                secure=request.scope["scheme"] == "https",
                client=INSIDE if arm.network(request) else OF_THE_INTERNET,
            )
        if visitor.caller:
            self.check_role(visitor.caller, account, address, operation)

    def check_role(
        self, caller: Caller, account: Resource, address: Address, operation: Operation
    ) -> None:
        scope = scope_of(account, address)
        if not self.access.allows(caller.object_id, operation.action, scope, data=operation.data):
            raise no_permission()


def find(store: Store, host: str) -> Resource | None:
    """The account with this address; it has one as soon as it is there."""
    name = host.partition(".")[0]
    found = (one for one in store.all(models.ACCOUNTS) if one.name == name)
    return next((one for one in found if one.state != "Creating"), None)


def scope_of(account: Resource, address: Address) -> ResourceId:
    """Where a role must be held: on the blob, or on something above it."""
    scope = account.id
    if address.container:
        scope = scope.child("blobServices", "default").child("containers", address.container)
    return scope.child("blobs", address.blob) if address.blob else scope


def keys(account: Resource) -> Sequence[bytes]:
    """The keys that are valid at this moment."""
    return [base64.b64decode(value) for value in account.secrets["keys"].values()]


def delegation_key(store: Store, account: Resource, fields: Sequence[str]) -> bytes:
    """The key that a principal was given, for the account's life or until all are revoked."""
    if "delegation" not in account.secrets:
        account.secrets["delegation"] = secrets.token_hex(32)
        store.touch()
    seed = account.secrets["delegation"]
    return hmac.digest(seed.encode(), "\n".join(fields).encode(), hashlib.sha256)


def check_transport(request: Request, account: Resource) -> None:
    found = account.properties
    if request.scope["scheme"] != "https":
        if found.get("supportsHttpsTrafficOnly", True):
            raise StorageError(
                400, "AccountRequiresHttps", "The account being accessed does not support http."
            )
        return
    spoken = str(request.scope.get("tls", "")).replace("v", "").replace(".", "_")
    wanted = str(found.get("minimumTlsVersion", "TLS1_0"))
    if spoken in TLS_VERSIONS and spoken < wanted:
        raise StorageError(
            400,
            "TlsVersionNotPermitted",
            "The TLS version of the connection is not permitted on this storage account.",
        )


def check_keys_allowed(account: Resource) -> None:
    if account.properties.get("allowSharedKeyAccess") is False:
        raise StorageError(
            403,
            "KeyBasedAuthenticationNotPermitted",
            "Key based authentication is not permitted on this storage account.",
        )
