"""
Single values, checked in the words of azurerm and of the SDK that it is built on.

A rule is a name (`uuid`, or one of the table's own rules), or an object whose first member says
what is checked: `{"one_of": ["Allow", "Deny"]}`, `{"between": [7, 90]}`, `{"id": "Subnet"}`.
"""

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sandbox.terraform_provider import resource_ids
from sandbox.terraform_provider.resource_ids import quoted

Rule = str | dict[str, Any]
Complaints = Iterator[str]

UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
CIDR = re.compile(r"([0-9]{1,3}\.){3}[0-9]{1,3}(/([0-9]|[1-2][0-9]|3[0-2]))?")
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TAGS, TAG_VALUE = 50, 256  # What Azure bears: tags of one resource, characters of a value.

# --- Rules without arguments ---------------------------------------------------------------------


def not_empty(key: str, value: Any) -> Complaints:
    if value == "":
        yield f"expected {quoted(key)} to not be an empty string, got {value}"


def not_blank(key: str, value: Any) -> Complaints:
    if not value.strip():
        yield f"expected {quoted(key)} to not be an empty string or whitespace"


def empty(key: str, value: Any) -> Complaints:
    if value:
        yield f"expected {quoted(key)} to be an empty string: got {value}"


def uuid(key: str, value: Any) -> Complaints:
    if not UUID.fullmatch(value):
        yield f"expected {quoted(key)} to be a valid UUID, got {value}"


def cidr(key: str, value: Any) -> Complaints:
    if not CIDR.fullmatch(value):
        yield (
            f"{key} must start with IPV4 address and/or slash, number of bits (0-32) as prefix. "
            f"Example: 127.0.0.1/8. Got {quoted(value)}"
        )


def ipv4(key: str, value: Any) -> Complaints:
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        yield f"{quoted(key)} is not a valid IPv4 address: {quoted(value)}"


def rfc3339(key: str, value: Any) -> Complaints:
    try:
        if RFC3339.fullmatch(value):
            datetime.fromisoformat(value)
            return
    except ValueError:
        pass
    reason = f'parsing time {quoted(value)} as "2006-01-02T15:04:05Z07:00": cannot parse'
    yield f"expected {quoted(key)} to be a valid RFC3339 date, got {quoted(value)}: {reason}"


def is_base64(key: str, value: Any) -> Complaints:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        yield f"expected {quoted(key)} to be a base64 string, got {value}"


def is_json(key: str, value: Any) -> Complaints:
    try:
        json.loads(value)
    except ValueError as error:
        yield f"{quoted(key)} contains an invalid JSON: {error}"


def resource_id(key: str, value: Any) -> Complaints:
    reason = resource_ids.any_resource(value)
    if reason is not None:
        yield f"cannot parse {quoted(key)} as a resource id: {reason}"


NAMED: dict[str, Callable[[str, Any], Complaints]] = {
    "base64": is_base64,
    "cidr": cidr,
    "empty": empty,
    "ipv4": ipv4,
    "json": is_json,
    "not_blank": not_blank,
    "not_empty": not_empty,
    "resource_id": resource_id,
    "rfc3339": rfc3339,
    "uuid": uuid,
}


# --- Rules with arguments ------------------------------------------------------------------------


def is_among(value: Any, choices: list[Any], *, any_case: bool) -> bool:
    if any_case:
        return value.lower() in [choice.lower() for choice in choices]
    return value in choices


