"""Who asks: bearer tokens of the administrator, of Entra callers, and of service accounts."""

import functools
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from sandbox.cluster.api.errors import ApiError, unauthorized
from sandbox.cluster.api.storage import Object, Storage
from sandbox.cluster.settings import Settings

SERVICE_ACCOUNTS = ("", "serviceaccounts")
MASTERS = "system:masters"
SERVICE_ACCOUNT_PARTS = 4  # system:serviceaccount:<namespace>:<name>
SHORTEST, USUAL = 600, 3600  # Seconds that a token lives.


@dataclass(frozen=True)
class User:
    """Somebody whom the API knows."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    object_id: str = ""  # Of an Entra caller, whom the cloud authorises.
    extra: dict[str, list[str]] = field(default_factory=dict, compare=False)

    @property
    def info(self) -> dict[str, Any]:
        """As SelfSubjectReview shows it."""
        info: dict[str, Any] = {"username": self.name, "groups": list(self.groups)}
        return (
            info
            | ({"uid": self.uid} if self.uid else {})
            | ({"extra": self.extra} if self.extra else {})
        )


ADMINISTRATOR = User("clusterAdmin", (MASTERS, "system:authenticated"))


class Authenticator:
    """Issues tokens, and tells whose token a request carries."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage
        self._users: dict[str, User] = {}
        self._entra: dict[str, str] = {}
        self._pem = ""
        self.admin_token = self._opaque(ADMINISTRATOR)

    def _opaque(self, user: User, token: str = "") -> str:
        token = token or secrets.token_urlsafe(32)
        self._users[token] = user
        return token

    def entra_token(self, object_id: str, token: str = "") -> str:
        """The same token each time for the same caller."""
        if object_id not in self._entra:
            user = User(object_id, ("system:authenticated",), object_id=object_id)
            self._entra[object_id] = self._opaque(user, token)
        return self._entra[object_id]

    def dump(self) -> dict[str, Any]:
        """The tokens that clients hold, and the key that signs those of service accounts."""
        return {"admin": self.admin_token, "entra": dict(self._entra), "key": self._pem}

    def load(self, data: dict[str, Any]) -> None:
        """Whoever held a token before holds it still."""
        self._users.clear()
        self._entra.clear()
        self.admin_token = self._opaque(ADMINISTRATOR, data["admin"])
        for object_id, token in data["entra"].items():
            self.entra_token(object_id, token)
        self._pem = data["key"]
        vars(self).pop("_key", None)

    def user(self, authorization: str) -> User:
        """The sender of a request, or 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized()
        return self._proven(token, self.audiences)

    def _proven(self, token: str, audiences: list[str]) -> User:
        """Whose token it is; those of Entra are shown to the cloud, which issued them."""
        known = self._users.get(token)
        if known is None and (object_id := self._settings.identify(token)):
            known = self._users[self.entra_token(object_id)]
        return known or self._service_account(token, audiences)

    def impersonated(self, name: str, groups: list[str]) -> User:
        """The user for whom somebody acts."""
        parts = name.split(":")
        if parts[:2] == ["system", "serviceaccount"] and len(parts) == SERVICE_ACCOUNT_PARTS:
            groups = [*groups, "system:serviceaccounts", f"system:serviceaccounts:{parts[2]}"]
        return User(name, (*groups, "system:authenticated"))

    # --- Service accounts ------------------------------------------------------------------------

    @functools.cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        """Made when first needed, which takes a moment; or the one of before a restart."""
        if self._pem:
            known = serialization.load_pem_private_key(self._pem.encode(), None)
            assert isinstance(known, rsa.RSAPrivateKey)  # noqa: S101  # Nothing else is written.
            return known
        new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        self._pem = new.private_bytes(*form, serialization.NoEncryption()).decode()
        return new

    @functools.cached_property
    def _key_id(self) -> str:
        numbers = self._key.public_key().public_numbers()
        return hashlib.sha256(str(numbers.n).encode()).hexdigest()[:40]

    @property
    def audiences(self) -> list[str]:
        """For whom a token is, when nobody else is named."""
        return [f"https://{self._settings.fqdn}", self._settings.issuer]

    def issuer_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set of service account tokens."""
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        wanted = {name: public[name] for name in ("kty", "n", "e")}
        return {"keys": [{"use": "sig", "kid": self._key_id, "alg": "RS256", **wanted}]}

    def issue(self, account: Object, request: Object) -> Object:
        """Answer a TokenRequest: the status with the token."""
        spec = request.get("spec") or {}
        seconds = max(SHORTEST, int(spec.get("expirationSeconds") or USUAL))
        namespace, name = account["metadata"]["namespace"], account["metadata"]["name"]
        issued = int(time.time())
        bound: dict[str, Any] = {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
        }
        if reference := spec.get("boundObjectRef"):
            kind = reference.get("kind", "Pod").lower()
            bound[kind] = {key: reference.get(key, "") for key in ("name", "uid")}
        claims = {
            "aud": spec.get("audiences") or self.audiences[:1],
            "exp": issued + seconds,
            "iat": issued,
            "iss": self._settings.issuer,
            "jti": str(uuid.uuid4()),
            "kubernetes.io": bound,
            "nbf": issued,
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id})
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(issued + seconds))
        return {"token": token, "expirationTimestamp": ends}

    def _service_account(self, token: str, audiences: list[str]) -> User:
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                audience=audiences,
                issuer=self._settings.issuer,
            )
            bound = claims["kubernetes.io"]
            namespace, account = bound["namespace"], bound["serviceaccount"]
        except (jwt.PyJWTError, KeyError) as error:
            raise unauthorized() from error
        known = self._storage.get(SERVICE_ACCOUNTS, namespace, account["name"])
        if known is None or known["metadata"]["uid"] != account["uid"]:
            raise unauthorized()
        return User(
            claims["sub"],
            (
                "system:serviceaccounts",
                f"system:serviceaccounts:{namespace}",
                "system:authenticated",
            ),
            uid=account["uid"],
        )

    def review(self, request: Object) -> Object:
        """Answer a TokenReview."""
        spec = request.get("spec") or {}
        audiences = spec.get("audiences") or self.audiences
        token = spec.get("token", "")
        try:
            user = self._proven(token, audiences)
        except ApiError as error:
            return {"authenticated": False, "error": error.message}
        return {"authenticated": True, "user": user.info, "audiences": audiences}
