"""Who the provider is to Azure: its settings, and tokens for them."""

import base64
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.transport import Transport
from sandbox.terraform_provider.values import Object

EARLY = 60  # Seconds before its end at which a token is renewed.
OTHER_WAYS = ("use_oidc", "use_msi", "use_aks_workload_identity")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Endpoints:
    """Where the services of a cloud are."""

    login: str = "https://login.microsoftonline.com"
    resource_manager: str = "https://management.azure.com"
    vault_domain: str = "vault.azure.net"

    @classmethod
    def described(cls, metadata: Mapping[str, Any]) -> "Endpoints":
        """Read what a metadata host says about its cloud."""
        return cls(
            metadata["authentication"]["loginEndpoint"].rstrip("/"),
            metadata["resourceManager"].rstrip("/"),
            metadata["suffixes"]["keyVaultDns"],
        )


@dataclass(frozen=True)
class Settings:
    """The provider block, completed by ARM_* variables."""

    subscription_id: str
    tenant_id: str
    client_id: str
    client_secret: str = field(repr=False)
    metadata_host: str | None = None
    features: Object = field(default_factory=dict)

    @classmethod
    def from_configuration(cls, block: Object) -> "Settings":
        def value(name: str) -> str | None:
            return block.get(name) or os.environ.get(f"ARM_{name.upper()}") or None

        def required(name: str) -> str:
            found = value(name)
            if found is None:
                raise ProviderError(
                    f"`{name}` is a required provider property",
                    f"Set {name} in the provider block, or ARM_{name.upper()} in the environment.",
                    (name,),
                )
            return found

        for way in OTHER_WAYS:
            if str(value(way) or "").lower() in ("true", "1"):
                raise ProviderError(
                    f"`{way}` is not supported by the sandbox's stand-in for azurerm",
                    f"Leave out {way} and ARM_{way.upper()}; sign in with ARM_CLIENT_ID and "
                    "ARM_CLIENT_SECRET, as `python -m sandbox env` prints them.",
                    (way,),
                )
        features = (block.get("features") or [{}])[0] or {}
        return cls(
            required("subscription_id"),
            required("tenant_id"),
            required("client_id"),
            required("client_secret"),
            block.get("metadata_host") or os.environ.get("ARM_METADATA_HOSTNAME") or None,
            features,
        )

    def feature(self, area: str, name: str, *, default: bool) -> bool:
        """A switch of the `features` block."""
        found = ((self.features.get(area) or [{}])[0] or {}).get(name)
        return default if found is None else bool(found)


def claims_of(token: str) -> Object:
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return dict(claims)


class Tokens:
    """Signs in with the client secret, once per audience and lifetime."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self.settings = settings
        self.transport = transport
        self.lock = threading.Lock()
        self.known: dict[str, tuple[str, float]] = {}
        self.endpoints = self.discover()

    def discover(self) -> Endpoints:
        host = self.settings.metadata_host
        if host is None:
            return Endpoints()
        url = f"https://{host}/metadata/endpoints?api-version=2022-09-01"
        reply = self.transport.send("GET", url, None, {"Accept": "application/json"})
        try:
            return Endpoints.described(reply.body)
        except (KeyError, TypeError) as error:
            raise ProviderError(
                f"{host} does not describe a cloud (status {reply.status}).",
                "Correct metadata_host or ARM_METADATA_HOSTNAME, or leave it out.",
            ) from error

    def bearer(self, audience: str) -> str:
        """A token for an audience such as `https://management.azure.com`."""
        with self.lock:
            token, until = self.known.get(audience, ("", 0.0))
            if until < time.monotonic():
                token, seconds = self.sign_in(audience)
                self.known[audience] = (token, time.monotonic() + seconds - EARLY)
            return token

    def sign_in(self, audience: str) -> tuple[str, int]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.client_id,
            "client_secret": self.settings.client_secret,
            "scope": f"{audience}/.default",
        }
        url = f"{self.endpoints.login}/{self.settings.tenant_id}/oauth2/v2.0/token"
        reply = self.transport.send("POST", url, urlencode(form).encode(), FORM)
        told = reply.body or {}
        if "access_token" not in told:
            reason = told.get("error_description") or told.get("error") or f"HTTP {reply.status}"
            raise ProviderError(
                "building account: could not acquire access token to parse claims: "
                f"clientCredentialsToken: received HTTP status {reply.status}",
                f"{reason}\n\nSet ARM_CLIENT_ID, ARM_CLIENT_SECRET and ARM_TENANT_ID.",
            )
        return told["access_token"], int(told.get("expires_in", 3600))

    def claims(self) -> Object:
        """Who we are, as the token says."""
        return claims_of(self.bearer(self.endpoints.resource_manager))
