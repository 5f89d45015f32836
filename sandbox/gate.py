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

from sandbox import arm
from sandbox.arm import Access, ArmError, Caller, TokenError, UnsupportedError
from sandbox.store import Store

AUDIENCES = (f"https://{arm.HOST}", "https://management.core.windows.net")
OPEN = ("/metadata/endpoints",)
UNGUARDED = ("/operationstatuses/", "/operationresults/", "/microsoft.authorization/permissions")
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        send = numbered(send, request)
        try:
            if scope["path"] not in OPEN:
                scope["caller"] = self.identify(request)
                self.authorize(request, scope["caller"])
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

    def authorize(self, request: Request, caller: Caller) -> None:
        """The action follows from method and path, so that no route can forget to ask."""
        path = request.scope["path"]
        action, scope = arm.required_action(request.method, path)
        if not scope.subscription:
            return
        if scope.subscription.lower() != self.store.subscription:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{scope.subscription}' could not be found.",
            )
        if any(part in path.lower() + "/" for part in UNGUARDED):
            return
        if not self.access.allows(caller.object_id, action, scope):
            raise ArmError(
                403,
                "AuthorizationFailed",
                f"The client '{caller.application_id}' with object id '{caller.object_id}' does "
                f"not have authorization to perform action '{action}' over scope '{scope}' or the "
                "scope is invalid. If access was recently granted, please refresh your "
                "credentials.",
            )


def numbered(send: Send, request: Request) -> Send:
    """Give each answer the ids by which Azure's support would find it."""
    own = str(uuid.uuid4())
    correlation = request.headers.get("x-ms-correlation-request-id") or own
    found = {"x-ms-request-id": own, "x-ms-correlation-request-id": correlation}

    async def numbering(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(found)
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
    found = list(routes)
    for route in found:  # Azure ignores the letter case of paths and keeps that of names.
        route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
    application = Starlette(
        routes=found,
        exception_handlers={
            ArmError: arm.answer,
            HTTPException: missing,
            Exception: arm.broken,
        },
    )
    application.router.redirect_slashes = False
    return Gate(application, store, access)
