"""The rules that all of Azure Resource Manager shares: errors, resource ids, callers, polling."""

import functools
import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol, Self

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

HOST = "management.azure.com"
TENANT = "00000000-0000-0000-0000-00000000cafe"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000babe"
VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(-preview|-alpha|-beta|-privatepreview)?$")
GROUPS = "Microsoft.Resources/resourceGroups"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
WORDS = {
    "subscriptions": "subscriptions",
    "resourcegroups": "resourceGroups",
    "providers": "providers",
}
ENVELOPE: dict[str, type] = {
    **dict.fromkeys(("extendedLocation", "identity", "plan", "properties", "sku", "tags"), dict),
    **dict.fromkeys(("kind", "location", "managedBy"), str),
}
ROOTS = ("/subscriptions/", "/providers/")
DEEPEST = 64  # Levels of JSON that Azure reads.
SUFFIXES = {"POST": "action", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


class ArmError(Exception):
    """An answer in the shape that Azure clients parse."""

    def __init__(  # noqa: PLR0913  # The keywords are independent of each other.
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        inner: str = "",
        wrapped: bool = True,
    ) -> None:
        """`inner` is the code of the inner error; AKS answers without the `error` envelope."""
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        error: dict[str, Any] = {"code": code, "message": message}
        if inner:
            error["innererror"] = {"code": inner}
        self.body: dict[str, Any] = {"error": error} if wrapped else error


class UnsupportedError(ArmError):
    """Say plainly that the sandbox, unlike Azure, cannot do this."""

    def __init__(self, what: str) -> None:
        super().__init__(501, "SandboxUnsupported", f"{what} See docs/sandbox.md, 'Add a service'.")


async def answer(_request: Request, error: Exception) -> Response:
    """Turn an `ArmError` into the answer that it describes."""
    if not isinstance(error, ArmError):
        raise error
    return JSONResponse(error.body, error.status, error.headers)


async def broken(request: Request, _error: Exception) -> Response:
    """A bug of the sandbox, in the shape of Azure's errors; the traceback is in the log."""
    message = f"The sandbox failed at {request.method} {request.url.path}: see its log."
    return JSONResponse({"error": {"code": "InternalServerError", "message": message}}, 500)


async def unrouted(request: Request, error: Exception) -> Response:
    """A path or verb that a data plane does not have, in the shape of all other refusals."""
    if not isinstance(error, HTTPException):
        raise error
    message = f"The sandbox cannot answer {request.method} {request.url.path}."
    return await answer(
        request, ArmError(error.status_code, error.detail.replace(" ", ""), message)
    )


@dataclass(frozen=True, eq=False)
class ResourceId:
    """The id of one resource: equal in any letter case, yet it keeps the case it was made with."""

    path: str

    @classmethod
    def parse(cls, path: str, kind: str = "") -> Self:
        """Read a path; Azure's own words and the segments of `kind` get their canonical case."""
        segments = [part for part in path.split("/") if part]
        for at in range(0, len(segments), 2):
            segments[at] = WORDS.get(segments[at].lower(), segments[at])
        if kind and "providers" in segments[::2]:
            names = kind.split("/")
            start = len(segments) - 2 * (len(names) - 1) - 1
            segments[start] = names[0]
            segments[start + 1 :: 2] = names[1:]
        return cls("/" + "/".join(segments))

    @classmethod
    def of(cls, request: Request, kind: str = "") -> Self:
        """The resource that a request is about."""
        return cls.parse(request.scope["path"], kind)

    @functools.cached_property
    def key(self) -> str:
        return self.path.lower()

    @property
    def segments(self) -> list[str]:
        return self.path.strip("/").split("/")

    @property
    def name(self) -> str:
        return self.segments[-1]

    @property
    def subscription(self) -> str:
        return self._after("subscriptions")

    @property
    def group(self) -> str:
        return self._after("resourceGroups")

    @property
    def group_id(self) -> "ResourceId":
        """The resource group that holds this resource, or is it."""
        return ResourceId("/" + "/".join(self.segments[:4]))

    @functools.cached_property
    def kind(self) -> str:
        """`Microsoft.Network/virtualNetworks/subnets`, from the last provider in the path."""
        segments = self.segments
        spaces = range(0, len(segments) - 1, 2)  # `/providers` at the end names no provider.
        last = max((at for at in spaces if segments[at] == "providers"), default=-1)
        if last >= 0:
            return "/".join([segments[last + 1], *segments[last + 2 :: 2]])
        return GROUPS if "resourceGroups" in segments[::2] else SUBSCRIPTIONS

    @property
    def parent(self) -> "ResourceId":
        """What holds this resource: its parent resource, the scope it extends, or its group."""
        segments = self.segments[:-2]
        if len(segments) >= 2 and segments[-2] == "providers":  # noqa: PLR2004  # a pair
            segments = segments[:-2]
        return ResourceId("/" + "/".join(segments))

    def child(self, word: str, name: str) -> "ResourceId":
        """`child("subnets", "aks")`, or `child("providers/Microsoft.X/y", "name")` to extend."""
        return ResourceId(f"{self.path}/{word}/{name}")

    def covers(self, other: "ResourceId") -> bool:
        """Is the other one this resource, or something below it."""
        return other.key == self.key or other.key.startswith(self.key.rstrip("/") + "/")

    def _after(self, word: str) -> str:
        segments = self.segments
        at = segments.index(word) if word in segments[::2] else -1
        return segments[at + 1] if 0 <= at < len(segments) - 1 else ""

    def __str__(self) -> str:
        return self.path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and other.key == self.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True)