def one_of(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    choices = rule["one_of"]
    if not is_among(value, choices, any_case=rule.get("any_case", False)):
        told = " ".join(quoted(one) if isinstance(one, str) else str(one) for one in choices)
        yield f"expected {key} to be one of [{told}], got {value}"


def listed(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    """A choice of too many to be told."""
    if not is_among(value, rule["listed"], any_case=rule.get("any_case", False)):
        yield worded(rule["error"], key, value)


def number(value: Any, *, whole: bool) -> str:
    return str(int(value)) if whole else f"{value:f}"


def between(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    low, high = rule["between"]
    whole = isinstance(low, int)
    if not low <= value <= high:
        ends = f"{number(low, whole=whole)} - {number(high, whole=whole)}"
        yield f"expected {key} to be in the range ({ends}), got {number(value, whole=whole)}"


def at_least(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    low = rule["at_least"]
    whole = isinstance(low, int)
    if value < low:
        told = f"({number(low, whole=whole)}), got {number(value, whole=whole)}"
        yield f"expected {key} to be at least {told}"


def length(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    low, high = rule["length"]
    if not low <= len(value.encode()) <= high:
        yield f"expected length of {key} to be in the range ({low} - {high}), got {value}"


def without(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    if set(rule["without"]) & set(value):
        signs = quoted(rule["without"])
        yield f"expected value of {key} to not contain any of {signs}, got {value}"


def match(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    pattern = re.sub(r"(?<!\\)\$(?=$|\|)", r"\\Z", rule["match"])  # Go's `$` is the very end.
    if not re.search(pattern, value, re.ASCII):
        whole = rule.get("error")
        yield worded(whole, key, value) if whole else f"invalid value for {key} ({rule['says']})"


def worded(text: str, key: str, value: Any) -> str:
    known = {"key": key, "quoted_key": quoted(key), "value": value, "quoted_value": quoted(value)}
    return re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), text)


def scheme(rule: dict[str, Any], key: str, value: Any) -> Complaints:
    if not value:
        yield f"expected {quoted(key)} url to not be empty, got {value}"
        return
    try:
        found = urlsplit(value)
    except ValueError as error:
        yield f"expected {quoted(key)} to be a valid url, got {value}: {error}"
        return
    if not found.netloc:
        yield f"expected {quoted(key)} to have a host, got {value}"
    elif found.scheme not in rule["scheme"]:
        told = quoted(",".join(rule["scheme"]))
        yield f"expected {quoted(key)} to have a url with schema of: {told}, got {value}"


def tags(rule: dict[str, Any], _key: str, value: Any) -> Complaints:
    if len(value) > TAGS:
        yield f"a maximum of {TAGS} tags can be applied to {rule['what']}"
    for name, text in value.items():
        if len(name) > rule["tags"]:
            most = f"{rule['tags']} characters: {quoted(name)} is {len(name)} characters"
            yield f"the maximum length for a tag key is {most}"
        if isinstance(text, str) and len(text) > TAG_VALUE:
            found = f"the value for {quoted(name)} is {len(text)} characters"
            yield f"the maximum length for a tag value is {TAG_VALUE} characters: {found}"


SIMPLE: dict[str, Callable[[dict[str, Any], str, Any], Complaints]] = {
    "at_least": at_least,
    "between": between,
    "length": length,
    "listed": listed,
    "match": match,
    "one_of": one_of,
    "scheme": scheme,
    "tags": tags,
    "without": without,
}


class Table:
    """What azurerm demands of values, by resource type and path."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.types: dict[str, Any] = data["types"]
        self.rules: dict[str, Rule] = data["rules"]
        self.forms = {
            kind: resource_ids.form(kind, template, plain=kind in data["plain_ids"])
            for kind, template in data["ids"].items()
        }

    def of(self, type_name: str) -> dict[str, Rule]:
        """The rules of a type, by path: `network_acls.ip_rules[]` are the elements of a list."""
        return dict(self.types.get(type_name, {}).get("values", {}))

    def complaints(self, rule: Rule, key: str, value: Any) -> Complaints:
        """Everything that azurerm has to say against a value."""
        if isinstance(rule, str):
            named = NAMED.get(rule)
            yield from named(key, value) if named else self.complaints(self.rules[rule], key, value)
            return
        kind = next(iter(rule))
        if kind in SIMPLE:
            yield from SIMPLE[kind](rule, key, value)
        elif kind == "id":
            found = self.forms[rule["id"]].complaint(value, any_case=rule.get("any_case", False))
            yield from [found] if found else []
        else:
            yield from self.combined(kind, rule[kind], key, value)

    def combined(self, kind: str, inner: Any, key: str, value: Any) -> Complaints:
        """`all` of some rules, the `first` that fails, `any` one that fits, or `none` that does."""
        if kind == "none":
            for name, rule in inner.items():
                if not list(self.complaints(rule, key, value)):
                    yield f"ID cannot be a {name}"
            return
        told = [list(self.complaints(rule, key, value)) for rule in inner]
        if kind == "any" and not all(told):
            return
        if kind == "first":
            told = [found for found in told if found][:1]
        for found in told:
            yield from found
