"""
Who may do what, where; and which part of Azure knows it already.

A change of role assignments reaches Azure's many servers one after the other. Five stand in for
them here: each learns of a change at its own moment inside the propagation time, and the answers
to one principal go round all five. So old and new answers stand side by side, and only five equal
answers in a row prove that the change has arrived everywhere.
"""

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sandbox.arm import ResourceId
from sandbox.cloud.authorization import definitions
from sandbox.cloud.authorization.roles import Role
from sandbox.store import Resource, Store

ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
SERVERS = 5
RESOURCE = 8  # Segments in the id of a top-level resource.
EARLIEST = 0.3  # Share of the propagation time that passes before the first server knows.


@dataclass
class Grant:
    """One role assignment, over its life; the delays say when each server hears of a change."""

    id: ResourceId
    principal: str
    role: Role
    scope: ResourceId
    since: float
    delays: tuple[float, ...]
    until: float = math.inf

    def known(self, server: int, now: float) -> bool:
        """Does this server, at this moment, think that the grant holds."""
        delay = self.delays[server]
        return self.since + delay <= now < self.until + delay

    @property
    def settled(self) -> float:
        """When the last server has heard of the latest change."""
        changed = self.since if math.isinf(self.until) else self.until
        return changed + max(self.delays)

    def dump(self) -> dict[str, Any]:
        """As JSON; the role in full, for a custom one may be gone before its last grant is."""
        places = {"id": self.id.path, "scope": self.scope.path}
        return vars(self) | places | {"role": self.role.dump()}

    @classmethod
    def load(cls, data: dict[str, Any], roles: Mapping[str, Role]) -> Self:
        places = {name: ResourceId(data[name]) for name in ("id", "scope")}
        role = roles.get(data["role"]["id"]) or Role.load(data["role"])
        return cls(**data | places | {"role": role, "delays": tuple(data["delays"])})


class Engine:
    """Answers the one question of authorization for ARM and for every data plane."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.grants: dict[str, Grant] = {}
        self._held: dict[str, list[Grant]] = {}  # By principal.
        self._turns: Counter[tuple[str, bool, str]] = Counter()
        store.listen("created", ASSIGNMENTS, self._granted)
        store.listen("deleted", ASSIGNMENTS, self._revoked)

    def allows(self, object_id: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        """May the principal do this here, in the eyes of the server that answers this time."""
        self.store.settle()
        held = self.held(object_id, scope, data=data)
        return any(grant.role.allows(action, data=data) for grant in held)

    def granted(self, object_id: str, action: str, scope: ResourceId) -> bool:
        """Is the right granted, known or not: for a service that asks until it sees a new role."""
        return any(
            math.isinf(grant.until) and grant.scope.covers(scope) and grant.role.allows(action)
            for grant in self._held.get(object_id, ())
        )

    def holds_any(self, object_id: str) -> bool:
        """Has the principal a role anywhere: then the subscription is among those it is shown."""
        return any(math.isinf(grant.until) for grant in self._held.get(object_id, ()))

    def held(self, object_id: str, scope: ResourceId, *, data: bool = False) -> list[Grant]:
        """
        The grants of a principal that one server knows; the next question asks the next one.

        Turns are counted for each resource and plane: whatever else the principal asks meanwhile,
        five questions in a row about one vault are answered by five servers.
        """
        now = self.store.now()
        asked = (object_id, data, "/".join(scope.segments[:RESOURCE]).lower())
        self._turns[asked] += 1
        server = self._turns[asked] % SERVERS
        if self.store.weather.forgets(object_id, scope, " ".join(map(str, asked))):
            return []
        return [
            grant
            for grant in self._held.get(object_id, ())
            if grant.scope.covers(scope) and grant.known(server, now)
        ]

    def redefine(self, role: Role) -> None:
        """A changed definition counts for those who hold it already."""
        for grant in self.grants.values():
            if grant.role.id == role.id:
                grant.role = role

    def pending(self) -> list[Grant]:
        """Changes that some servers have not heard of yet."""
        now = self.store.now()
        return [grant for grant in self.grants.values() if now < grant.settled]

    def _granted(self, assignment: Resource) -> None:
        found: dict[str, Any] = assignment.properties
        settled = bool(assignment.secrets.get("settled"))
        window = 0.0 if settled else self.store.latency.seconds("role.propagation")
        grant = Grant(
            assignment.id,
            found["principalId"],
            definitions.known(self.store)[found["roleDefinitionId"].rpartition("/")[2]],
            ResourceId.parse(found["scope"]),
            self.store.now(),
            delays(self._seed(found), window),
        )
        self.grants[assignment.id.key] = grant
        self._held.setdefault(grant.principal, []).append(grant)

    def _seed(self, assignment: dict[str, Any]) -> str:
        """Principal and scope by their names: ids differ from run to run, and luck is not to."""
        principal = assignment["principalId"]
        known = self.store.principals.get(principal)
        return f"{known.name if known else principal} {assignment['scope']}"

    def _revoked(self, assignment: Resource) -> None:
        grant = self.grants[assignment.id.key]
        grant.until = self.store.now()
        self.grants[f"{assignment.id.key}@{grant.until}"] = self.grants.pop(assignment.id.key)
        self.store.after(max(grant.delays), self._forget)

    def _forget(self) -> None:
        now = self.store.now()
        self._keep(
            {key: one for key, one in self.grants.items() if now < max(one.until, one.settled)}
        )

    def _keep(self, grants: dict[str, Grant]) -> None:
        self.grants, self._held = grants, {}
        for grant in grants.values():
            self._held.setdefault(grant.principal, []).append(grant)

    # --- Restarts --------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """Every grant, with what each server has heard of it and when it will."""
        return {key: grant.dump() for key, grant in self.grants.items()}

    def load(self, data: dict[str, Any]) -> None:
        roles = definitions.known(self.store)
        self._keep({key: Grant.load(one, roles) for key, one in data.items()})
        for grant in self.grants.values():
            if not math.isinf(grant.until):
                self.store.after(grant.settled - self.store.now(), self._forget)


def delays(seed: str, window: float) -> tuple[float, ...]:
    """When each server hears of a change: always the same for one principal and scope."""
    steps = [EARLIEST + (1 - EARLIEST) * step / (SERVERS - 1) for step in range(SERVERS)]
    random.Random(seed).shuffle(steps)  # noqa: S311  # Weather, not cryptography.
    return tuple(window * step for step in steps)
