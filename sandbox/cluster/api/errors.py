"""Every refusal of the API: a Status object, in Kubernetes' own words."""

from collections.abc import Sequence
from typing import Any

from sandbox.cluster.api.kinds import Kind


class ApiError(Exception):
    """An answer that is not what the caller asked for."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = {key: value for key, value in details.items() if value}

    @property
    def status(self) -> dict[str, Any]:
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            **({"reason": self.reason} if self.reason else {}),
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


def about(kind: Kind, name: str) -> dict[str, str]:
    """The `details` that name an object; their `kind` is the plural, as on a real server."""
    return {"name": name, "group": kind.group, "kind": kind.plural}


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def too_large(limit: int) -> ApiError:
    message = f"Request entity too large: limit is {limit}"
    return ApiError(413, "RequestEntityTooLarge", message)


def forbidden(kind: Kind, name: str, why: str) -> ApiError:
    subject = f'{kind.qualified} "{name}"' if name else kind.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", **about(kind, name))


def not_found(kind: Kind, name: str) -> ApiError:
    message = f'{kind.qualified} "{name}" not found'
    return ApiError(404, "NotFound", message, **about(kind, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def not_allowed() -> ApiError:
    message = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", message)


def already_exists(kind: Kind, name: str) -> ApiError:
    message = f'{kind.qualified} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, **about(kind, name))


def conflict(kind: Kind, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {kind.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, **about(kind, name))


def stale(kind: Kind, name: str) -> ApiError:
    why = (
        "the object has been modified; please apply your changes to the latest version "
        "and try again"
    )
    return conflict(kind, name, why)


def expired(version: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {version}")


def unsupported_media(message: str) -> ApiError:
    return ApiError(415, "UnsupportedMediaType", message)


def not_simulated(what: str) -> ApiError:
    """Say plainly that this cluster, unlike a real one, cannot do this."""
    message = f"{what} is not simulated: the sandbox's containers have no processes to talk to"
    return ApiError(501, "NotImplemented", message)


def internal(message: str) -> ApiError:
    causes = [{"message": message}]
    text = f"Internal error occurred: {message}"
    return ApiError(500, "InternalError", text, causes=causes)


def invalid(kind: Kind, name: str, causes: Sequence["Cause"]) -> ApiError:
    """A 422 that lists everything that is wrong with an object."""
    texts = [str(cause) for cause in causes]
    listed = aggregate(texts)
    return ApiError(
        422,
        "Invalid",
        f'{kind.qualified_kind} "{name}" is invalid: {listed}',
        name=name,
        group=kind.group,
        kind=kind.name,
        causes=[cause.status for cause in causes],
    )


def aggregate(texts: Sequence[str]) -> str:
    """Several reasons as Go joins them."""
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


class Cause:
    """One thing that is wrong with one field."""

    def __init__(self, reason: str, field: str, message: str) -> None:
        self.reason = reason
        self.field = field
        self.message = message

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    @property
    def status(self) -> dict[str, str]:
        return {"reason": self.reason, "message": self.message, "field": self.field}


def required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", field, f"Required value{f': {why}' if why else ''}")


def wrong(field: str, value: Any, why: str) -> Cause:
    return Cause("FieldValueInvalid", field, f"Invalid value: {shown(value)}: {why}")


def unsupported(field: str, value: Any, supported: Sequence[Any]) -> Cause:
    listed = ", ".join(shown(each) for each in supported)
    message = f"Unsupported value: {shown(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", field, message)


def missing(field: str, value: Any) -> Cause:
    return Cause("FieldValueNotFound", field, f"Not found: {shown(value)}")


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", field, f"Duplicate value: {shown(value)}")


def refused(field: str, why: str) -> Cause:
    return Cause("FieldValueForbidden", field, f"Forbidden: {why}")


def shown(value: Any) -> str:
    """A value as Go's validation prints it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case dict():
            pairs = ", ".join(f"{shown(key)}:{shown(each)}" for key, each in sorted(value.items()))
            return f"map[string]string{{{pairs}}}" if value else "null"
        case None:
            return "null"
        case _:
            return str(value)
