"""
Everything that can go wrong, from the view of the operator.

DeployError
├── ConfigError      a file or parameter asks for something that cannot be built
├── PreflightError   this machine, these credentials or this subscription cannot start yet
├── NotReadyError    Azure is still busy with it; asking again helps
├── RefusedError     Azure said no, and will say no again until somebody changes something
├── ToolError        terraform, helm or kubectl ended with a failure
│   └── BusyError    ... because somebody else holds the lock; trying again helps
├── ApprovalError    a person, or the lack of one, stopped a plan
└── HealthError      everything is installed, yet the platform does not answer as it should

Each error says what happened, and `hint` says what to do next.
"""

from typing import ClassVar


class DeployError(Exception):
    """The deployment stopped, for a reason the operator can act on."""

    transient: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)  # Both, and by position: Prefect pickles errors.
        self.message = message
        self.hint = hint

    def also(self, text: str) -> None:
        """Add what was done about it."""
        self.message += f"\n{text}"
        self.args = (self.message, *self.args[1:])

    def __str__(self) -> str:
        return f"{self.message}\nNext: {self.hint}" if self.hint else self.message


class ConfigError(DeployError):
    """Correct a file or a parameter; nothing was touched."""


class PreflightError(DeployError):
    """Something outside the project is missing; nothing was touched."""


class NotReadyError(DeployError):
    """What was asked for is on its way; `retry_after` is Azure's own advice, in seconds."""

    transient: ClassVar[bool] = True

    def __init__(self, message: str, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.args = (message, hint, retry_after)
        self.retry_after = retry_after


class RefusedError(DeployError):
    """Time does not help; the hint names what would."""


class ToolError(DeployError):
    """A program failed; the end of its own complaint is part of the message."""


class BusyError(ToolError):
    """Somebody else holds the lock; it passes."""

    transient: ClassVar[bool] = True


class ApprovalError(DeployError):
    """The plan was rejected, or nobody answered in time; nothing was changed."""


class HealthError(DeployError):
    """The platform is there and gives wrong answers."""
