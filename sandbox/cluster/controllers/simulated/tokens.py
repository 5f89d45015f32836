"""JSON Web Tokens as the Supabase services check them: against the secret they started with."""

import base64
import json
from typing import Any

import jwt

from sandbox.cluster.controllers.simulated.container import Container

SECRETS = ("GOTRUE_JWT_SECRET", "PGRST_JWT_SECRET", "AUTH_JWT_SECRET", "JWT_SECRET")


class BadTokenError(Exception):
    """The token does not hold; the message is the library's."""


def secret_of(container: Container) -> str:
    """The symmetric key of a container, given as text or inside a JSON Web Key Set."""
    for name in SECRETS:
        value = container.env.get(name, "")
        if not value:
            continue
        try:
            keys = json.loads(value)["keys"]
        except (ValueError, TypeError, KeyError):
            return value
        symmetric = next((key["k"] for key in keys if key.get("kty") == "oct"), "")
        padded = symmetric + "=" * (-len(symmetric) % 4)
        return base64.urlsafe_b64decode(padded).decode(errors="replace")
    return ""


def claims(token: str, secret: str) -> dict[str, Any]:
    """What a token says, after its signature and its expiry were checked."""
    options: Any = {"verify_aud": False}
    try:
        found: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], options=options)
    except jwt.PyJWTError as error:
        raise BadTokenError(str(error)) from error
    return found
