"""The data plane of `<name>.azurecr.io`: tokens for those with a role, then push and pull."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.arm import Caller, ResourceId, TokenError
from sandbox.cloud.container_registry import models
from sandbox.cloud.container_registry.catalogue import Catalogue
from sandbox.cloud.container_registry.contents import Manifest, Repository
from sandbox.cloud.container_registry.distribution import (
    Distribution,
    RegistryError,
    Right,
    application,
    host_of,
)
from sandbox.store import Resource, Store

AUDIENCES = ("https://containerregistry.azure.net", "https://management.azure.com")
NOBODY = "00000000-0000-0000-0000-000000000000"  # The user name that goes with a refresh token.
ACTIONS: dict[Right, str] = {
    "pull": f"{models.REGISTRIES}/pull/read",
    "push": f"{models.REGISTRIES}/push/write",
    "delete": f"{models.REGISTRIES}/artifacts/delete",
}
LIFETIME = {"refresh": 3 * 3600, "access": 3600}


class TokenAccess(Protocol):
    """Who holds a token, and may they."""

    def check(self, token: str, audience: str) -> Caller: ...
    def allows(
        self, object_id: str, action: str, scope: ResourceId, *, data: bool = False
    ) -> bool: ...


@dataclass(frozen=True)
class Ticket:
    """What a token of this registry stands for; no object id means its administrator."""

    kind: str
    host: str
    object_id: str
    until: float


class Registries:
    """All registries of the cloud, behind one pattern of host names."""

    def __init__(self, store: Store, access: TokenAccess) -> None:
        self.store = store
        self.access = access
        self.kept: dict[tuple[str, str], Repository] = {}
        self.tickets: dict[str, Ticket] = {}
        store.listen("deleted", models.REGISTRIES, self._forget)

    def repository(self, host: str, name: str, right: Right) -> Repository:
        """What has a name; only a push makes it, and whoever else asks finds it empty."""
        key, empty = (host, name.lower()), Repository(self.store.now)
        return self.kept.setdefault(key, empty) if right == "push" else self.kept.get(key, empty)

    def catalog(self, host: str) -> list[str]:
        """The names under which something is published."""
        held = self.kept.items()
        return sorted(name for (one, name), kept in held if one == host and kept.manifests)

    def drop(self, host: str, name: str) -> None:
        del self.kept[host, name.lower()]

    def registry(self, host: str) -> Resource:
        found = models.find(self.store, host.partition(".")[0])
        if found is None or found.state == "Creating":
            raise RegistryError(404, "NAME_UNKNOWN", f"There is no registry {host}.")
        return found

    def _forget(self, registry: Resource) -> None:
        host = models.login_server(registry.name)
        for key in [key for key in self.kept if key[0] == host]:
            del self.kept[key]

    # --- Restarts ------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Repositories, each content by itself, and who is signed in; no uploads under way."""
        found: dict[str, Any] = {"": {key: vars(one) for key, one in self.tickets.items()}}
        for (host, name), kept in self.kept.items():
            types = {key: manifest.media_type for key, manifest in kept.manifests.items()}
            found[f"{host} {name}"] = {"tags": kept.tags, "times": kept.times, "manifests": types}
            contents = kept.blobs | {key: one.content for key, one in kept.manifests.items()}
            found |= {f"{host} {name} {key}": content for key, content in contents.items()}
        return found

    def load(self, data: dict[str, Any]) -> None:
        self.tickets = {key: Ticket(**one) for key, one in data.pop("", {}).items()}
        self.kept.clear()
        for member, content in data.items():
            host, name, *digest = member.split(" ")
            kept, described = self.repository(host, name, "push"), data[f"{host} {name}"]
            if not digest:
                kept.tags, kept.times = content["tags"], content["times"]
            elif media_type := described["manifests"].get(digest[0]):
                kept.manifests[digest[0]] = Manifest(content, media_type)
            else:
                kept.blobs[digest[0]] = content

    # --- Tokens --------------------------------------------------------------------------------

    def ticket(self, kind: str, host: str, object_id: str) -> str:
        token, now = secrets.token_urlsafe(48), self.store.now()
        for expired in [key for key, one in self.tickets.items() if one.until < now]:
            del self.tickets[expired]
        until = now + LIFETIME[kind]
        self.tickets[token] = Ticket(kind, host, object_id, until)
        return token

    def proven(self, kind: str, host: str, token: str) -> Ticket:
        held = self.tickets.get(token)
        if held is None or (held.kind, held.host) != (kind, host) or held.until < self.store.now():
            raise unauthorized(host, "authentication required, visit https://aka.ms/acr/auth")
        return held

    async def exchange(self, request: Request) -> Response:
        """Entra's token becomes a refresh token of the registry."""
        host = host_of(request)
        token = (await fields_of(request)).get("access_token", "")
        for audience in AUDIENCES:
            try:
                caller = self.access.check(token, audience)
            except TokenError:
                continue
            return JSONResponse({"refresh_token": self.ticket("refresh", host, caller.object_id)})
        raise unauthorized(host, "the access token is not for this service or is not valid")

    async def token(self, request: Request) -> Response:
        """A refresh token, or a name and password, becomes an access token."""
        host = host_of(request)
        fields = await fields_of(request)
        if fields.get("grant_type") == "password":
            object_id = self.signed_in(host, fields.get("username", ""), fields.get("password", ""))
        elif "refresh_token" in fields:
            object_id = self.proven("refresh", host, fields["refresh_token"]).object_id
        else:
            object_id = self.signed_in(host, *basic(request))
        token = self.ticket("access", host, object_id)
        return JSONResponse({"access_token": token, "token": token, "expires_in": 3600})

    def signed_in(self, host: str, name: str, password: str) -> str:
        """The object id behind a name and password; empty for the registry's administrator."""
        if name == NOBODY:
            return self.proven("refresh", host, password).object_id
        registry = self.registry(host)
        held = registry.secrets["passwords"].values()
        known = any(secrets.compare_digest(password.encode(), one.encode()) for one in held)
        if registry.properties["adminUserEnabled"] and name == registry.name and known:
            return ""
        raise unauthorized(host, "authentication required, visit https://aka.ms/acr/auth")

    def authorize(self, request: Request, name: str, right: Right) -> None:
        host = host_of(request)
        registry = self.registry(host)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            object_id = self.proven("access", host, value).object_id
        elif scheme.lower() == "basic":
            object_id = self.signed_in(host, *basic(request))
        else:
            raise unauthorized(host, "authentication required", name, right)
        if object_id and not self.access.allows(object_id, ACTIONS[right], registry.id):
            raise RegistryError(
                403,
                "DENIED",
                f"requested access to the resource is denied: {right} of {host}/{name} needs the "
                f"role Acr{right.capitalize()} on {registry.id}.",
            )


def unauthorized(host: str, message: str, name: str = "", right: Right = "pull") -> RegistryError:
    """Say where a token is to be had."""
    challenge = f'Bearer realm="https://{host}/oauth2/token",service="{host}"'
    if name:
        rights = "pull" if right == "pull" else "pull,push"
        challenge += f',scope="repository:{name}:{rights}"'
    return RegistryError(401, "UNAUTHORIZED", message, {"WWW-Authenticate": challenge})


async def fields_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def basic(request: Request) -> tuple[str, str]:
    _, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def resolves(store: Store, host: str) -> bool:
    """Does the name exist: a registry has one as long as it lives."""
    return models.find(store, host.partition(".")[0]) is not None


def create(registries: Registries) -> Starlette:
    """The application behind every `*.azurecr.io`."""
    routes = [
        Route("/oauth2/exchange", registries.exchange, methods=["POST"]),
        Route("/oauth2/token", registries.token, methods=["GET", "POST"]),
        *Catalogue(registries).routes(),
    ]
    return application(Distribution(registries.authorize, registries.repository), routes)
