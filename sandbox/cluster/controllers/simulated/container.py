"""A running container as its image's behaviour sees it, and what it is asked and answers."""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs, unquote

from sandbox.cluster.controllers.simulated.world import World
from sandbox.cluster.login import Login


def repository(image: str) -> str:
    """The name of an image without registry, tag and digest."""
    name = image.split("@", maxsplit=1)[0]
    head, _, tail = name.rpartition(":")
    if head and "/" not in tail:
        name = head
    first, slash, rest = name.partition("/")
    is_registry = slash and ("." in first or ":" in first or first == "localhost")
    return (rest if is_registry else name).removeprefix("library/")


@dataclass(frozen=True)
class Container:
    """One container, with the variables and files that it found when it started."""

    name: str
    image: str
    namespace: str
    pod: str
    env: Mapping[str, str] = field(repr=False)
    files: Mapping[str, str] = field(repr=False, default_factory=dict)
    shared: Mapping[str, str] = field(repr=False, default_factory=dict)  # Env of init containers.
    ports: tuple[int, ...] = ()  # As the pod declares them.

    @property
    def version(self) -> str:
        return self.image.rpartition(":")[2]

    @property
    def place(self) -> str:
        """Its pod, as `<namespace>/<name>`."""
        return f"{self.namespace}/{self.pod}"


@dataclass(frozen=True)
class Question:
    """An HTTP request, as far as simulated services look at it; header names in lower case."""

    method: str = "GET"
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    port: int = 80

    def parameter(self, name: str) -> str:
        return (parse_qs(self.query).get(name) or [""])[0]

    @property
    def parts(self) -> tuple[str, ...]:
        """The path between its slashes, decoded."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object in the body; empty where there is none."""
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200) -> "Reply":
        body = json.dumps(value, separators=(",", ":")).encode()
        return cls(status, body, {"content-type": "application/json; charset=utf-8"})

    @classmethod
    def text(cls, text: str, status: int = 200, kind: str = "text/plain") -> "Reply":
        return cls(status, text.encode(), {"content-type": f"{kind}; charset=utf-8"})


class UnreachableError(Exception):
    """Nobody answers at this address; the message says why."""


class Outside(Protocol):
    """What a container finds around it."""

    world: World

    async def ask(self, host: str, port: int, question: Question) -> Reply:
        """Ask a service, as network policies let this container; raises `UnreachableError`."""

    async def converse(self, host: str, port: int, question: Question, say: "Say") -> "Partner":
        """Open a websocket to a service; raises `UnreachableError` or `RefusedError`."""

    async def refused(self, login: Login | None) -> str:
        """The words with which PostgreSQL refuses a login of this container; else nothing."""


Say = Callable[[str | None], None]  # Sends a text over a websocket; None closes it.


class Partner(Protocol):
    """The other end of a websocket."""

    def hear(self, text: str) -> None:
        """A text has come."""

    def leave(self) -> None:
        """The websocket is closed."""


class RefusedError(Exception):
    """A websocket that is not opened; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def unsupported(service: str, question: Question) -> Reply:
    """Say plainly that the sandbox, unlike the service, cannot do this."""
    text = f"The sandbox does not simulate {question.method} {question.path} of {service}."
    return Reply.json({"message": text}, 501)


class Behaviour(ABC):
    """What containers of one image do: whether they start, where they listen, what they say."""

    image: ClassVar[str]  # The repository, such as `supabase/gotrue`.
    required: ClassVar[tuple[str, ...]] = ()  # Variables without which the program ends at once.
    migrates: ClassVar[bool] = False  # At its start, so that it ends where its login is refused.

    def refusal(self, container: Container) -> str | None:
        """Why the program ends right after its start; None when it runs."""
        missing = [name for name in self.required if not container.env.get(name)]
        return f"missing configuration: {', '.join(missing)}" if missing else None

    async def start(self, container: Container, outside: Outside) -> str | None:
        """Why the program ends right after its start, its database asked; None when it runs."""
        why = self.refusal(container)
        if why is None and self.migrates:
            said = await outside.refused(Login.of(container.env))
            why = f"cannot migrate the database: {said}" if said else None
        return why

    @abstractmethod
    def listens(self, container: Container) -> tuple[int, ...]:
        """The ports that are open to other pods."""

    @abstractmethod
    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        """Answer a request that reached the container itself."""

    async def converse(
        self,
        container: Container,  # noqa: ARG002 - Most images know no websockets.
        question: Question,
        outside: Outside,  # noqa: ARG002 - The same.
        say: Say,  # noqa: ARG002 - The same.
    ) -> Partner:
        """Open a websocket, or raise `RefusedError`."""
        raise RefusedError(unsupported(self.image, question))
