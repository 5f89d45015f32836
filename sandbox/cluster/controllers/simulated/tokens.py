"""JSON Web Tokens as the Supabase services sign and check them: with what they started with."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import jwt

from sandbox.cluster.controllers.simulated.container import Container

# Where services find what verifies tokens; each holds a secret, an array of keys, or a key set.
SOURCES = (
    *("GOTRUE_JWT_KEYS", "GOTRUE_JWT_SECRET"),
    "PGRST_JWT_SECRET",
    *("JWT_JWKS", "AUTH_JWT_SECRET"),
    *("API_JWT_JWKS", "API_JWT_SECRET"),
    *("SUPABASE_JWKS", "JWT_SECRET"),
)
SHORTEST_SECRET = 32


class BadTokenError(Exception):
    """The token does not hold; the message is the library's."""


def key_set(text: str) -> list[dict[str, Any]]:
    """The keys in a JSON Web Key Set or in an array of keys; none where it is plain text."""
    try:
        found = json.loads(text)
    except ValueError:
        return []
    keys = found.get("keys") if isinstance(found, dict) else found
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


Verifier = tuple[str, str, Any]  # The algorithm, the id of the key if it has one, and the key.


def verifiers(container: Container) -> Iterator[Verifier]:
    """What a container accepts, from what it started with."""
    for name in SOURCES:
        yield from verifiers_in(container.env.get(name, ""))


@functools.lru_cache(maxsize=64)
def verifiers_in(text: str) -> tuple[Verifier, ...]:
    """The keys in one setting, read once: each request asks for them."""
    keys = key_set(text)
    found: list[Verifier] = [("HS256", "", text)] if text and not keys else []
    for key in keys:
        algorithm = "HS256" if key.get("kty") == "oct" else key.get("alg", "ES256")
        public = {part: value for part, value in key.items() if part != "d"}
        try:
            found.append((algorithm, key.get("kid", ""), jwt.PyJWK(public, algorithm).key))
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            continue  # The service would ignore it as well.
    return tuple(found)


def claims(token: str, container: Container) -> dict[str, Any]:
    """What a token says, after its signature and its expiry were checked."""
    options: Any = {"verify_aud": False}
    try:
        head = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise BadTokenError(str(error)) from error
    reason = f"no key of {container.name} is for {head.get('alg')}, {head.get('kid', 'no id')}"
    for algorithm, kid, key in verifiers(container):
        if algorithm != head.get("alg") or (kid and head.get("kid") not in (None, kid)):
            continue
        try:
            found: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm], options=options)
        except jwt.PyJWTError as error:
            reason = str(error)
        else:
            return found
    raise BadTokenError(reason)


def signing_keys(container: Container) -> list[dict[str, Any]]:
    """The keys with which GoTrue is told to sign: exactly one, where it is given any."""
    keys = key_set(container.env.get("GOTRUE_JWT_KEYS", ""))
    return [key for key in keys if "sign" in key.get("key_ops", ())]


def sign(container: Container, said: dict[str, Any]) -> str:
    """A token as GoTrue signs it: with its private key if it has one, else with its secret."""
    for key in signing_keys(container):
        if "d" in key:
            return jwt.encode(said, jwt.PyJWK(key), "ES256", headers={"kid": key["kid"]})
    return jwt.encode(said, container.env["GOTRUE_JWT_SECRET"], "HS256")


def public_keys(container: Container) -> list[dict[str, Any]]:
    """What GoTrue publishes: never a symmetric key, never a private part."""
    return [
        {part: value for part, value in key.items() if part != "d"} | {"key_ops": ["verify"]}
        for key in key_set(container.env.get("GOTRUE_JWT_KEYS", ""))
        if key.get("kty") != "oct"
    ]
