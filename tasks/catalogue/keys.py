"""The keys of Supabase's API: what signs them, what verifies them, and what clients hold."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tasks.catalogue.rotation import Rotation
from tasks.catalogue.secret import Facts, Secret, Values, compact

ISSUER = "supabase"
YEARS = 5
LIFETIME = YEARS * 365 * 24 * 3600
RENEW_BEFORE = 90 * 24 * 3600  # Seconds before its end: ours is made anew, clients' is warned of.

PROJECT = "supabase-self-hosted"  # Part of the checksum of every installation's opaque keys.
RANDOM, CHECKSUM = 22, 8  # Signs of an opaque key after its prefix.

Jwk = dict[str, Any]


def shared_key(name: str, role: str, rotation: Rotation, by: str, *readers: str) -> Secret:
    """A token for `role`, signed by the value of `by`, which its verifier knows, too."""

    def make(values: Values, _facts: Facts) -> str:
        return sign(role, values[by])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        return is_signed(value, role, values[by])

    form = f"HS256 token: role `{role}`, {YEARS} years"
    return Secret(name, "derived", readers, form, rotation, make, (by,), fits)


def opaque_key(prefix: str) -> str:
    """A key that says nothing by itself; its last signs tell a mistyped one from a wrong one."""
    word = prefix + secrets.token_urlsafe(RANDOM)[:RANDOM]
    return f"{word}_{checksum(word)}"


def checksum(word: str) -> str:
    return _text(hashlib.sha256(f"{PROJECT}|{word}".encode()).digest())[:CHECKSUM]


def sign(role: str, secret: str) -> str:
    return jwt.encode(_claims(role), secret, algorithm="HS256")


def sign_asymmetric(role: str, key: Jwk) -> str:
    return jwt.encode(_claims(role), jwt.PyJWK(key), "ES256", headers={"kid": key["kid"]})


def is_signed(token: str, role: str, secret: str) -> bool:
    """Whether the key belongs to this JWT secret and lives long enough."""
    return not refusal(token, role, secret) and end(token) is not None and not ends_soon(token)


def refusal(token: str, role: str, secret: str) -> str:
    """Why services that know this secret refuse the key as one of the role."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"])
    except jwt.InvalidSignatureError:
        return "was not signed by jwt-secret"
    except jwt.ExpiredSignatureError:
        return "has expired"
    except jwt.InvalidTokenError:
        return "is no HS256 token"
    return "" if claims.get("role") == role else f"is not for the role {role}"


def end(token: str) -> int | None:
    """The second of its end, as it says itself; None where it never ends."""
    told = jwt.decode(token, options={"verify_signature": False}).get("exp")
    return None if told is None else int(told)


def ends_soon(token: str) -> bool:
    last = end(token)
    return last is not None and last <= time.time() + RENEW_BEFORE


def is_signed_asymmetric(token: str, role: str, key: Jwk) -> bool:
    """Whether the token belongs to this private key, names it, and lives long enough."""
    try:
        named = jwt.get_unverified_header(token).get("kid") == key["kid"]
        claims = jwt.decode(token, jwt.PyJWK(public(key)), algorithms=["ES256"], issuer=ISSUER)
    except jwt.InvalidTokenError:
        return False
    return named and _lasts(claims, role)


# --- Sets of keys: auth signs with the one whose `key_ops` say so, and refuses a second of these --


def new_key() -> Jwk:
    """A private key that signs."""
    key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    about = {"kid": str(uuid.uuid4()), "use": "sig", "key_ops": ["sign", "verify"], "alg": "ES256"}
    return {"kty": "EC", **about, "ext": True} | {
        part: key[part] for part in ("crv", "x", "y", "d")
    }


def signing(key: Jwk) -> Jwk:
    return key | {"key_ops": ["sign", "verify"]}


def waiting(key: Jwk) -> Jwk:
    """Verifies, and keeps its private part for the day on which it signs."""
    return key | {"key_ops": ["verify"]}


def public(key: Jwk) -> Jwk:
    """Verifies for good: nobody signs with it any more."""
    return {name: part for name, part in key.items() if name != "d"} | {"key_ops": ["verify"]}


def shared(secret: str) -> Jwk:
    return {"kty": "oct", "k": _text(secret.encode()), "alg": "HS256"}


def private_set(ring: Sequence[Jwk], secret: str) -> str:
    """For auth: what signs, what only verifies, and the secret of the old kind."""
    return compact([signing(ring[0]), *ring[1:], shared(secret)])


def public_set(ring: Sequence[Jwk], secret: str) -> str:
    """For those who verify."""
    return compact({"keys": [*map(public, ring), shared(secret)]})


def ring_of(private: str) -> list[Jwk]:
    """The elliptic keys of a private set, the signing one first; none when nothing can sign."""
    try:
        first, *others = json.loads(private)
        jwt.encode({}, jwt.PyJWK(first), "ES256", headers={"kid": first["kid"]})
        ring = [first, *(key for key in others if key["kty"] == "EC")]
        usable = "d" in first and all(jwt.PyJWK(key) and key["kid"] for key in ring)
    except (ValueError, LookupError, TypeError, AttributeError, jwt.PyJWTError):
        return []
    return ring if usable else []


def _claims(role: str) -> dict[str, Any]:
    """As Supabase's own generator makes them: no subject, no audience."""
    now = int(time.time())
    return {"role": role, "iss": ISSUER, "iat": now, "exp": now + LIFETIME}


def _lasts(claims: dict[str, Any], role: str) -> bool:
    return claims.get("role") == role and claims.get("exp", 0) > time.time() + RENEW_BEFORE


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
