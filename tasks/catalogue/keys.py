"""The keys of Supabase's API: what signs them, what verifies them, and what clients hold."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tasks.catalogue.secret import Facts, Secret, Values, derived

ISSUER = "supabase"
YEARS = 5
LIFETIME = YEARS * 365 * 24 * 3600
RENEW_BEFORE = 90 * 24 * 3600  # Seconds before a key ends at which it is made anew.

PROJECT = "supabase-self-hosted"  # Part of the checksum of every installation's opaque keys.
RANDOM, CHECKSUM = 22, 8  # Signs of an opaque key after its prefix.


def shared_key(name: str, role: str, *readers: str, by: str = "jwt-secret") -> Secret:
    """A token for `role`, signed by what its verifier knows, too: an API key of the old kind."""

    def make(values: Values, _facts: Facts) -> str:
        return sign(role, values[by])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        return is_signed(value, role, values[by])

    form = f"HS256 token: role `{role}`, {YEARS} years"
    return Secret(name, "derived", readers, form, make, (by,), fits)


def asymmetric_key(name: str, role: str, *readers: str) -> Secret:
    """What the gateway puts in the place of an opaque key: a token of the private key."""

    def make(values: Values, _facts: Facts) -> str:
        return sign_asymmetric(role, values["jwt-keys"])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        return is_signed_asymmetric(value, role, values["jwt-keys"])

    form = f"ES256 token: role `{role}`, {YEARS} years"
    return Secret(name, "derived", readers, form, make, ("jwt-keys",), fits)


def signing_keys(name: str, *readers: str) -> Secret:
    """The private key of this installation beside its JWT secret; each survives the other."""

    def make(values: Values, _facts: Facts) -> str:
        own = private_part(values.get(name, "")) or new_private_part()
        return compact([own, shared_part(values["jwt-secret"])])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        own = private_part(value)
        return own is not None and value == compact([own, shared_part(values["jwt-secret"])])

    form = "JSON array of JWK: a private ES256 key, and `jwt-secret` as `oct`"
    return Secret(name, "derived", readers, form, make, ("jwt-secret",), fits)


def verifying_keys(name: str, *readers: str) -> Secret:
    """What services verify tokens with: public part and shared secret."""

    def make(values: Values, _facts: Facts) -> str:
        own, shared = json.loads(values["jwt-keys"])
        public = {key: part for key, part in own.items() if key != "d"} | {"key_ops": ["verify"]}
        return compact({"keys": [public, shared]})

    form = "JWKS: the public ES256 key, and `jwt-secret` as `oct`"
    return derived(name, form, ("jwt-keys",), make, *readers)


def opaque_key(prefix: str) -> str:
    """A key that says nothing by itself; its last signs tell a mistyped one from a wrong one."""
    word = prefix + secrets.token_urlsafe(RANDOM)[:RANDOM]
    return f"{word}_{checksum(word)}"


def checksum(word: str) -> str:
    return _text(hashlib.sha256(f"{PROJECT}|{word}".encode()).digest())[:CHECKSUM]


def sign(role: str, secret: str) -> str:
    return jwt.encode(_claims(role), secret, algorithm="HS256")


def sign_asymmetric(role: str, keys: str) -> str:
    own = json.loads(keys)[0]
    return jwt.encode(_claims(role), jwt.PyJWK(own), "ES256", headers={"kid": own["kid"]})


def is_signed(token: str, role: str, secret: str) -> bool:
    """Whether the key belongs to this JWT secret and lives long enough."""
    try:
        claims = jwt.decode(token, secret, algorithms=["HS256"], issuer=ISSUER)
    except jwt.InvalidTokenError:
        return False
    return _lasts(claims, role)


def is_signed_asymmetric(token: str, role: str, keys: str) -> bool:
    """Whether the token belongs to this private key, names it, and lives long enough."""
    own = json.loads(keys)[0]
    public = jwt.PyJWK({key: part for key, part in own.items() if key != "d"})
    try:
        named = jwt.get_unverified_header(token).get("kid") == own["kid"]
        claims = jwt.decode(token, public, algorithms=["ES256"], issuer=ISSUER)
    except jwt.InvalidTokenError:
        return False
    return named and _lasts(claims, role)


def new_private_part() -> dict[str, Any]:
    key = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    about = {"kid": str(uuid.uuid4()), "use": "sig", "key_ops": ["sign", "verify"], "alg": "ES256"}
    return {"kty": "EC", **about, "ext": True} | {
        part: key[part] for part in ("crv", "x", "y", "d")
    }


def private_part(keys: str) -> dict[str, Any] | None:
    """The private key in an existing value; None when there is none that can sign."""
    try:
        own: dict[str, Any] = json.loads(keys)[0]
        jwt.encode({}, jwt.PyJWK(own), "ES256", headers={"kid": own["kid"]})
    except (ValueError, LookupError, TypeError, AttributeError, jwt.PyJWTError):
        return None
    return own if "d" in own else None


def shared_part(secret: str) -> dict[str, str]:
    return {"kty": "oct", "k": _text(secret.encode()), "alg": "HS256"}


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _claims(role: str) -> dict[str, Any]:
    """As Supabase's own generator makes them: no subject, no audience."""
    now = int(time.time())
    return {"role": role, "iss": ISSUER, "iat": now, "exp": now + LIFETIME}


def _lasts(claims: dict[str, Any], role: str) -> bool:
    return claims.get("role") == role and claims.get("exp", 0) > time.time() + RENEW_BEFORE


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
