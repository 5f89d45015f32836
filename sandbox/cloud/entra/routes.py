"""Entra's token endpoint and what clients read before they ask it."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.cloud.entra.models import Directory, EntraError
from sandbox.cloud.entra.tokens import LIFETIME, Tokens

HOST = "login.microsoftonline.com"
HOSTS = (HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net")
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def needed(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise EntraError(
            400,
            "invalid_request",
            900144,
            f"The request body must contain the following parameter: '{name}'.",
        )
    return form[name]


def discovery(tenant: str, version: str) -> dict[str, Any]:
    """The openid-configuration of a tenant."""
    base = f"https://{HOST}/{tenant}"
    path = f"{base}/oauth2{version}"
    issuer = f"{base}/v2.0" if version else f"https://sts.windows.net/{tenant}/"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{path}/authorize",
        "token_endpoint": f"{path}/token",
        "jwks_uri": f"{base}/discovery{version}/keys",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    }


def create(directory: Directory, tokens: Tokens) -> Starlette:
    """The application behind login.microsoftonline.com."""

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        directory.check_tenant(request.path_params["tenant"])
        grant = needed(form, "grant_type")
        if grant != "client_credentials":
            raise EntraError(
                400,
                "unsupported_grant_type",
                70003,
                f"The app requested an unsupported grant type '{grant}'. "
                "The sandbox knows client_credentials.",
            )
        application = needed(form, "client_id")
        audience = directory.audience(form.get("resource") or needed(form, "scope"))
        if form.get("client_assertion_type") == ASSERTION:
            assertion = needed(form, "client_assertion")
            principal = directory.by_assertion(application, assertion)
        else:
            principal = directory.by_secret(application, needed(form, "client_secret"))
        # For the log of requests.
        request.scope["caller"] = arm.Caller(principal.object_id, principal.application_id)
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "ext_expires_in": LIFETIME,
            "access_token": tokens.issue(principal, audience),
        }
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    async def configuration(request: Request) -> Response:
        directory.check_tenant(request.path_params["tenant"])
        version = "/v2.0" if "v2.0" in request.url.path else ""
        return JSONResponse(discovery(directory.store.tenant, version))

    async def instance(_request: Request) -> Response:
        aliases = [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
        known = {"preferred_network": HOST, "preferred_cache": "login.windows.net"}
        address = f"https://{HOST}/{directory.store.tenant}/v2.0/.well-known/openid-configuration"
        return JSONResponse(
            {
                "tenant_discovery_endpoint": address,
                "api-version": "1.1",
                "metadata": [known | {"aliases": aliases}],
            }
        )

    async def keys(_request: Request) -> Response:
        return JSONResponse(tokens.keys())

    async def refuse(_request: Request, error: Exception) -> Response:
        if not isinstance(error, EntraError):
            raise error
        return JSONResponse(error.body(directory.store.now()), error.status)

    return Starlette(
        routes=[
            Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
            Route("/{tenant}/oauth2/token", token, methods=["POST"]),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
            Route("/{tenant}/.well-known/openid-configuration", configuration),
            Route("/{tenant}/discovery/instance", instance),
            Route("/{tenant}/discovery/v2.0/keys", keys),
            Route("/{tenant}/discovery/keys", keys),
        ],
        exception_handlers={EntraError: refuse, HTTPException: arm.unrouted, Exception: arm.broken},
    )
