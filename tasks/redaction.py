"""No secret in a log: its words are compared with digests of the values that were handled."""

import base64
import hashlib
import json
import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

from tasks.errors import DeployError

SHORTEST = 6  # Signs; shorter values would blank out ordinary words.
LEAF = 12  # Signs of a text within a JSON value; shorter ones are words such as `ES256`.
# Parts of JSON values that say who or what, and belong into a log.
NAMES = {"username", "kid", "kty", "alg", "crv", "use", "key_ops", "role", "iss", "ref", "keyId"}

_key = secrets.token_bytes(32)  # Of this process: its digests mean nothing elsewhere.
_known: dict[bytes, str] = {}

# From the whole word to its parts: an address, an assignment, a path.
_WORD = re.compile(r"[^\s\"'`,;<>(){}\[\]|]+")
_PARTS = (re.compile(r"[^=:@&?]+"), re.compile(r"[^=:@&?/\\]+"))


def remember(name: str, value: str) -> None:
    """From now on this value is `[name]` in every log; the value itself is not kept."""
    for text in {*_pieces(value)}:
        for form in _forms(text):
            if len(form) >= SHORTEST:
                _known[_digest(form)] = name


def clean(text: str) -> str:
    """The text with `[name]` in the place of each value."""
    if not _known or not text:
        return text
    return _WORD.sub(lambda found: _cleaned(found[0]), text)


def cleanse(error: DeployError) -> None:
    """Prefect keeps what an error says as the state of its run."""
    error.message, error.hint = clean(error.message), clean(error.hint)
    error.args = (error.message, error.hint, *error.args[2:])


class Redaction(logging.Filter):
    """On a handler, so that nothing passes it, whatever logger it came from."""

    def filter(self, record: logging.LogRecord) -> bool:
        if not _known:
            return True
        text = record.getMessage()
        told = clean(text)
        if told != text:
            record.msg, record.args = told, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = clean(record.exc_text)
        return True


_filter = Redaction()


def watch_logs() -> None:
    """Stand before every handler that there is; doing so again changes nothing."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        if isinstance(logger, logging.Logger):
            for handler in logger.handlers:
                handler.addFilter(_filter)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=_key, digest_size=16).digest()


def _cleaned(word: str) -> str:
    """The longest parts first: a token may look like a path."""
    for text in (word, word.rstrip(".:!?")):
        if name := _known.get(_digest(text)):
            return word.replace(text, f"[{name}]", 1)
    for parts in _PARTS:
        for part in parts.findall(word):
            if len(part) >= SHORTEST and (name := _known.get(_digest(part))):
                word = word.replace(part, f"[{name}]")
    return word


def _pieces(value: str) -> Iterator[str]:
    """The value, its words where it has several, and the texts inside of JSON."""
    yield value
    content: Any = None
    if value[:1] in "{[":
        with suppress(ValueError):
            content = json.loads(value)
    if content is not None:
        yield from _leaves(content)
    else:
        # Lists of accepted credentials: `login:password,login:password`.
        yield from (
            part.rpartition(":")[2] if value.count(":") and "//" not in value else part
            for part in re.split(r"[\s,;]+", value)
            if len(part) >= LEAF
        )


def _leaves(content: Any, key: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for name, inner in content.items():
            yield from _leaves(inner, str(name))
    elif isinstance(content, list):
        for inner in content:
            yield from _leaves(inner, key)
    elif isinstance(content, str) and key not in NAMES:
        if content[:1] in "{[":
            yield from _pieces(content)
        elif len(content) >= LEAF:
            yield content


def _forms(text: str) -> Iterator[str]:
    """As it is, as an address writes it, and as Kubernetes does."""
    yield text
    yield from (quote(text, safe=""), quote_plus(text))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(text.encode()).decode()
        yield from (encoded, encoded.rstrip("="))
