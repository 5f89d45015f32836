"""Where a machine asks for tokens of its identities, instead of holding a secret."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import parse_qsl

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ArmError
from sandbox.cloud.managed_identity.models import IDENTITIES
from sandbox.store import Resource, Store

METADATA = "169.254.169.254"
VERSION = "2018-02-01"
APP_SERVICE, OLD_APP_SERVICE = "2019-08-01", "2017-09-01"
SHOWN_BY_APP_SERVICE = ("access_token", "client_id", "expires_on", "resource", "token_type")
OLD_TIME = "%m/%d/%Y %H:%M:%S +00:00"
# By the field that names it: the parameters in which all these endpoints take it.
NAMED = {
    "client": ("client_id", "clientid"),
    "object": ("object_id", "principal_id"),
    "resource": ("msi_res_id", "mi_res_id"),
}
Query = Mapping[str, str]


class RefusedError(Exception):
    """A machine gets no token; the code is that of OAuth."""

    def __init__(self, message: str, error: str = "invalid_request", status: int = 400) -> None:
        super().__init__(message)
        self.error = error
        self.status = status


@dataclass(frozen=True)
class Held:
    """An identity that a machine has."""

    resource: str
    client: str
    object: str

    @classmethod
    def of(cls, identity: Resource) -> "Held":
        found = identity.properties
        return cls(str(identity.id), found["clientId"], found["principalId"])


@dataclass(frozen=True)
class Machine:
    """A node of a cluster, as its metadata service describes it."""

    name: str
    group: str
    subscription: str
    location: str
    identities: tuple[Held, ...]


Vouch = Callable[[Held, str], str]
"""A token of the tenant for an identity and a service; raises `RefusedError`."""


def chosen(identities: Iterable[Held], query: Query) -> Held:
    """The identity that a request names, or the only one."""
    found = list(identities)
    named = False
    for field, names in NAMED.items():
        for wanted in (query[name].lower() for name in names if query.get(name)):
            named = True
            found = [one for one in found if str(getattr(one, field)).lower() == wanted]
    if not found:
        raise RefusedError("Identity not found")
    if len(found) > 1 and not named:
        raise RefusedError(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of "
            "the identity in the token request"
        )
    return found[0]


def needed(query: Query, name: str) -> str:
    if not query.get(name):
        raise RefusedError(f"Required query variable '{name}' is missing")
    return query[name]


def described(token: str, identity: Held, resource: str) -> dict[str, str]:
    """A token as the metadata service gives it: every number is a text."""
    claims = jwt.decode(token, options={"verify_signature": False})
    since, until = int(claims["nbf"]), int(claims["exp"])
    return {
        "access_token": token,
        "client_id": identity.client,
        "expires_in": str(until - since),
        "expires_on": str(until),
        "ext_expires_in": str(until - since),
        "not_before": str(since),
        "resource": resource,
        "token_type": "Bearer",
    }


async def refuse(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    body = {"error": error.error, "error_description": str(error)}
    return JSONResponse(body, error.status)


# --- Of a virtual machine -------------------------------------------------------------------------


class MetadataService:
    """What answers at 169.254.169.254 to programs on a machine, and to nobody else."""

    def __init__(self, machine: Callable[[str], Machine | None], vouch: Vouch) -> None:
        """`machine` knows where a caller in a network runs."""
        self.machine = machine
        self.vouch = vouch

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/metadata/identity/oauth2/token", self.token),
                Route("/metadata/instance", self.instance),
            ],
            exception_handlers={RefusedError: refuse},
        )

    def enter(self, request: Request) -> Machine:
        """A request that somebody was tricked into lacks the header, or comes through a proxy."""
        if request.headers.get("metadata", "").lower() != "true":
            raise RefusedError("Required metadata header not specified")
        if "x-forwarded-for" in request.headers:
            raise RefusedError("The request has an X-Forwarded-For header")
        needed(request.query_params, "api-version")
        machine = self.machine(arm.network(request))
        if machine is None:
            raise RefusedError("Identity not found")
        return machine

    async def token(self, request: Request) -> Response:
        machine, query = self.enter(request), request.query_params
        resource = needed(query, "resource")
        identity = chosen(machine.identities, query)
        return JSONResponse(described(self.vouch(identity, resource), identity, resource))

    async def instance(self, request: Request) -> Response:
        machine = self.enter(request)
        place = {
            "azEnvironment": "AzurePublicCloud",
            "location": machine.location,
            "name": machine.name,
            "osType": "Linux",
            "provider": "Microsoft.Compute",
            "resourceGroupName": machine.group,
            "subscriptionId": machine.subscription,
        }
        return JSONResponse({"compute": place, "network": {"interface": []}})


# --- Of an App Service ----------------------------------------------------------------------------


class LocalEndpoint:
    """Lets a program on this computer be one identity, as if App Service had started it."""

    def __init__(self, store: Store, vouch: Vouch, secret: str) -> None:
        self.store = store
        self.vouch = vouch
        self.secret = secret

    def proof(self, identity: Resource) -> str:
        """The header that whoever is this identity sends; the same while the sandbox runs."""
        return hmac.digest(self.secret.encode(), identity.id.key.encode(), sha256).hex()

    def find(self, name: str) -> Resource:
        """The identity with a name, a client id or an id."""
        every = self.store.all(IDENTITIES)
        for one in every:
            names = (one.name, str(one.id), one.properties["clientId"])
            if name.lower() in (known.lower() for known in names):
                return one
        there = ", ".join(sorted(one.name for one in every)) or "none"
        raise ArmError(404, "NotFound", f"The sandbox has no identity {name}. There are: {there}.")

    async def answer(self, request: Request) -> Response:
        """One address for all kinds of endpoint, which differ in their requests."""
        try:
            return JSONResponse(await self.token(request))
        except RefusedError as error:
            return await refuse(request, error)

    async def token(self, request: Request) -> dict[str, str]:
        query, headers = dict(request.query_params), request.headers
        if request.method == "POST":  # As in Cloud Shell.
            body = (await request.body()).decode("utf-8", "replace")
            query = {"api-version": VERSION} | dict(parse_qsl(body))
        offered = headers.get("x-identity-header") or headers.get("secret")
        identity = self.proven(offered or request.path_params.get("proof", ""))
        version = needed(query, "api-version")
        if version not in (VERSION, APP_SERVICE, OLD_APP_SERVICE):
            raise RefusedError(f"The api-version '{version}' is not supported")
        resource = needed(query, "resource")
        found = chosen([Held.of(identity)], query)
        shown = described(self.vouch(found, resource), found, resource)
        if version == OLD_APP_SERVICE:
            until = datetime.fromtimestamp(int(shown["expires_on"]), UTC)
            shown["expires_on"] = until.strftime(OLD_TIME)
        return shown if version == VERSION else {name: shown[name] for name in SHOWN_BY_APP_SERVICE}

    def proven(self, offered: str) -> Resource:
        for identity in self.store.all(IDENTITIES):
            if hmac.compare_digest(self.proof(identity).encode(), offered.encode()):
                return identity
        raise RefusedError("The identity header is missing or wrong", "unauthorized_client", 401)
