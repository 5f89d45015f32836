"""A command that was accepted: what it is, how it ended, and how that is told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from sandbox.arm import ResourceId

CUT_SHORT = "The command was cancelled: the sandbox stopped or was reset."


@dataclass
class Command:
    """One command, from its acceptance on."""

    id: str
    cluster: ResourceId
    text: str
    files: bytes
    token: str
    started: datetime
    finished: datetime | None = None
    exit_code: int | None = None  # Known of a command that ran to its end.
    logs: str = ""
    reason: str = ""  # Set when the service could not run it at all.
    _dumped: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def show(self) -> dict[str, Any]:
        found: dict[str, Any] = {"startedAt": stamp(self.started)}
        if self.finished is None:
            found["provisioningState"] = "Running"
        elif self.reason or self.exit_code is None:
            found |= {"provisioningState": "Failed", "reason": self.reason or "It did not run."}
        else:
            found |= {
                "provisioningState": "Succeeded",
                "exitCode": self.exit_code,
                "logs": self.logs,
            }
        if self.finished is not None:
            found["finishedAt"] = stamp(self.finished)
        return {"id": self.id, "properties": found}

    def dump(self) -> dict[str, Any]:
        """The result, always the same object; a command under way does not outlive the sandbox."""
        if self._dumped is None or bool(self.finished) is not self._dumped["ran"]:
            self._dumped = {
                "cluster": self.cluster.path,
                "started": self.started.timestamp(),
                "finished": (self.finished or self.started).timestamp(),
                "exit_code": self.exit_code,
                "logs": self.logs,
                "reason": self.reason if self.finished else CUT_SHORT,
                "ran": bool(self.finished),
            }
        return self._dumped

    @classmethod
    def load(cls, identifier: str, data: dict[str, Any]) -> Self:
        began, ended = (datetime.fromtimestamp(data[at], UTC) for at in ("started", "finished"))
        told = {name: data[name] for name in ("exit_code", "logs", "reason")}
        return cls(identifier, ResourceId(data["cluster"]), "", b"", "", began, ended, **told)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
