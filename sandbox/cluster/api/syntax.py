"""Names, labels, keys and quantities: their rules, and how Kubernetes words a breach."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.cluster.api.errors import Cause, refused, required, wrong

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
VALUE = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
CONFIG_KEY = r"[-._a-zA-Z0-9]+"

NO_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
    f"used for validation is '{LABEL}')"
)
NO_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    f"for validation is '{SUBDOMAIN}')"
)
NO_LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    f"'abc-123', regex used for validation is '{LABEL_1035}')"
)
NO_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
    f"'my_value',  or '12345', regex used for validation is '{VALUE}')"
)
NO_QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used "
    f"for validation is '{QUALIFIED}')"
)
NO_CONFIG_KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
    f"'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '{CONFIG_KEY}')"
)
NO_PATH_SEGMENT = "may not contain '/' or '%'"

SHORT, LONG = 63, 253
LABEL_NAMED = {"Namespace"}
LABEL_1035_NAMED = {"Service"}
PATH_NAMED = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}


def _fits(pattern: str, text: str, limit: int) -> bool:
    return len(text) <= limit and re.fullmatch(pattern, text) is not None


def _too_long(limit: int) -> str:
    return f"must be no more than {limit} characters"


def label(field: str, text: str) -> Iterator[Cause]:
    """An RFC 1123 label, such as a container's name."""
    if len(text) > SHORT:
        yield wrong(field, text, _too_long(SHORT))
    elif not _fits(LABEL, text, SHORT):
        yield wrong(field, text, NO_LABEL)


def name(kind: str, text: str) -> Iterator[Cause]:
    """The name of an object, whose rule depends on its kind."""
    field = "metadata.name"
    if kind in PATH_NAMED:
        if "/" in text or "%" in text:
            yield wrong(field, text, NO_PATH_SEGMENT)
    elif kind in LABEL_NAMED:
        yield from label(field, text)
    elif kind in LABEL_1035_NAMED:
        if len(text) > SHORT:
            yield wrong(field, text, _too_long(SHORT))
        elif not _fits(LABEL_1035, text, SHORT):
            yield wrong(field, text, NO_LABEL_1035)
    elif len(text) > LONG:
        yield wrong(field, text, _too_long(LONG))
    elif not _fits(SUBDOMAIN, text, LONG):
        yield wrong(field, text, NO_SUBDOMAIN)


def qualified(field: str, key: str) -> Iterator[Cause]:
    """The key of a label or annotation: an optional DNS prefix, a slash, a name."""
    prefix, slash, rest = key.rpartition("/")
    if slash and not _fits(SUBDOMAIN, prefix, LONG):
        yield wrong(field, key, f"prefix part {NO_SUBDOMAIN}")
    if not rest:
        yield wrong(field, key, "name part must be non-empty")
    elif len(rest) > SHORT:
        yield wrong(field, key, f"name part {_too_long(SHORT)}")
    elif not _fits(QUALIFIED, rest, SHORT):
        yield wrong(field, key, NO_QUALIFIED)


def labels(field: str, found: Mapping[str, Any]) -> Iterator[Cause]:
    for key, value in found.items():
        yield from qualified(field, key)
        if len(value) > SHORT:
            yield wrong(field, value, _too_long(SHORT))
        elif not _fits(VALUE, value, SHORT):
            yield wrong(field, value, NO_VALUE)


def selector(field: str, found: Mapping[str, Any]) -> Iterator[Cause]:
    """A label selector inside an object."""
    yield from labels(f"{field}.matchLabels", found.get("matchLabels") or {})
    for index, each in enumerate(found.get("matchExpressions") or ()):
        inner = f"{field}.matchExpressions[{index}]"
        operator, values = each.get("operator", ""), each.get("values")
        if operator not in OPERATORS:
            yield wrong(f"{inner}.operator", operator, "not a valid selector operator")
        elif OPERATORS[operator] and not values:
            why = "must be specified when `operator` is 'In' or 'NotIn'"
            yield required(f"{inner}.values", why)
        elif values and not OPERATORS[operator]:
            why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield refused(f"{inner}.values", why)
        yield from qualified(f"{inner}.key", each.get("key", ""))


OPERATORS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}  # With values?


def config_keys(field: str, found: Mapping[str, Any]) -> Iterator[Cause]:
    """The keys of a ConfigMap or Secret."""
    for key in found:
        if len(key) > LONG:
            yield wrong(f"{field}[{key}]", key, _too_long(LONG))
        elif not _fits(CONFIG_KEY, key, LONG) or key in (".", ".."):
            yield wrong(f"{field}[{key}]", key, NO_CONFIG_KEY)
