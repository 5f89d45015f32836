"""From `-f` files and `--set` expressions to one tree of values, in Helm's order of strength."""

import sys
from pathlib import Path
from typing import Any

import helm_python

from sandbox.tools.helm.flags import Arguments, Flag

FLAGS = (
    Flag("values", "list", short="f"),
    Flag("set", "list"),
    Flag("set-string", "list"),
    Flag("set-json", "list"),
    Flag("set-file", "list"),
    Flag("set-literal", "list"),
)


class ValuesFileError(Exception):
    """A values file cannot be read."""


def merged(arguments: Arguments) -> dict[str, Any]:
    """Later files win over earlier ones, and any `--set` wins over any file."""
    tree: dict[str, Any] = {}
    for name in arguments.texts("values"):
        merge(tree, _file(name))
    for flag, reader in (
        ("set-json", helm_python.parse_set_json),
        ("set", helm_python.parse_set_string),
        ("set-string", helm_python.parse_set_string_values),
        ("set-file", helm_python.parse_set_file),
        ("set-literal", helm_python.parse_set_literal),
    ):
        for expression in arguments.texts(flag):
            # `a[1]=x` changes one item; `a={x,y}` replaces the list.
            merge(tree, reader(expression), into_lists="[" in expression.partition("=")[0])
    return tree


def merge(base: dict[str, Any], over: dict[str, Any], *, into_lists: bool = False) -> None:
    """Lay `over` on `base`; null stays, because Helm removes a default that is set to null."""
    for key, value in over.items():
        held = base.get(key)
        if isinstance(held, dict) and isinstance(value, dict):
            merge(held, value, into_lists=into_lists)
        elif into_lists and isinstance(held, list) and isinstance(value, list):
            base[key] = _by_position(held, value)
        else:
            base[key] = value


def _by_position(held: list[Any], over: list[Any]) -> list[Any]:
    items = held + [None] * (len(over) - len(held))
    for position, value in enumerate(over):
        if isinstance(value, dict) and isinstance(items[position], dict):
            merge(items[position], value, into_lists=True)
        elif value is not None:
            items[position] = value
    return items


def _file(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ValuesFileError(f"open {name}: no such file or directory") from error
    except OSError as error:
        raise ValuesFileError(f"open {name}: {(error.strerror or str(error)).lower()}") from error
    try:
        tree: dict[str, Any] | None = helm_python.values_from_yaml(text)
    except helm_python.HelmValuesError as error:
        raise ValuesFileError(f"failed to parse {name}: {error}") from error
    return tree or {}
