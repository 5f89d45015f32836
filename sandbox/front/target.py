"""Where a client of the proxy wants to go, from what it wrote."""

import re
from urllib.parse import unquote_to_bytes, urlsplit

from sandbox.front.hosts import RefusedError

LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST = 253  # Characters in the name of a host.


def name_of(host: str) -> str:
    """The name in the form in which hosts are found: small letters, and no dot at the end."""
    name = host.lower().removesuffix(".")
    if len(name) > LONGEST or not NAME.fullmatch(name):
        raise RefusedError(f"{shown(host)} is not the name of a host.")
    return name


def tunnel(line: str) -> tuple[str, str]:
    """Host, not yet checked, and port of a CONNECT."""
    host, _, port = (*line.split(" "), "")[1].rpartition(":")
    return host, port


def absolute(address: str) -> tuple[str, str, str]:
    """Host, what `Host` says of it, and path of `http://…`; who signs in there is left out."""
    try:
        found = urlsplit(address)
        port = found.port
    except ValueError as error:
        raise RefusedError(f"{shown(address)} is not an address.") from error
    if found.scheme != "http":
        raise RefusedError(
            f"The proxy of the sandbox takes http://, and CONNECT for HTTPS, not {shown(address)}."
        )
    host = name_of(found.hostname or "")
    return host, f"{host}:{port}" if port is not None else host, found.path or "/"


def is_text(path: bytes) -> bool:
    """Is a path, decoded, a line of text: what it says may come back in a header."""
    try:
        return not CONTROL.search(unquote_to_bytes(path).decode())
    except UnicodeDecodeError:
        return False


def shown(text: str) -> str:
    """Foreign text for a sentence: short, and without characters that do something."""
    return ascii(text if len(text) <= LONGEST else text[:LONGEST] + "…")
