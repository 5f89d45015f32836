"""What goes wrong between the sandbox and its PostgreSQL."""


class EngineError(Exception):
    """The engine is missing, or does not do what it is told; the sentence is for people."""


class StatementError(EngineError):
    """PostgreSQL refused a statement of the sandbox itself."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
