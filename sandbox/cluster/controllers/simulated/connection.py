"""Connection strings: how Studio seals them for postgres-meta, and whether a server takes them."""

import hashlib
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

MARK, SALT = b"Salted__", 8  # The form of OpenSSL, which crypto-js has taken over.
KEY, BLOCK = 32, 16
INSIDE = ".cluster.local"  # A server of the cluster's own speaks without encryption as well.
# What node-postgres takes for the wish to encrypt.
ENCRYPTING = ("prefer", "require", "verify-ca", "verify-full", "no-verify")


class UnsealedError(Exception):
    """It was not sealed with this key."""


def cipher(phrase: str, salt: bytes) -> Cipher[modes.CBC]:
    made, last = b"", b""
    while len(made) < KEY + BLOCK:
        last = hashlib.md5(last + phrase.encode() + salt).digest()  # noqa: S324 - As crypto-js does.
        made += last
    return Cipher(algorithms.AES(made[:KEY]), modes.CBC(made[KEY : KEY + BLOCK]))


def seal(text: str, phrase: str) -> str:
    salt = os.urandom(SALT)
    padder, encryptor = PKCS7(BLOCK * 8).padder(), cipher(phrase, salt).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return b64encode(MARK + salt + encryptor.update(padded) + encryptor.finalize()).decode()


def unseal(text: str, phrase: str) -> str:
    try:
        sealed = b64decode(text)
        start = len(MARK) + SALT
        decryptor = cipher(phrase, sealed[len(MARK) : start]).decryptor()
        padded = decryptor.update(sealed[start:]) + decryptor.finalize()
        unpadder = PKCS7(BLOCK * 8).unpadder()
        return (unpadder.update(padded) + unpadder.finalize()).decode()
    except ValueError as error:
        raise UnsealedError from error


def refusal(address: str, env: Mapping[str, str]) -> str:
    """What a server outside of the cluster says to a connection without encryption."""
    wanted = urlsplit(address)
    mode = (parse_qs(wanted.query).get("sslmode") or [""])[0]
    if not mode:
        mode = "require" if env.get("PG_META_DB_SSL_ROOT_CERT") else env.get("PGSSLMODE", "")
    if mode in ENCRYPTING or (wanted.hostname or "").endswith(INSIDE):
        return ""
    name = wanted.path.strip("/")
    return (
        f'no pg_hba.conf entry for host "{wanted.hostname}", user "{wanted.username}", '
        f'database "{name}", no encryption'
    )
