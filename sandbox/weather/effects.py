"""What a fault does: a closed set of effects, each hitting one kind of thing."""

from http import HTTPStatus
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

FIELDS = {
    "answer": "request",
    "reset": "request",
    "truncate": "request",
    "stuck": "operation",
    "fail": "operation",
    "evict": "command",
    "unreachable": "connection",
    "flap": "roles",
    "token": "token",
    "slow": "duration",
}
SENTENCES = {
    "answer": "{}",
    "reset": "the connection is reset at the {}",
    "truncate": "the answer ends after {} bytes",
    "stuck": "the operation never ends",
    "fail": "the operation fails with {}",
    "evict": "dies {}",
    "unreachable": "{}",
    "flap": "roles are known and unknown in turn",
    "token": "the token is valid {}",
    "slow": "it takes {}",
}


class Frozen(BaseModel):
    """A value, closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def upper(given: Any) -> Any:
    names = (given,) if isinstance(given, str) else given
    return tuple(str(name).upper() for name in names) if isinstance(names, list | tuple) else names


class Answer(Frozen):
    """An answer in place of the service's own."""

    status: int = Field(ge=200, le=599)
    code: str = Field(default="", description="Error code; the status's name without.")
    message: str = Field(
        default="", description="May hold {subscription}, {principal} and {retry_after}."
    )
    inner: str = Field(default="", description="Code of the inner error.")
    wrapped: bool = Field(default=True, description="Inside of `error`; AKS answers without.")
    body: str | dict[str, Any] | None = Field(default=None, description="The whole body instead.")
    headers: dict[str, str] = Field(default={}, description="Besides the usual ones.")
    retry_after: float | None = Field(
        default=None, ge=0, description="Seconds of Azure; scaled, and at least one whole second."
    )

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        if self.body is not None and (self.code or self.message or self.inner):
            raise ValueError("body is the whole answer: code, message and inner exclude it")
        if self.status not in set(HTTPStatus):
            raise ValueError(f"{self.status} is no status of HTTP")
        return self

    @property
    def phrase(self) -> str:
        return HTTPStatus(self.status).phrase

    def __str__(self) -> str:
        return f"{self.status} {self.code or self.phrase}"


class Failure(Frozen):
    """How an operation ends that Azure accepted."""

    code: str
    message: str
    after: float | None = Field(
        default=None, ge=0, description="Seconds of Azure; without, when it would have succeeded."
    )

    def __str__(self) -> str:
        return self.code if self.after is None else f"{self.code} after {self.after:g} s"


class Once(Frozen):
    """A request of the command itself, at which it dies; the request has been carried out."""

    method: Annotated[tuple[str, ...], BeforeValidator(upper)] = ()
    path: str = "*"

    def __str__(self) -> str:
        return " ".join(part for part in (",".join(self.method), self.path) if part)


class Eviction(Frozen):
    """A command's pod that dies while the command runs."""

    reason: str = Field(default="Evicted", description="What the result tells.")
    after: float | None = Field(default=None, ge=0, description="Real seconds after its start.")
    once: Once | None = None

    @model_validator(mode="after")
    def _has_a_moment(self) -> Self:
        if (self.after is None) == (self.once is None):
            raise ValueError("a command dies either after so many seconds or once it asks for this")
        return self

    def __str__(self) -> str:
        if self.once is None:
            return f"after {self.after:g} s: {self.reason}"
        return f"once it asks {self.once}: {self.reason}"


class Token(Frozen):
    """Validity of new tokens by a clock that is wrong; the answer goes on to promise an hour."""

    lifetime: float | None = Field(default=None, ge=0, description="Real seconds until it expires.")
    not_before: float = Field(default=0.0, ge=0, description="Real seconds until it is valid.")

    @model_validator(mode="after")
    def _is_wrong(self) -> Self:
        if self.lifetime is None and not self.not_before:
            raise ValueError("give lifetime or not_before")
        return self

    def __str__(self) -> str:
        valid = "for an hour" if self.lifetime is None else f"for {self.lifetime:g} s"
        return f"{valid}, {self.not_before:g} s from now" if self.not_before else valid


class Slow(Frozen):
    """Another duration of operations; what takes no time stays so."""

    factor: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, ge=0, description="Seconds of Azure.")

    @model_validator(mode="after")
    def _has_one_measure(self) -> Self:
        if (self.factor is None) == (self.seconds is None):
            raise ValueError("give either factor or seconds")
        return self

    def __str__(self) -> str:
        return f"{self.factor:g} times as long" if self.factor else f"{self.seconds:g} s"


class Effect(Frozen):
    """What happens; one of these, and a delay may come first."""

    delay: float | None = Field(default=None, gt=0, description="Real seconds of waiting.")
    answer: Answer | None = None
    reset: Literal["request", "answer"] | None = Field(
        default=None, description="The connection breaks before, or after, the work is done."
    )
    truncate: int | None = Field(default=None, ge=0, description="Bytes of the body that arrive.")
    stuck: Literal[True] | None = Field(default=None, description="Ends when the fault is removed.")
    fail: Failure | None = None
    evict: Eviction | None = None
    unreachable: Literal["refused", "timeout"] | None = None
    flap: Literal[True] | None = Field(default=None, description="Roles are forgotten in between.")
    token: Token | None = None
    slow: Slow | None = None

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        chosen = [name for name in FIELDS if getattr(self, name) is not None]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude each other: make two faults of them")
        if not chosen and self.delay is None:
            raise ValueError(f"nothing happens: choose one of delay, {', '.join(FIELDS)}")
        if self.delay and self.kind not in ("request", "connection"):
            raise ValueError(f"{chosen[0]} has no delay: only answers and connections can wait")
        return self

    @property
    def name(self) -> str:
        return next((name for name in FIELDS if getattr(self, name) is not None), "delay")

    @property
    def kind(self) -> str:
        """What is hit: a request, an operation, a command, …"""
        return FIELDS.get(self.name, "request")

    def __str__(self) -> str:
        wait = f"{self.delay:g} s late" if self.delay else ""
        what = (
            SENTENCES[self.name].format(getattr(self, self.name)) if self.name in SENTENCES else ""
        )
        return ", ".join(part for part in (what, wait) if part)
