"""What an address of Blob Storage names: an account, a container in it, a blob in that."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from starlette.requests import Request

from sandbox.cloud.storage.blob.errors import StorageError

ROOT = "$root"
BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")
UNPRINTABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")  # Not in XML either.


@dataclass(frozen=True)
class Address:
    """A resource of one account, as it is written in a URL; empty parts are not named."""

    account: str
    container: str
    blob: str
    path: str
    """As the client wrote it, which is what it has signed."""
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, request: Request) -> "Address":
        raw = request.scope.get("raw_path") or request.scope["path"].encode()
        text = request.scope["query_string"].decode("latin-1")
        account = str(request.scope["host"]).partition(".")[0]
        return cls.read(account, raw.decode("latin-1"), text)

    @classmethod
    def read(cls, account: str, path: str, query: str) -> "Address":
        """A single name is a container where the query says so, else a blob of the root."""
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        if any(UNPRINTABLE.search(value) for _, value in pairs):
            raise StorageError(
                400,
                "InvalidQueryParameterValue",
                "Value for one of the query parameters specified in the request URI is invalid.",
            )
        first, _, rest = path.lstrip("/").partition("/")
        container, blob = decoded(first), decoded(rest)
        if container and not blob and dict(pairs).get("restype") not in ("container", "account"):
            container, blob = ROOT, container
        return cls(account, container, blob, path or "/", pairs)

    def asked(self, name: str) -> str:
        """A query parameter; the last one wins, and none is empty."""
        return dict(self.query).get(name, "")

    @property
    def level(self) -> str:
        if self.blob:
            return "blob"
        return "container" if self.container else "service"


def decoded(part: str) -> str:
    """A part of a path; what is no text of UTF-8 names nothing."""
    try:
        if not BROKEN.search(part):
            return unquote(part, errors="strict")
    except UnicodeDecodeError:
        pass
    raise StorageError(
        400, "InvalidUri", "The requested URI does not represent any resource on the server."
    )
