"""Azure's built-in roles, and what a role allows."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

import yaml

DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
DATA = Path(__file__).with_suffix(".yaml")
ANSWERS = 1000  # That each role remembers: patterns are slow to match, and few actions are asked.


def matches(action: str, patterns: Iterable[str]) -> bool:
    """Does one of the patterns cover the action; `/*/` may also stand for nothing in between."""
    lowered = action.lower()
    return any(
        fnmatchcase(lowered, pattern.lower())
        or fnmatchcase(lowered, pattern.lower().replace("/*/", "/"))
        for pattern in patterns
    )


@dataclass(frozen=True)
class Role:
    """One role definition."""

    name: str
    id: str
    description: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    kind: str = "BuiltInRole"
    scopes: tuple[str, ...] = ("/",)
    _answers: dict[tuple[str, bool], bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.init}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        lists = {key: tuple(one) for key, one in data.items() if isinstance(one, list | tuple)}
        return cls(**data | lists)

    def allows(self, action: str, *, data: bool = False) -> bool:
        known = self._answers.get((action, data))
        if known is None:
            if len(self._answers) >= ANSWERS:
                self._answers.clear()
            known = self._answers[action, data] = self._decide(action, data=data)
        return known

    def _decide(self, action: str, *, data: bool) -> bool:
        yes, no = (
            (self.data_actions, self.not_data_actions) if data else (self.actions, self.not_actions)
        )
        return matches(action, yes) and not matches(action, no)

    @property
    def permission(self) -> dict[str, list[str]]:
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": list(self.data_actions),
            "notDataActions": list(self.not_data_actions),
        }

    def render(self, scope: str) -> dict[str, Any]:
        """The definition, as it is seen from a subscription or from the tenant."""
        return {
            "id": f"{scope}/providers/{DEFINITIONS}/{self.id}",
            "name": self.id,
            "type": DEFINITIONS,
            "properties": {
                "roleName": self.name,
                "type": self.kind,
                "description": self.description,
                "assignableScopes": list(self.scopes),
                "permissions": [self.permission],
                "createdOn": "2015-02-02T21:55:09.8806423Z",
                "updatedOn": "2024-01-25T21:34:22.0000000Z",
                "createdBy": None,
                "updatedBy": None,
            },
        }


@functools.cache
def built_in() -> dict[str, Role]:
    """Every role of `roles.yaml`, by id."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(DATA.read_text())
    roles = [
        Role(
            name=name,
            id=entry["id"],
            description=entry["description"],
            actions=tuple(entry.get("actions", ())),
            not_actions=tuple(entry.get("notActions", ())),
            data_actions=tuple(entry.get("dataActions", ())),
            not_data_actions=tuple(entry.get("notDataActions", ())),
        )
        for name, entry in found.items()
    ]
    return {role.id: role for role in roles}


def named(name: str) -> Role | None:
    """The role with this name, in any letter case."""
    return next((role for role in built_in().values() if role.name.lower() == name.lower()), None)
