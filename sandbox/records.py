"""What the cloud remembers, piece by piece; each can be told as JSON and read back."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

from sandbox.arm import GROUPS, ArmError, ResourceId


@dataclass
class Resource:
    """One resource as ARM shows it, with what it never shows beside it."""

    id: ResourceId
    body: dict[str, Any]
    state: str = "Succeeded"
    operation: str = ""
    secrets: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def kind(self) -> str:
        return self.id.kind

    @property
    def location(self) -> str:
        return str(self.body.get("location", ""))

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self.body.setdefault("properties", {})
        return found

    @property
    def busy(self) -> bool:
        """Azure is still creating, changing or deleting it."""
        return self.state not in ("Succeeded", "Failed", "Canceled")

    def dump(self) -> dict[str, Any]:
        """As JSON; a secret that is more than JSON, such as a vault's safe, has a `dump` too."""
        secrets = {
            name: value.dump() if hasattr(value, "dump") else value
            for name, value in self.secrets.items()
        }
        return {
            "id": self.id.path,
            "body": self.body,
            "state": self.state,
            "operation": self.operation,
            "secrets": secrets,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        return cls(**data | {"id": ResourceId(data["id"])})


@dataclass(frozen=True)
class Principal:
    """Somebody in the directory who can hold roles: a service principal or managed identity."""

    object_id: str
    application_id: str
    name: str
    kind: str = "ServicePrincipal"
    replicated: float = 0.0  # From this moment every part of Entra knows it.


@dataclass(frozen=True)
class Failure:
    """How an operation ends that Azure accepted and could not finish."""

    code: str
    message: str


@dataclass
class Operation:
    """Something that Azure does in its own time."""

    id: str
    resource: ResourceId
    started: float
    due: float
    deletes: bool = False
    failure: Failure | None = None
    stuck: str = ""  # The fault that keeps it from ending.

    def remaining(self, now: float) -> float:
        return max(0.0, self.due - now)

    def dump(self) -> dict[str, Any]:
        failure = asdict(self.failure) if self.failure else None
        return vars(self) | {"resource": self.resource.path, "failure": failure}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        failure = Failure(**data["failure"]) if data["failure"] else None
        return cls(**data | {"resource": ResourceId(data["resource"]), "failure": failure})


def duplicate(value: Any) -> Any:
    """A JSON document of its own; several times as quick as `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: duplicate(part) for key, part in value.items()}
    if isinstance(value, list):
        return [duplicate(part) for part in value]
    return value


def not_found(resource: ResourceId, *, in_group: bool) -> ArmError:
    """Azure's refusal names what is missing first: the group, or the resource in it."""
    if resource.kind == GROUPS or (resource.group and not in_group):
        name = resource.group
        return ArmError(
            404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found."
        )
    kind, path = resource.kind, "/".join(resource.segments[-2 * resource.kind.count("/") :][1::2])
    space, *kinds = kind.split("/")
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{space}/{'/'.join(kinds)}/{path}' under resource group "
        f"'{resource.group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
    )
