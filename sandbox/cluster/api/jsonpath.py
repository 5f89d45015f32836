"""The part of JSONPath that printer columns use: names, indexes, and filters for equality."""

import functools
import re
from typing import Any

STEP = re.compile(
    r"""\.?(?:
      \[\?\(@\.(?P<key>[\w./-]+)\s*==\s*["'](?P<value>[^"']*)["']\)\]
    | \[(?P<index>\d+|\*)\]
    | \[['"](?P<quoted>[^'"]+)['"]\]
    | (?P<name>(?:[^.\[\]\\]|\\.)+)
    )""",
    re.VERBOSE,
)


@functools.cache
def _steps(path: str) -> tuple[dict[str, str | None], ...]:
    return tuple(found.groupdict() for found in STEP.finditer(path.strip("{}")))


def find(document: Any, path: str) -> Any:
    """The first value at a path, or None."""
    for step in _steps(path):
        if step["key"] is not None:
            items = document if isinstance(document, list) else []
            key, value = step["key"], step["value"]
            document = next((each for each in items if str(find(each, key)) == value), None)
        elif step["index"] is not None:
            items = document if isinstance(document, list) else []
            index = 0 if step["index"] == "*" else int(step["index"])
            document = items[index] if index < len(items) else None
        else:
            name = step["quoted"] or (step["name"] or "").replace("\\.", ".")
            document = document.get(name) if isinstance(document, dict) else None
    return document
