"""SharedKey: what a client signs, and how the service writes the same text down again."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable

from sandbox.cloud.storage.blob.address import Address

STANDARD = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
Headers = Iterable[tuple[str, str]]
Order = Callable[[str], str]


def plain(name: str) -> str:
    """Header names by their letters, as most clients sort them."""
    return name


def wordwise(name: str) -> str:
    """Header names as a dictionary has them, where a hyphen counts for nothing."""
    return name.replace("-", "")


def underscored(name: str) -> str:
    """Header names as Azurite sorts them: an underscore, then a hyphen, then the rest."""
    return name.replace("_", ",")


def sign(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()


def matches(signature: str, key: bytes, text: str) -> bool:
    return hmac.compare_digest(signature.encode(), sign(key, text).encode())


def string_to_sign(method: str, headers: Headers, address: Address, order: Order = plain) -> str:
    """The text that the signature of a request covers, since version 2015-02-21."""
    found = {name.lower(): value.strip() for name, value in headers}
    if found.get("content-length") == "0":
        del found["content-length"]
    if "x-ms-date" in found:
        found.pop("date", None)
    own = sorted((name for name in found if name.startswith("x-ms-")), key=order)
    values: dict[str, list[str]] = {}
    for name, value in address.query:
        values.setdefault(name.lower(), []).append(value)
    return "\n".join(
        (
            method.upper(),
            *(found.get(name, "") for name in STANDARD),
            *(f"{name}:{found[name]}" for name in own),
            f"/{address.account}{address.path}",
            *(f"{name}:{','.join(sorted(values[name]))}" for name in sorted(values)),
        )
    )
