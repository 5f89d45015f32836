"""SCRAM-SHA-256, the way in which a client proves its password to PostgreSQL (RFC 5802, 7677)."""

import base64
import hashlib
import hmac
import secrets

MECHANISM = "SCRAM-SHA-256"
HEADER = "n,,"  # No channel binding: the way is a unix socket.


class Scram:
    """One exchange: `first`, then `final` with what the server answers to it."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._bare = f"n=,r={secrets.token_urlsafe(18)}"  # PostgreSQL knows the user already.

    @property
    def first(self) -> bytes:
        """Which mechanism, and the client's part of the nonce."""
        message = f"{HEADER}{self._bare}".encode()
        return MECHANISM.encode() + b"\0" + len(message).to_bytes(4, "big") + message

    def final(self, challenge: bytes) -> bytes:
        """The proof for this challenge."""
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        salt, rounds = base64.b64decode(said["s"]), int(said["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, rounds)
        key = hmac.digest(salted, b"Client Key", "sha256")
        bound = f"c={base64.b64encode(HEADER.encode()).decode()},r={said['r']}"
        whole = f"{self._bare},{challenge.decode()},{bound}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), whole, "sha256")
        proof = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        return f"{bound},p={base64.b64encode(proof).decode()}".encode()
