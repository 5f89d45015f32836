"""Bodies of requests: whoever keeps one in memory has a budget for it."""

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUDGET = 4 * 1024 * 1024  # Bytes. Azure Resource Manager takes as much.
PATIENCE = 16  # Budgets: so much of a body is thrown away, that the client hears why.


class TooLargeError(Exception):
    """A body beyond its budget."""

    def __init__(self, budget: int) -> None:
        super().__init__(f"The body of the request is larger than {budget} bytes.")


async def read(receive: Receive, budget: int = BUDGET) -> bytes:
    """The whole body; of one that is too large nothing is kept."""
    kept, size = bytearray(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size <= budget:
            kept += part
        if size > budget * PATIENCE or not message.get("more_body", False):
            break
    if size > budget:
        raise TooLargeError(budget)
    return bytes(kept)


def refusal(error: TooLargeError) -> Response:
    """As Resource Manager and the data planes word their errors."""
    body = {"error": {"code": "RequestEntityTooLarge", "message": str(error)}}
    return JSONResponse(body, 413, {"Connection": "close"})


class Bounded:
    """Reads a body before the application does, which then has it at once and whole."""

    def __init__(
        self,
        inner: ASGIApp,
        budget: int = BUDGET,
        refusal: Callable[[TooLargeError], Response] = refusal,
    ) -> None:
        self.inner = inner
        self.budget = budget
        self.refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A request without a body, as most are, goes straight through."""
        if not any(
            name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"]
        ):
            await self.inner(scope, receive, send)
            return
        try:
            body = await read(receive, self.budget)
        except ClientDisconnect:
            return  # Nobody waits for the answer.
        except TooLargeError as error:
            await self.refusal(error)(scope, receive, send)
            return
        told = False

        async def again() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.inner(scope, again, send)
