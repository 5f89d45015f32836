"""The gate of Azure Resource Manager: who asks, may they, and what is not there."""

import re
import uuid
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import arm, throttle
from sandbox.arm import Access, ArmError, Caller, ResourceId, TokenError, UnsupportedError
from sandbox.store import Resource, Store

AUDIENCES = (f"https://{arm.HOST}", "https://management.core.windows.net")
OPEN = ("/metadata/endpoints",)
_NAME, _AUTHORIZATION = "[^/]+", r"/providers/microsoft\.authorization"
_PLACE = f"/subscriptions/{_NAME}/providers/{_NAME}/locations/{_NAME}"
FREE = tuple(
    (verb, re.compile(f"^{path}/?$"))
    for verb, path in (
        ("GET", "/(subscriptions|tenants|providers)"),
        ("GET", f"/providers/{_NAME}"),
        ("GET", f"{_AUTHORIZATION}/(role|policy|policyset)definitions(/{_NAME})?"),
        ("GET", f"(/.+)?{_AUTHORIZATION}/permissions"),
        ("GET", f"{_PLACE}/operation(statuses|results)/{_NAME}"),
        ("POST", r"/providers/microsoft\.dbforpostgresql/getprivatednszonesuffix"),
    )
)
"""What everybody with a token may ask: who they are, what there is, and how it goes on."""
LOCKS = "Microsoft.Authorization/locks"
LEFT = "Microsoft.Resources/registrations"  # Namespaces that are not registered; our own kind.
CONDITIONAL = (
    "microsoft.authorization/roleassignments/write",
    "microsoft.authorization/roleassignments/delete",
)
API_VERSION = re.compile(rb"(^|&)api-version=", re.IGNORECASE)
CODES = {
    "missing": "AuthenticationFailed",
    "audience": "InvalidAuthenticationTokenAudience",
    "expired": "ExpiredAuthenticationToken",
    "invalid": "InvalidAuthenticationToken",
}


class Gate:
    """Lets a request through once its caller is known and holds the right."""

    def __init__(self, inner: ASGIApp, store: Store, access: Access) -> None:
        self.inner = inner
        self.store = store
        self.access = access
        self.throttle = throttle.Throttle(store.latency, store.now)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = tidied(scope)
        request = Request(scope)
        headers: dict[str, str] = {}
        send = numbered(send, request, headers)
        try:
            if scope["path"] not in OPEN:
                scope["caller"] = self.identify(request)
                headers |= self.count(request, scope["caller"])
                self.authorize(request, scope["caller"])
                self.check_locks(request)
                self.check_registration(request)
                check_media_type(request)
        except ArmError as error:
            await (await arm.answer(request, error))(scope, receive, send)
        else:
            await self.inner(scope, receive, send)

    def identify(self, request: Request) -> Caller:
        for audience in AUDIENCES:
            try:
                return self.access.identify(request, audience)
            except TokenError as error:
                refusal = error
                if error.reason != "audience":
                    break
        message = str(refusal)
        if refusal.reason == "missing":
            message = "Authentication failed. The 'Authorization' header is missing."
        authority = f"https://login.microsoftonline.com/{self.store.tenant}"
        challenge = (
            f'Bearer authorization_uri="{authority}", error="invalid_token", '
            f'error_description="{message}"'
        )
        headers = {"WWW-Authenticate": challenge}
        raise ArmError(401, CODES[refusal.reason], message, headers=headers)

    def count(self, request: Request, caller: Caller) -> dict[str, str]:
        """Everybody has a share of requests; what is left of it stands in the answer."""
        path = request.scope["path"]
        subscription = ResourceId.parse(path).subscription
        return throttle.admit(self.throttle, request.method, path, subscription, caller.object_id)

    def check_locks(self, request: Request) -> None:
        """A locked scope is not deleted, nor anything in it; a read-only one is not changed."""
        word = {"DELETE": "delete", "PUT": "write", "PATCH": "write", "POST": "write"}
        wanted = ResourceId.parse(request.scope["path"])
        if request.method not in word or wanted.kind.lower() == LOCKS.lower():
            return
        doing = word[request.method]
        held = [lock for lock in self.locks_on(wanted, doing) if locks(lock, doing)]
        if held:
            places = ",".join(str(lock.id.parent) for lock in held)
            raise ArmError(
                409,
                "ScopeLocked",
                f"The scope '{wanted}' cannot perform {doing} operation because following "
                f"scope(s) are locked: '{places}'. Please remove the lock and try again.",
            )

    def check_registration(self, request: Request) -> None:
        """Nothing is made in a namespace whose registration somebody has taken back."""
        wanted = ResourceId.parse(request.scope["path"])
        namespace = wanted.kind.partition("/")[0]
        place = f"/subscriptions/{self.store.subscription}/providers/{LEFT}/{namespace}"
        if request.method == "PUT" and self.store.find(place):
            raise ArmError(
                409,
                "MissingSubscriptionRegistration",
                f"The subscription is not registered to use namespace '{namespace}'. See "
                "https://aka.ms/rps-not-found for how to register subscriptions.",
            )

    def locks_on(self, wanted: ResourceId, doing: str) -> list[Resource]:
        """Those on it and above it; a deletion also meets those of everything inside."""
        return [
            lock
            for lock in self.store.all(LOCKS)
            if lock.id.parent.covers(wanted)
            or (doing == "delete" and wanted.covers(lock.id.parent))
        ]

    def authorize(self, request: Request, caller: Caller) -> None:
        """The action follows from method and path, so that no route can forget to ask."""
        path = request.scope["path"]
        action, scope = arm.required_action(request.method, path)
        if scope.subscription and scope.subscription.lower() != self.store.subscription:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{scope.subscription}' could not be found.",
            )
        lowered = path.lower()
        if any(verb == request.method and shape.match(lowered) for verb, shape in FREE):
            return
        if not self.access.allows(caller.object_id, action, scope):
            lacks = "authorization"
            if action.lower() in CONDITIONAL:  # A condition may have refused it as well.
                lacks = "authorization or an ABAC condition not fulfilled"
            raise ArmError(
                403,
                "AuthorizationFailed",
                f"The client '{caller.application_id}' with object id '{caller.object_id}' does "
                f"not have {lacks} to perform action '{action}' over scope '{scope}' or the "
                "scope is invalid. If access was recently granted, please refresh your "
                "credentials.",
            )