class Caller:
    """Who sent a request, after its token was checked."""

    object_id: str
    application_id: str
    tenant: str = TENANT

    @classmethod
    def of(cls, request: Request) -> "Caller":
        """The caller of an ARM request; the application has checked the token before."""
        caller = request.scope.get("caller")
        if not isinstance(caller, Caller):
            raise ArmError(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return caller


class Access(Protocol):
    """Who is it, and may they: what a data plane asks before it answers."""

    def identify(self, request: Request, audience: str) -> Caller:
        """The caller that the bearer token proves; raises `TokenError`."""

    def allows(self, object_id: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        """May the principal do this here, as far as the part of Azure that is asked knows."""


class TokenError(Exception):
    """A bearer token that proves nothing; the reason is missing, expired, audience or invalid."""

    def __init__(self, message: str, reason: str = "invalid") -> None:
        super().__init__(message)
        self.reason = reason


def network(request: Request) -> str:
    """The virtual network in which the caller stands; empty means the internet."""
    return str(request.scope.get("network", ""))


def required_action(method: str, path: str) -> tuple[str, ResourceId]:
    """What a caller must be allowed to do, and where: `Microsoft.Network/virtualNetworks/write`."""
    segments = ResourceId.parse(path).segments
    spaces = range(0, len(segments) - 1, 2)  # `/providers` at the end is a collection itself.
    start = max((at for at in spaces if segments[at] == "providers"), default=-1)
    pairs = segments[start + 2 :] if start >= 0 else segments
    kinds = pairs[0::2]
    whole = len(pairs) % 2 == 0  # A name at the end, rather than a collection or an action.
    scope = segments if whole else segments[:-1]
    if start >= 0:
        kinds = [segments[start + 1], *kinds]
        if len(pairs) == 1:
            scope = segments[:start]
    else:
        kinds = ["Microsoft.Resources", *kinds]
    suffix = SUFFIXES.get(method, "read")
    return "/".join([*kinds, suffix]), ResourceId("/" + "/".join(scope))


def check_version(request: Request) -> str:
    """Every ARM request names the version of the interface that it speaks."""
    version = request.query_params.get("api-version", "")
    if not version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    if not VERSION.match(version):
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. It is a date such as '2024-11-30', "
            "with '-preview' at its end for a preview.",
        )
    return version


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body of a request; it can be written again as it was read."""
    try:
        found = json.loads(await request.body())
        check_depth(found)
        json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise invalid_content(str(error)) from error
    return as_object(found, "the body")


async def read_resource(request: Request) -> dict[str, Any]:
    """The body of a PUT or PATCH: what all resources have in common is of the right shape."""
    body = await read_object(request)
    for name, kind in ENVELOPE.items():
        if body.get(name) is not None and not isinstance(body[name], kind):
            wanted = "an object" if kind is dict else "a text"
            raise invalid_content(f"Error converting the value at path '{name}': it is {wanted}.")
    for name, value in (body.get("tags") or {}).items():
        if isinstance(value, dict | list):
            raise invalid_content(f"Unexpected value at path 'tags.{name}': a tag is a text.")
    check_links(body.get("properties"), "properties")
    return body


def check_depth(value: Any, left: int = DEEPEST) -> None:
    if not left:
        raise ValueError(f"The reader's MaxDepth of {DEEPEST} has been exceeded.")
    inside = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for one in inside:
            check_depth(one, left - 1)


def check_links(value: Any, path: str) -> None:
    """What holds nothing but an `id` leads to another resource, by its whole id."""
    if isinstance(value, dict):
        link = value.get("id") if len(value) == 1 else None
        if link and not (isinstance(link, str) and link.lower().startswith(ROOTS)):
            raise ArmError(
                400,
                "LinkedInvalidPropertyId",
                f"Property id '{link}' at path '{path}.id' is invalid. Expect fully qualified "
                "resource Id that start with '/subscriptions/{subscriptionId}' or "
                "'/providers/{resourceProviderNamespace}/'.",
            )
        for name, one in value.items():
            check_links(one, f"{path}.{name}")
    elif isinstance(value, list):
        for at, one in enumerate(value):
            check_links(one, f"{path}[{at}]")


def as_object(value: Any, what: str) -> dict[str, Any]:
    """A part of a request that must be a JSON object."""
    if not isinstance(value, dict):
        raise invalid_content(f"{what} is not an object")
    return value


def invalid_content(reason: str) -> ArmError:
    return ArmError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )


def retry_after(seconds: float) -> dict[str, str]:
    """The header that paces a client: whole seconds. Without it the Python SDK waits for 30."""
    return {"Retry-After": str(max(1, math.ceil(seconds)))}


def polling_headers(
    operation: str, resource: ResourceId, location: str, version: str, wait: float
) -> dict[str, str]:
    """Where to ask about an operation under way, in both of Azure's styles."""
    space = resource.kind.split("/")[0]
    base = (
        f"https://{HOST}/subscriptions/{resource.subscription}"
        f"/providers/{space}/locations/{location or 'global'}"
    )
    query = f"api-version={version}"
    return {
        "Azure-AsyncOperation": f"{base}/operationStatuses/{operation}?{query}",
        "Location": f"{base}/operationResults/{operation}?{query}",
        "X-Go-Azure-Sdk-Skip-Polling-Delay": "true",
        **retry_after(wait),
    }
