"""`$filter` of lists in Resource Manager: comparisons that all have to hold."""

import re
from collections.abc import Callable, Mapping

from starlette.requests import Request

from sandbox.arm import UnsupportedError
from sandbox.store import Resource

Filter = Mapping[str, str]
CLAUSE = re.compile(r"^\(?\s*(?P<field>\w+)\s+eq\s+'(?P<value>(?:[^']|'')*)'\s*\)?$", re.IGNORECASE)
FIELDS: dict[str, Callable[[Resource], str]] = {
    "location": lambda found: found.location,
    "name": lambda found: found.name,
    "resourcegroup": lambda found: found.id.group,
    "resourcetype": lambda found: found.kind,
}
TAG = ("tagname", "tagvalue")


def parse(request: Request) -> Filter:
    """What is asked for, by field in lower case; nothing means everything."""
    text = request.query_params.get("$filter", "").strip()
    wanted: dict[str, str] = {}
    for clause in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text else []:
        match = CLAUSE.match(clause)
        if match is None or match["field"].lower() not in (*FIELDS, *TAG):
            raise UnsupportedError(
                f'The sandbox cannot filter by "{clause}": it compares '
                f"{', '.join((*FIELDS, *TAG))} by eq, joined by and."
            )
        wanted[match["field"].lower()] = match["value"].replace("''", "'")
    return wanted


def matches(found: Resource, wanted: Filter) -> bool:
    """Does a resource have all that is asked for, in any letter case but that of tag values."""
    fields = (name for name in wanted if name in FIELDS)
    if not all(FIELDS[name](found).lower() == wanted[name].lower() for name in fields):
        return False
    if "tagname" not in wanted:
        return True
    tags = {name.lower(): value for name, value in (found.body.get("tags") or {}).items()}
    name = wanted["tagname"].lower()
    return name in tags and wanted.get("tagvalue", tags[name]) == tags[name]
