"""
Token buckets: how many requests Azure takes before it asks a client to wait.

Each bucket holds so many tokens and gets some back each second of Azure's time, so that a sandbox
at a twentieth of Azure's pace refills twenty times as quickly, and one without delays never runs
dry. Sizes and refills are documented ("Request limits and throttling", "Quotas, SKUs, regions").
"""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.arm import ArmError
from sandbox.latency import Latency


@dataclass(frozen=True)
class Limit:
    """Tokens in a full bucket, and those that come back in a second."""

    size: int
    refill: float


@dataclass
class Bucket:
    """What is left of one limit."""

    tokens: float
    at: float


READS, CHANGES = Limit(250, 25.0), Limit(200, 10.0)
MINUTE = 60.0
METHODS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
MANAGER = {"reads": READS, "writes": CHANGES, "deletes": CHANGES}
VAULT = Limit(4000, 400.0)
"""4000 transactions in ten seconds, for one vault."""
_CLUSTERS = r"/providers/microsoft\.containerservice/managedclusters"
SERVICES: tuple[tuple[str, re.Pattern[str], Limit], ...] = (
    ("PUT", re.compile(rf"{_CLUSTERS}/[^/]+/?$"), Limit(20, 1 / MINUTE)),
    ("PUT", re.compile(rf"{_CLUSTERS}/[^/]+/agentpools/[^/]+/?$"), Limit(20, 1 / MINUTE)),
    ("GET", re.compile(rf"^/subscriptions/[^/]+{_CLUSTERS}/?$"), Limit(500, 1.0)),
    ("GET", re.compile(rf"/resourcegroups/[^/]+{_CLUSTERS}/?$"), Limit(60, 1.0)),
)
"""Limits of the AKS resource provider itself; the last one is unverified."""


class Throttle:
    """The buckets of one cloud, by whatever they are counted for."""

    def __init__(self, latency: Latency, clock: Callable[[], float] = time.time) -> None:
        self.pace = latency.scaled(1.0)  # Real seconds in one of Azure's; 0 means no waiting.
        self.clock = clock
        self._buckets: dict[tuple[str, ...], Bucket] = {}

    def take(self, limit: Limit, *counted: str) -> int:
        """Take a token and return how many are left; refuse with `Throttled` when there is none."""
        left = self._refilled(limit, counted)
        if left.tokens < 1:
            raise Throttled(math.ceil((1 - left.tokens) / limit.refill * self.pace))
        if self.pace:
            left.tokens -= 1
        return int(left.tokens)

    def _refilled(self, limit: Limit, counted: tuple[str, ...]) -> Bucket:
        now = self.clock()
        found = self._buckets.setdefault(counted, Bucket(limit.size, now))
        if self.pace:
            found.tokens += (now - found.at) / self.pace * limit.refill
        found.tokens = min(found.tokens, limit.size)
        found.at = now
        return found


class Throttled(Exception):  # noqa: N818  # It is what Azure calls it.
    """A bucket is empty for so many seconds more."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = max(1, seconds)

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.seconds)}


def admit(
    throttle: Throttle, method: str, path: str, subscription: str, caller: str
) -> dict[str, str]:
    """Count one request to Resource Manager, and return the header that tells what is left."""
    lowered = path.lower()
    kind = METHODS.get(method, "writes")
    scope = "subscription" if subscription else "tenant"
    header = f"x-ms-ratelimit-remaining-{scope}-{kind}"
    try:
        left = throttle.take(MANAGER[kind], scope, subscription, caller, kind)
    except Throttled as error:
        raise ArmError(
            429,
            "SubscriptionRequestsThrottled" if subscription else "TenantRequestsThrottled",
            f"Number of '{kind.removesuffix('s')}' requests for {scope} '{subscription}' actor "
            f"'{caller}' exceeded. Please try again after '{error.seconds}' seconds after "
            "additional tokens are available. Refer to https://aka.ms/arm-throttling for "
            "additional information.",
            headers={header: "0", **error.headers},
        ) from error
    for verb, pattern, limit in SERVICES:
        if verb == method and pattern.search(lowered):
            try:
                throttle.take(limit, "service", subscription, pattern.pattern)
            except Throttled as error:
                raise ArmError(
                    429,
                    "Throttled",
                    f"The request is throttled: at most {limit.size} at once are taken by the "
                    f"resource provider. Please retry after {error.seconds} seconds.",
                    headers={header: str(left), **error.headers},
                    wrapped=False,
                ) from error
    return {header: str(left)}
