"""JSON and YAML from a stranger: read only if it can be walked through, kept and written again."""

import json
import math
from typing import Any

import yaml

TIMESTAMP = "tag:yaml.org,2002:timestamp"
FASTEST: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
RESOLVERS = {
    sign: [each for each in found if each[0] != TIMESTAMP]
    for sign, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
# YAML as Kubernetes reads it: a date is a string.
Loader = type("Loader", (FASTEST,), {"yaml_implicit_resolvers": RESOLVERS})
DEEPEST = 128  # Levels; no kind of Kubernetes has half as many.
DENSEST = 4  # Values for each byte: more only come of aliases of aliases.


def read(text: bytes) -> Any:
    """The document; its first bytes say how it is written. Raises `ValueError`."""
    try:
        found = json.loads(text) if text.lstrip()[:1] in (b"{", b"[") else parse(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("exceeded max depth") from error
    check(found, DENSEST * len(text))
    return found


def parse(text: bytes) -> Any:
    return yaml.load(text, Loader)  # noqa: S506 (one of the safe loaders)


def check(document: Any, most: int) -> None:
    """Refuse what is too deep, too much, or has no form in JSON."""
    left = [(document, 0)]
    seen = 0
    while left:
        value, depth = left.pop()
        seen += 1
        if depth > DEEPEST:
            raise ValueError("exceeded max depth")
        if seen > most:
            raise ValueError("document contains excessive aliasing")
        if isinstance(value, dict):
            left += [(key, depth) for key in value]
            left += [(one, depth + 1) for one in value.values()]
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a key is not a string")
        elif isinstance(value, list):
            left += [(one, depth + 1) for one in value]
        else:
            check_scalar(value)


def check_scalar(value: Any) -> None:
    if isinstance(value, str):
        value.encode()  # Half of a surrogate pair is no text: `UnicodeEncodeError`.
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a number of JSON")
    elif not isinstance(value, int | None):
        raise ValueError(f"{type(value).__name__} has no form in JSON")  # noqa: TRY004  # As above.
