"""What is wrong with a value that somebody brings: a few words, or nothing; never the value."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

LARGEST = 25 * 1024  # Bytes that Key Vault takes.
WEAK = 32  # Signs below which a secret that signs can be guessed.
# Published with Supabase and its charts: everybody knows them.
PUBLIC = ("your-super-secret", "your-tenant-id", "this_password_is_insecure", "supabase-demo")
URL = re.compile(r"[A-Za-z0-9._~-]+")

Check = Callable[[str], str]


def plain(value: str) -> str:
    """What holds for every value."""
    if not value:
        return "is empty"
    if value != value.strip() or any(ord(sign) < ord(" ") and sign != "\n" for sign in value):
        return "has spaces or line ends around it, or control characters in it"
    if len(value.encode()) > LARGEST:
        return f"has {len(value.encode())} bytes, and Key Vault takes {LARGEST}"
    if any(word in value for word in PUBLIC):
        return "is an example that was published, so everybody knows it"
    return ""


def anything(_value: str) -> str:
    return ""


def at_least(signs: int) -> Check:
    return lambda value: f"is shorter than {signs} signs" if len(value) < signs else ""


def exactly(signs: int) -> Check:
    return lambda value: f"has {len(value)} signs, not {signs}" if len(value) != signs else ""


def starts(prefix: str) -> Check:
    """A key of the API, in a list with commas and in headers."""

    def check(value: str) -> str:
        usable = value.startswith(prefix) and URL.fullmatch(value)
        return "" if usable else f"is not {prefix} and letters, digits, - or _"

    return check


def name(value: str) -> str:
    """Of a person, before the colon of basic authentication."""
    return "has a colon" if ":" in value else ""


def in_url(value: str) -> str:
    """A password in the address of a database, where nobody quotes it."""
    if not URL.fullmatch(value):
        return "has other signs than letters, digits and - . _ ~: it would break database URLs"
    return ""


def administrator(value: str) -> str:
    """As Azure wants it for PostgreSQL."""
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^A-Za-z0-9]")
    lowest, highest, needed = 8, 128, 3
    if not lowest <= len(value) <= highest:
        return f"has not {lowest} to {highest} signs, as Azure wants"
    if sum(bool(re.search(kind, value)) for kind in kinds) < needed:
        return "has not three of: small letters, capitals, digits, other signs, as Azure wants"
    return in_url(value)


def base64_of(size: int) -> Check:
    def check(value: str) -> str:
        try:
            found = len(base64.b64decode(value, validate=True))
        except (binascii.Error, ValueError):
            return "is not base64"
        return "" if found == size else f"is base64 of {found} bytes, not {size}"

    return check


def parts(found: Mapping[str, str], wanted: Mapping[str, Check]) -> str:
    """Of a JSON object: these properties and no others."""
    if set(found) != set(wanted):
        return f"is not JSON with {' and '.join(wanted)}"
    flaws = {name: check(found[name]) for name, check in wanted.items()}
    return next((f"has a {name} that {flaw}" for name, flaw in flaws.items() if flaw), "")


def one_of(*words: str) -> Check:
    return lambda value: "" if value in words else f"is not {' or '.join(words)}"