def tidied(scope: Scope) -> Scope:
    """A slash at the end of a path, and the letter case of `api-version`, mean nothing."""
    path, query = scope["path"], scope["query_string"]
    if path.endswith("/") and path.strip("/"):
        scope = {**scope, "path": path[:-1], "raw_path": scope["raw_path"].removesuffix(b"/")}
    if b"api-version" not in query:
        scope = {**scope, "query_string": API_VERSION.sub(rb"\1api-version=", query)}
    return scope


def check_media_type(request: Request) -> None:
    """What has a body that calls itself something else than JSON is not read."""
    told = request.headers.get("content-type", "").partition(";")[0].strip()
    empty = request.headers.get("content-length") == "0"
    if request.method in arm.SUFFIXES and told and not told.lower().endswith("json") and not empty:
        raise ArmError(
            415,
            "UnsupportedMediaType",
            f"The content media type '{told}' is not supported. Only 'application/json' is "
            "supported.",
        )


def locks(lock: Resource, doing: str) -> bool:
    """Does a lock forbid it: `CanNotDelete` only deletions, `ReadOnly` every change."""
    level = str(lock.properties.get("level", ""))
    return level == "ReadOnly" or (level == "CanNotDelete" and doing == "delete")


def numbered(send: Send, request: Request, more: dict[str, str]) -> Send:
    """Give each answer the ids by which Azure's support would find it, and `more` headers."""
    own = str(uuid.uuid4())
    correlation = request.headers.get("x-ms-correlation-request-id") or own
    found = {"x-ms-request-id": own, "x-ms-correlation-request-id": correlation}

    async def numbering(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(found | more)
        await send(message)

    return numbering


async def missing(request: Request, error: Exception) -> Response:
    """No route: the sandbox says that it is the sandbox that cannot do this."""
    if not isinstance(error, HTTPException):
        raise error
    action, _ = arm.required_action(request.method, request.scope["path"])
    return await arm.answer(
        request, UnsupportedError(f"The sandbox does not simulate {request.method} ({action}).")
    )


def create(routes: Iterable[Route], store: Store, access: Access) -> ASGIApp:
    """The application behind management.azure.com."""
    return Gate(Addresses(list(routes)), store, access)


class Addresses:
    """All routes of ARM; a request looks only at those of its provider and at the general ones."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes
        self._applications: dict[str, Starlette] = {}
        self._spaces = {space_of(route.path) for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        space = space_of(scope["path"])
        await self.application(space if space in self._spaces else "")(scope, receive, send)

    def application(self, space: str) -> Starlette:
        """Made when first asked: hundreds of patterns take a while to compile."""
        if space not in self._applications:
            chosen = [one for one in self.routes if space_of(one.path) in ("", space)]
            for route in chosen:  # Azure ignores the letter case of paths and keeps that of names.
                route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
            self._applications[space] = application(chosen)
        return self._applications[space]


def space_of(path: str) -> str:
    """The namespace of the provider that answers for a path, if the path names one."""
    _, found, rest = path.lower().rpartition("/providers/")
    space = rest.partition("/")[0] if found else ""
    return "" if space.startswith("{") else space


def application(routes: list[Route]) -> Starlette:
    made = Starlette(
        routes=routes,
        exception_handlers={
            ArmError: arm.answer,
            HTTPException: missing,
            Exception: arm.broken,
        },
    )
    made.router.redirect_slashes = False
    return made
