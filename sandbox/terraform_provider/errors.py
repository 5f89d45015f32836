"""What goes wrong is told to Terraform as a diagnostic: a line, an explanation, and a place."""

from typing import Any

Path = tuple[str | int, ...]


class ProviderError(Exception):
    """An error that the operator reads in Terraform's own frame."""

    def __init__(self, summary: str, detail: str = "", path: Path = ()) -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail
        self.path = path


class AzureError(ProviderError):
    """Azure refused a request, or an operation of Azure failed."""

    def __init__(self, summary: str, status: int = 0, code: str = "") -> None:
        super().__init__(summary)
        self.status = status
        self.code = code


class StoppedError(ProviderError):
    """Terraform was interrupted, or time was up, while Azure was still at work."""


class IncompleteError(ProviderError):
    """The object exists, but is not what was asked for; its state must not be lost."""

    def __init__(self, error: ProviderError, state: dict[str, Any]) -> None:
        super().__init__(error.summary, error.detail, error.path)
        self.state = state
