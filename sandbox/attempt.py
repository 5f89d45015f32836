"""A change that may be refused halfway: what has to be put back then."""

import marshal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.records import Resource

PLAIN = 2  # Version of marshal in which equal documents have equal bytes.


@dataclass(frozen=True)
class Image:
    """How a resource looked."""

    resource: Resource
    body: bytes
    secrets: dict[str, Any]
    state: str
    operation: str

    @classmethod
    def of(cls, one: Resource) -> Self:
        body = marshal.dumps(one.body, PLAIN)
        return cls(one, body, dict(one.secrets), one.state, one.operation)

    @property
    def changed(self) -> bool:
        return marshal.dumps(self.resource.body, PLAIN) != self.body

    def put_back(self) -> None:
        one = self.resource
        one.body = marshal.loads(self.body)  # noqa: S302  # Our own bytes of just now.
        one.secrets, one.state, one.operation = self.secrets, self.state, self.operation


@dataclass
class Attempt:
    """What was shown and done, and who has yet to hear of it."""

    shown: dict[str, Image] = field(default_factory=dict)
    undo: list[Callable[[], object]] = field(default_factory=list)
    untold: list[tuple[str, Resource]] = field(default_factory=list)

    def show(self, resource: Resource) -> None:
        """Whoever is shown a resource may change it in place."""
        if resource.id.key not in self.shown:
            self.shown[resource.id.key] = Image.of(resource)

    def changed(self) -> Iterator[Resource]:
        """The resources whose bodies are not what they were."""
        return (image.resource for image in self.shown.values() if image.changed)

    def put_back(self) -> None:
        for image in self.shown.values():
            image.put_back()
        for step in reversed(self.undo):
            step()
