"""Access tokens: signed with RS256, checked by signature, audience and time."""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from jwt.types import Options
from starlette.requests import Request

from sandbox.arm import Caller, TokenError
from sandbox.store import Principal
from sandbox.weather import Weather

LIFETIME = 3599  # Seconds, as in an answer of Entra.
PROVEN = 1000  # Tokens whose signature need not be checked again.
UNTIMED: Options = {  # These are checked each time, against the clock of the sandbox.
    "verify_aud": False,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


def new_key() -> bytes:
    """A private signing key, as PEM."""
    return generate_private_key(65537, 2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )


class Tokens:
    """Issues and checks the access tokens of one tenant."""

    def __init__(
        self,
        tenant: str,
        pem: bytes,
        clock: Callable[[], float],
        weather: Weather | None = None,
    ) -> None:
        key = load_pem_private_key(pem, None)
        assert isinstance(key, RSAPrivateKey)  # noqa: S101  # `new_key` makes no other kind
        self.tenant = tenant
        self.issuer = f"https://sts.windows.net/{tenant}/"
        self._key = key
        self._public = key.public_key()
        self._clock = clock
        self._proven: dict[str, dict[str, Any]] = {}
        self._weather = weather or Weather(clock=clock)
        der = self._public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        digest = hashlib.sha256(der).digest()
        self._id = base64.urlsafe_b64encode(digest[:20]).decode().rstrip("=")

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set that proves the tokens."""
        found = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._public))
        used = {"use": "sig", "kid": self._id, "x5t": self._id, "issuer": self.issuer}
        return {"keys": [found | used]}

    def issue(self, principal: Principal, audience: str) -> str:
        """A token for one principal and one service."""
        now = int(self._clock())
        since, lifetime = now, LIFETIME
        wrong = self._weather.token(audience, principal.object_id, principal.application_id)
        if wrong:
            since += round(wrong.not_before)
            lifetime = LIFETIME if wrong.lifetime is None else round(wrong.lifetime)
        claims = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": since,
            "exp": since + lifetime,
            "appid": principal.application_id,
            "appidacr": "1",
            "idp": self.issuer,
            "idtyp": "app",
            "oid": principal.object_id,
            "sub": principal.object_id,
            "tid": self.tenant,
            "uti": uuid.uuid4().hex[:22],
            "ver": "1.0",
        }
        return jwt.encode(claims, self._key, "RS256", {"kid": self._id, "x5t": self._id})

    def check(self, token: str, audiences: tuple[str, ...]) -> Caller:
        """The caller that a token proves to a service with these names."""
        claims = self._claims(token)
        if str(claims["aud"]).rstrip("/") not in audiences:
            raise TokenError("The access token is for another service.", "audience")
        if claims["nbf"] > self._clock():
            raise TokenError("The access token is not yet valid: its nbf lies in the future.")
        if claims["exp"] < self._clock():
            raise TokenError(
                "The access token expiry UTC time is earlier than current UTC time.", "expired"
            )
        return Caller(claims["oid"], claims["appid"], claims["tid"])

    def _claims(self, token: str) -> dict[str, Any]:
        """What our signature vouches for; a signature is checked once, audience and time always."""
        known = self._proven.get(token)
        if known is None:
            try:
                known = jwt.decode(
                    token, self._public, ["RS256"], issuer=self.issuer, options=UNTIMED
                )
            except jwt.PyJWTError as error:
                raise TokenError(f"The access token is not valid: {error}.") from error
            if len(self._proven) >= PROVEN:
                self._proven.clear()
            self._proven[token] = known
        return known

    def identify(self, request: Request, *audiences: str) -> Caller:
        """The caller of a request, from its bearer token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise TokenError("The bearer token is missing.", "missing")
        return self.check(token.strip(), audiences)
