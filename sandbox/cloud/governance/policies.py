"""Policy assignments, and the few built-in definitions that the sandbox knows by name."""

import functools
import re
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox import arm
from sandbox.arm import ArmError, ResourceId
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import defaults, identified, one_of, required, together
from sandbox.store import Resource, Store

ASSIGNMENTS = "Microsoft.Authorization/policyAssignments"
DATA = Path(__file__).with_name("policies.yaml")
DISPLAY_NAME = re.compile(r"displayName\s+eq\s+'([^']*)'", re.IGNORECASE)


@functools.cache
def built_in() -> dict[str, dict[str, dict[str, str]]]:
    """Definitions by word and name."""
    found: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(DATA.read_text())
    return found


def show(word: str, name: str) -> dict[str, Any]:
    return {
        "id": f"/providers/Microsoft.Authorization/{word}/{name}",
        "name": name,
        "type": f"Microsoft.Authorization/{word}",
        "properties": {
            "policyType": "BuiltIn",
            "mode": "All",
            "description": "",
            "metadata": {"category": "Kubernetes"},
            "parameters": {},
            "policyRule": {},
            **built_in()[word][name],
        },
    }


class Definitions:
    """One kind of definition, asked for by name or by filter."""

    def __init__(self, word: str) -> None:
        self.word = word

    async def get(self, request: Request) -> Response:
        arm.check_version(request)
        name = request.path_params["name"].lower()
        if name not in built_in()[self.word]:
            raise ArmError(
                404,
                f"{self.word[0].upper()}{self.word[1:-1]}NotFound",
                f"The policy definition '{name}' could not be found.",
            )
        return JSONResponse(show(self.word, name))

    async def list(self, request: Request) -> Response:
        arm.check_version(request)
        wish = DISPLAY_NAME.search(request.query_params.get("$filter", ""))
        found = [
            show(self.word, name)
            for name, entry in built_in()[self.word].items()
            if wish is None or entry["displayName"].lower() == wish[1].lower()
        ]
        return JSONResponse({"value": found})


def assigned(store: Store, resource: ResourceId) -> list[Resource]:
    """The policies that hold for a resource: those of its own scope and of all above it."""
    return [one for one in store.all(ASSIGNMENTS) if one.id.parent.covers(resource)]


def fill_scope(change: Change) -> None:
    change.properties["scope"] = str(change.id.parent)


TYPE = ResourceType(
    ASSIGNMENTS,
    extends=True,
    check=together(
        required("properties.policyDefinitionId"),
        one_of("properties.enforcementMode", "Default", "DoNotEnforce", "Enroll"),
    ),
    fill=together(
        defaults(enforcementMode="Default", notScopes=[], parameters={}, metadata={}),
        fill_scope,
        identified,
    ),
    render=stateless,
    updated=201,
)
