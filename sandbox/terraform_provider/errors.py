"""What goes wrong is told to Terraform as a diagnostic: one line, an explanation, and the place in the configuration."""

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
    """Terraform was interrupted, or the time of the operation was over, while Azure was still at work."""
