"""Command line flags with Helm's grammar: anywhere on the line, and refused in Helm's words."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["switch", "text", "list", "number", "duration", "optional"]

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class UsageError(Exception):
    """The command line does not make sense."""


@dataclass(frozen=True)
class Flag:
    """One flag; `bare` is what an `optional` flag means when it stands without a value."""

    name: str
    kind: Kind = "text"
    short: str = ""
    bare: str = ""
    instead: str = ""  # The flag that replaces a deprecated one.

    def read(self, text: str) -> object:
        if self.kind == "switch":
            return self._switch(text)
        if self.kind == "number":
            return self._number(text)
        if self.kind == "duration":
            return self._duration(text)
        return text

    def _switch(self, text: str) -> bool:
        known = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
        if text.lower() not in known:
            raise self._invalid(text, f'strconv.ParseBool: parsing "{text}": invalid syntax')
        return known[text.lower()]

    def _number(self, text: str) -> int:
        try:
            return int(text)
        except ValueError as error:
            raise self._invalid(text, f'parsing "{text}": invalid syntax') from error

    def _duration(self, text: str) -> int:
        """Whole seconds, rounded up: the library counts in seconds."""
        parts = re.findall(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)", text)
        if text == "0":
            return 0
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise self._invalid(text, f'time: invalid duration "{text}"')
        return math.ceil(sum(float(number) * UNITS[unit] for number, unit in parts))

    def _invalid(self, text: str, why: str) -> UsageError:
        shown = f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return UsageError(f'invalid argument "{text}" for "{shown}" flag: {why}')


@dataclass
class Arguments:
    """What stood on the command line, flags and the rest apart."""

    words: list[str] = field(default_factory=list)
    flags: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def on(self, name: str) -> bool:
        return bool(self.flags.get(name, False))

    def text(self, name: str) -> str | None:
        value = self.flags.get(name)
        return None if value is None else str(value)

    def number(self, name: str) -> int | None:
        value = self.flags.get(name)
        return value if isinstance(value, int) else None

    def texts(self, name: str) -> list[str]:
        value = self.flags.get(name)
        return [str(one) for one in value] if isinstance(value, list) else []


def parse(argv: Sequence[str], known: Sequence[Flag]) -> Arguments:
    """Read flags wherever they stand; `--` ends them."""
    long = {flag.name: flag for flag in known}
    short = {flag.short: flag for flag in known if flag.short}
    found = Arguments()
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word == "--":
            found.words += rest
            break
        if word.startswith("--"):
            _long(word, long, rest, found)
        elif word.startswith("-") and word != "-":
            _short(word, short, rest, found)
        else:
            found.words.append(word)
    return found


def _long(word: str, known: Mapping[str, Flag], rest: list[str], found: Arguments) -> None:
    name, equals, value = word.removeprefix("--").partition("=")
    flag = known.get(name)
    if flag is None:
        raise UsageError(f"unknown flag: --{name}")
    if flag.instead:
        found.warnings.append(f"Flag --{name} has been deprecated, use --{flag.instead} instead")
        flag = known[flag.instead]
    if equals:
        _store(flag, value, found)
    elif flag.kind == "switch":
        _store(flag, "true", found)
    elif flag.kind == "optional":
        _store(flag, flag.bare, found)
    elif rest:
        _store(flag, rest.pop(0), found)
    else:
        raise UsageError(f"flag needs an argument: --{name}")


def _short(word: str, known: Mapping[str, Flag], rest: list[str], found: Arguments) -> None:
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        flag = known.get(letter)
        if flag is None:
            raise UsageError(f"unknown shorthand flag: '{letter}' in {word}")
        if flag.kind == "switch":
            _store(flag, "true", found)
        elif letters:
            _store(flag, letters.removeprefix("="), found)
            return
        elif rest:
            _store(flag, rest.pop(0), found)
        else:
            raise UsageError(f"flag needs an argument: '{letter}' in {word}")


def _store(flag: Flag, text: str, found: Arguments) -> None:
    value = flag.read(text)
    if flag.kind == "list":
        found.flags.setdefault(flag.name, [])
        held = found.flags[flag.name]
        assert isinstance(held, list)  # noqa: S101 - tells mypy what the line above made.
        held.append(value)
    else:
        found.flags[flag.name] = value
