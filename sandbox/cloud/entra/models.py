"""Who may have a token: clients with a secret, and managed identities that others vouch for."""

import hashlib
import hmac
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt

from sandbox.arm import SUBSCRIPTION, TENANT
from sandbox.store import Principal, Resource, Store

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
CREDENTIALS = f"{IDENTITIES}/federatedIdentityCredentials"
RESOURCES = frozenset(
    {
        "https://management.azure.com",
        "https://management.core.windows.net",
        "https://vault.azure.net",
        "https://graph.microsoft.com",
        "https://storage.azure.com",
        "https://containerregistry.azure.net",
        "https://ossrdbms-aad.database.windows.net",
        "https://api.loganalytics.io",
        "https://monitor.azure.com",
        "6dae42f8-4368-4678-94ff-3960e28e3630",  # The API server of every AKS cluster.
        "https://dashboard.azure.com",
        "ce34e7e5-485f-4d76-964f-b3d2b16d1e4f",  # The same: Managed Grafana.
    }
)

Keys = Callable[[str], dict[str, Any] | None]
"""The JWKS of a token issuer, or None when nobody knows the issuer."""


class EntraError(Exception):
    """A refusal in the shape that MSAL and every OAuth client parse."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code

    def body(self, now: float) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {time}",
            "error_codes": [self.code],
            "timestamp": time,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }


@dataclass(frozen=True)
class Identity:
    """Who this cloud belongs to, and who deploys to it."""

    client: str
    object: str
    secret: str = field(repr=False)
    signing_key: bytes = field(repr=False)
    tenant: str = TENANT
    subscription: str = SUBSCRIPTION


@dataclass(frozen=True)
class Client:
    """An application with a secret: the deployer."""

    principal: Principal
    secret: str = field(repr=False)


class Directory:
    """Decides who gets a token, from clients with secrets and from the identities in the store."""

    def __init__(self, store: Store, clients: list[Client], keys: Keys) -> None:
        self.store = store
        self.clients = {client.principal.application_id: client for client in clients}
        self.keys = keys

    def check_tenant(self, tenant: str) -> None:
        if tenant.lower() not in (self.store.tenant, "common", "organizations"):
            raise EntraError(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID "
                "and are signing into the correct cloud. Check with your subscription "
                "administrator, this may happen if there are no active subscriptions for the "
                "tenant.",
            )

    def audience(self, scope: str) -> str:
        """The service that a scope such as `https://vault.azure.net/.default` is about."""
        named = next((one for one in scope.split() if one.endswith("/.default")), scope)
        audience = named.removesuffix(".default").rstrip("/")
        if audience.removeprefix("api://") not in RESOURCES:
            raise EntraError(
                400,
                "invalid_resource",
                500011,
                f"The resource principal named {audience} was not found in the tenant named "
                f"{self.store.tenant}. This can happen if the application has not been installed "
                "by the administrator of the tenant or consented to by any user in the tenant. "
                "You might have sent your authentication request to the wrong tenant.",
            )
        return audience

    def by_secret(self, application: str, secret: str) -> Principal:
        client = self.clients.get(application)
        if client is None:
            raise self.unknown(application)
        digests = [hashlib.sha256(text.encode()).digest() for text in (client.secret, secret)]
        if not hmac.compare_digest(*digests):
            raise EntraError(
                401,
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID, for a secret added to app "
                f"'{application}'.",
            )
        return client.principal

    def by_assertion(self, application: str, assertion: str) -> Principal:
        """A managed identity, when a federated credential trusts who signed the assertion."""
        identity = self.identity(application)
        claims = self._read(assertion)
        issuer, subject = str(claims.get("iss", "")), str(claims.get("sub", ""))
        named = claims.get("aud", "")
        audiences = [str(one) for one in (named if isinstance(named, list) else [named])]
        trusted = [one.properties for one in self.store.below(identity.id, CREDENTIALS)]
        for code, what, value, matching in (
            (700211, "issuer", issuer, [one for one in trusted if one["issuer"] == issuer]),
            (700213, "subject", subject, [one for one in trusted if one["subject"] == subject]),
            (
                700212,
                "audience",
                ", ".join(audiences),
                [one for one in trusted if set(one["audiences"]) & set(audiences)],
            ),
        ):
            trusted = [one for one in trusted if one in matching]
            if not trusted:
                raise EntraError(
                    401,
                    "invalid_client",
                    code,
                    f"No matching federated identity record found for presented assertion {what} "
                    f"'{value}'. Check your federated identity credential Subject, Audience and "
                    "Issuer against the presented assertion. "
                    "https://learn.microsoft.com/entra/workload-id/workload-identity-federation",
                )
        self._check_signature(assertion, issuer)
        return self.store.principals[identity.properties["principalId"]]

    def identity(self, application: str) -> Resource:
        """The user-assigned identity with this client id."""
        for found in self.store.all(IDENTITIES):
            if found.properties.get("clientId") == application:
                return found
        raise self.unknown(application)

    def unknown(self, application: str) -> EntraError:
        return EntraError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{application}' was not found in the directory "
            f"'{self.store.tenant}'. This can happen if the application has not been installed by "
            "the administrator of the tenant or consented to by any user in the tenant. You may "
            "have sent your authentication request to the wrong tenant.",
        )

    def _read(self, assertion: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise EntraError(
                400, "invalid_request", 50027, f"JWT token is invalid or malformed. {error}"
            ) from error
        return found

    def _check_signature(self, assertion: str, issuer: str) -> None:
        try:
            published = jwt.PyJWKSet.from_dict(self.keys(issuer) or {})
            key = published[jwt.get_unverified_header(assertion)["kid"]]
            jwt.decode(
                assertion,
                key,
                ["RS256", "ES256"],
                options={  # The claims are checked here, against the clock of the store.
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "require": ["exp"],
                },
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise EntraError(
                401,
                "invalid_client",
                700027,
                "The key was not found that signed the client assertion, or its signature is "
                f"wrong. Assertion issuer: '{issuer}'.",
            ) from error
        claims = self._read(assertion)
        if not claims.get("nbf", 0) - 300 <= self.store.now() <= claims["exp"]:
            raise EntraError(
                401,
                "invalid_client",
                700024,
                "Client assertion is not within its valid time range. Current time: "
                f"{self.store.timestamp()}, expiry time of assertion "
                f"{self.store.timestamp(claims['exp'])}.",
            )
