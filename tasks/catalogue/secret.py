"""What a secret is: a name in the vault, how its value is made, who reads it, how it rotates."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Any, Literal

from tasks.catalogue import checks
from tasks.catalogue.checks import Check
from tasks.catalogue.rotation import Rotation

Values = Mapping[str, str]
Origin = Literal["generated", "derived", "known", "read from Azure", "provided"]


@dataclass(frozen=True)
class Facts:
    """What is public about the environment and goes into some secrets; None is not built yet."""

    storage_account: str
    database_admin: str | None = None
    database_name: str | None = None
    database_host: str | None = None


@dataclass(frozen=True)
class Part:
    """One property of a JSON value: a key of its own for those who read it."""

    name: str
    key: str
    readers: tuple[str, ...]


@dataclass(frozen=True)
class Secret:
    """
    One name in the vault.

    `make` gets the values of `needs`, what is there under its own name and under those that it
    `adopts`, and the facts; it returns None while a fact is missing. `fits` says whether an
    existing value still follows from them; what is generated always does. `readers` are consumers
    in the cluster: one without any is for operators, and stays in the vault. `check` judges what
    somebody brings.
    """

    name: str
    origin: Origin
    readers: tuple[str, ...]
    form: str  # What the value looks like, for those who bring their own.
    rotation: Rotation
    make: Callable[[Values, Facts], str | None] = lambda _values, _facts: None
    needs: tuple[str, ...] = ()
    fits: Callable[[str, Values, Facts], bool] = lambda _value, _values, _facts: True
    parts: tuple[Part, ...] = ()  # Of a JSON value: its readers get these, and not the whole.
    adopts: tuple[str, ...] = ()
    check: Check = checks.anything

    def flaw(self, value: str) -> str:
        """What is wrong with a value that somebody brings; nothing, if it can be used."""
        return checks.plain(value) or self.check(value)


def generated(
    name: str,
    form: str,
    rotation: Rotation,
    make: Callable[[], str],
    *readers: str,
    check: Check = checks.anything,
) -> Secret:
    """Random; an existing value stays, whatever its form, since clients hold it."""
    made: Callable[[Values, Facts], str] = lambda _values, _facts: make()  # noqa: E731 # One line.
    return Secret(name, "generated", readers, form, rotation, made, check=check)


def generated_json(
    name: str,
    form: str,
    rotation: Rotation,
    make: Callable[[], dict[str, str]],
    *parts: Part,
    check: Mapping[str, Check],
) -> Secret:
    """Random, of several parts; an existing value stays when it has them all."""

    def fits(value: str, _values: Values, _facts: Facts) -> bool:
        found = properties(value)
        return all(found.get(part.name) for part in parts)

    return Secret(
        name,
        "generated",
        readers_of(parts),
        form,
        rotation,
        lambda _values, _facts: compact(make()),
        fits=fits,
        parts=parts,
        check=lambda value: checks.parts(properties(value), check),
    )


def derived(
    name: str,
    form: str,
    rotation: Rotation,
    needs: tuple[str, ...],
    make: Callable[[Values, Facts], str | None],
    *readers: str,
) -> Secret:
    """Follows from others, to the letter: another value is brought in line."""

    def fits(value: str, values: Values, facts: Facts) -> bool:
        wanted = make(values, facts)
        return wanted is None or value == wanted

    return Secret(name, "derived", readers, form, rotation, make, needs, fits)


def known(name: str, form: str, fact: Callable[[Facts], str | None], *readers: str) -> Secret:
    """Not secret by itself, kept in the vault so that people find everything in one place."""

    def make(_values: Values, facts: Facts) -> str | None:
        return fact(facts)

    def fits(value: str, _values: Values, facts: Facts) -> bool:
        return fact(facts) in (None, value)

    rotation = Rotation("fixed", None, name, "a name that Terraform gave, and no secret")
    return Secret(name, "known", readers, form, rotation, make, (), fits)


def provided(name: str) -> Secret:
    """Issued by somebody else: a mail server, say."""
    rotation = Rotation("provided", None, name, "its issuer makes the new one")
    return Secret(name, "provided", ("auth",), "yours", rotation)


def readers_of(parts: tuple[Part, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reader for part in parts for reader in part.readers))


def properties(value: str) -> dict[str, str]:
    """The texts in a JSON object; none when it is something else."""
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: part for name, part in found.items() if isinstance(part, str)}


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def hexadecimal(size: int) -> Callable[[], str]:
    """Random letters that URLs, shells and `$(…)` leave alone; `size` is in bytes."""
    return lambda: secrets.token_hex(size)


def urlsafe(size: int) -> Callable[[], str]:
    """Random, four signs for three bytes: for services that count the signs."""
    return lambda: secrets.token_urlsafe(size)


def aes_key() -> str:
    """For services that want their 32 bytes as base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def password(length: int = 40) -> str:
    """Letters and digits, for Azure wants three kinds of signs and URLs want no others."""
    while True:
        word = "".join(secrets.choice(ascii_letters + digits) for _ in range(length))
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(kind(sign) for sign in word) for kind in kinds):
            return word
