"""The refusals of Storage, in its XML."""

import uuid
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import Response

from sandbox import bodies

NOT_AUTHENTICATED = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is "
    "formed correctly including the signature."
)
NOT_AUTHORIZED = "This request is not authorized to perform this operation"
SERVER = "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0"


class StorageError(Exception):
    """An answer that Storage clients parse; `detail` is what failed about the authentication."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        detail: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}

    def response(self, request: Request, now: float) -> Response:
        """The whole answer; one to HEAD has its code in a header only."""
        own = str(uuid.uuid4())
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
        detail = f"<AuthenticationErrorDetail>{escape(self.detail)}</AuthenticationErrorDetail>"
        body = (
            '<?xml version="1.0" encoding="utf-8"?>'
            f"<Error><Code>{self.code}</Code>"
            f"<Message>{escape(str(self))}\nRequestId:{own}\nTime:{time}</Message>"
            f"{detail if self.detail else ''}</Error>"
        )
        headers = {"Server": SERVER, "x-ms-error-code": self.code, "x-ms-request-id": own}
        version = request.headers.get("x-ms-version")
        headers |= {"x-ms-version": version} if version else {}
        content = "" if request.method == "HEAD" else body
        return Response(content, self.status, headers | self.headers, "application/xml")


def not_authenticated(detail: str) -> StorageError:
    return StorageError(403, "AuthenticationFailed", NOT_AUTHENTICATED, detail=detail)


def no_permission() -> StorageError:
    return StorageError(
        403, "AuthorizationPermissionMismatch", f"{NOT_AUTHORIZED} using this permission."
    )


async def read(request: Request) -> bytes:
    """A body that is kept in memory: a list of blocks, a batch, a key that is asked for."""
    try:
        return await bodies.read(request.receive)
    except bodies.TooLargeError as error:
        raise StorageError(
            413,
            "RequestBodyTooLarge",
            "The request body is too large and exceeds the maximum permissible limit.",
            headers={"Connection": "close"},
        ) from error


def not_found() -> StorageError:
    return StorageError(404, "ResourceNotFound", "The specified resource does not exist.")


def unsupported(what: str) -> StorageError:
    """Say plainly that the sandbox, unlike Azure, cannot do this."""
    return StorageError(501, "SandboxUnsupported", f"{what} See docs/sandbox/storage.md.")
