"""The addresses under which clusters publish what verifies their service account tokens."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.arm import ArmError

ISSUERS = "*.oic.prod-aks.azure.com"


def create(keys_of: Callable[[str], dict[str, Any] | None]) -> ASGIApp:
    """The application behind the issuer addresses of all clusters, given the keys of each."""

    def asked(request: Request) -> tuple[str, dict[str, Any]]:
        path = request.url.path.partition(".well-known")[0].partition("openid/")[0]
        issuer = f"https://{request.scope['host']}{path}"
        keys = keys_of(issuer)
        if keys is None:
            raise ArmError(404, "NotFound", f"No cluster issues tokens as {issuer}.")
        return issuer, keys

    async def configuration(request: Request) -> Response:
        issuer, _ = asked(request)
        return JSONResponse(
            {
                "issuer": issuer,
                "jwks_uri": f"{issuer}openid/v1/jwks",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def published(request: Request) -> Response:
        return JSONResponse(asked(request)[1])

    async def refuse(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 404)

    return Starlette(
        routes=[
            Route("/{issuer:path}/.well-known/openid-configuration", configuration),
            Route("/{issuer:path}/openid/v1/jwks", published),
        ],
        exception_handlers={ArmError: refuse},
    )
