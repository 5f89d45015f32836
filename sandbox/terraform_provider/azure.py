"""Azure Resource Manager as azurerm uses it: strict answers, retries, and long operations."""

import json
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from sandbox.terraform_provider import body
from sandbox.terraform_provider.errors import AzureError, ProviderError, StoppedError
from sandbox.terraform_provider.identity import Settings, Tokens
from sandbox.terraform_provider.transport import Reply, Transport

Url = str
FINE = (200, 201, 202, 204)
TRIES = 8
QUICK, SLOW = 0.1, 1.0  # Seconds between two looks, where Azure does not ask for more.
FAREWELL = 20.0  # Seconds that running operations have to end when Terraform is interrupted.
SKIP_DELAY = "X-Go-Azure-Sdk-Skip-Polling-Delay"
FAILED = ("failed", "canceled", "cancelled")
JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}


def is_retried(status: int) -> bool:
    """Throttling and outages pass; 501 does not."""
    return status in (408, 424, 429) or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    )


def error_of(told: Any) -> tuple[str, str]:
    """Code and message, wherever in the body they are."""
    error = told.get("error", told) if isinstance(told, dict) else {}
    if not isinstance(error, dict):
        return str(error), str(told.get("error_description", ""))
    return str(error.get("code") or ""), str(error.get("message") or "")


def refusal(reply: Reply) -> AzureError:
    """An unexpected answer, in the words of azurerm."""
    try:
        phrase = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        phrase = str(reply.status)
    code, message = error_of(reply.body)
    summary = f"unexpected status {reply.status} ({phrase})"
    if code or message:
        summary += f" with error: {code}: {message}"
    elif reply.text:
        summary += f" with response: {reply.text[:500]}"
    return AzureError(summary, reply.status, code)


def failure(status: str, told: Any) -> AzureError:
    """A failed operation, in the words of azurerm."""
    code, message = error_of(told)
    return AzureError(
        "polling failed: the Azure API returned the following error:\n\n"
        f'Status: "{status}"\nCode: "{code}"\nMessage: "{message}"\nActivity Id: ""\n\n---\n\n'
        f"API Response:\n\n----[start]----\n{json.dumps(told)}\n-----[end]-----\n",
        code=code,
    )


def retry_after(reply: Reply) -> float | None:
    try:
        return float(reply.headers.get("Retry-After", ""))
    except ValueError:
        return None


class Pace:
    """How long to wait between two looks."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.own = QUICK
        self.first = reply is not None and reply.headers.get(SKIP_DELAY) == "true"

    def after(self, reply: Reply | None) -> float:
        if self.first:
            self.first = False
            return 0.0
        wish = retry_after(reply) if reply is not None else None
        if wish is not None:
            return wish
        pause, self.own = self.own, min(self.own * 1.5, SLOW)
        return pause


class Azure:
    """One signed-in subscription."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transport = Transport()
        self.tokens = Tokens(settings, self.transport)
        self.stopping = threading.Event()
        self.stopped_at = 0.0
        self.guard = threading.Lock()
        self.locks: dict[str, threading.RLock] = defaultdict(threading.RLock)

    @property
    def endpoint(self) -> str:
        return self.tokens.endpoints.resource_manager

    def stop(self) -> None:
        """Let running operations end soon."""
        self.stopped_at = time.monotonic()
        self.stopping.set()

    @contextmanager
    def locked(self, resource_id: str) -> Iterator[None]:
        """Change a resource in one thread at a time."""
        with self.guard:
            lock = self.locks[resource_id.lower()]
        with lock:
            yield

    def sleep(self, seconds: float, deadline: float) -> None:
        """Wait, but not past the deadline, nor long after an interruption."""
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            if now > deadline:
                raise StoppedError("context deadline exceeded")
            if not self.stopping.is_set():
                self.stopping.wait(min(until - now, SLOW))
            elif now > self.stopped_at + FAREWELL:
                raise StoppedError("context canceled")
            else:
                time.sleep(min(until - now, QUICK))

    # --- Requests -----------------------------------------------------------------------------

    def send(
        self, method: str, url: Url, content: Any = None, *, deadline: float | None = None
    ) -> Reply:
        """One request to an absolute URL, of any plane, tried again while Azure is throttling."""
        target = urlsplit(url)
        host = target.hostname or ""
        vaults = self.tokens.endpoints.vault_domain
        audience = f"https://{vaults}" if host.endswith(f".{vaults}") else self.endpoint
        payload = None if content is None else json.dumps(content).encode()
        pace, until = Pace(), deadline or time.monotonic() + 300
        for attempt in range(TRIES):
            bearer = {"Authorization": f"Bearer {self.tokens.bearer(audience)}"}
            reply = self.transport.send(method, url, payload, JSON | bearer)
            if not is_retried(reply.status) or attempt == TRIES - 1:
                break
            self.sleep(pace.after(reply), until)
        return reply

    def call(
        self,
        method: str,
        path: str,
        api: str,
        content: Any = None,
        accept: Collection[int] = FINE,
    ) -> Reply:
        """One request to a path of Resource Manager; any other status is an error."""
        query = f"{'&' if '?' in path else '?'}api-version={api}"
        reply = self.send(method, f"{self.endpoint}{path}{query}", content)
        if reply.status not in accept:
            raise refusal(reply)
        return reply

    def find(self, path: str, api: str) -> Any:
        """The body at a path, or None where nothing is."""
        reply = self.call("GET", path, api, accept=(200, 404))
        return None if reply.status == HTTPStatus.NOT_FOUND else reply.body

    # --- Operations ---------------------------------------------------------------------------

    def change(self, method: str, path: str, api: str, content: Any, deadline: float) -> Reply:
        """PUT, PATCH or POST, and wait until Azure has done it."""
        reply = self.call(method, path, api, content)
        self.follow(reply, path, api, deadline)
        return reply

    def follow(self, reply: Reply, path: str, api: str, deadline: float) -> None:
        """Wait for the operation that an answer began."""
        operation = reply.headers.get("Azure-AsyncOperation") or reply.headers.get("Location")
        if operation is not None:
            target = urlsplit(operation)  # Azure's host names vary; the endpoint does not.
            where = f"{self.endpoint}{target.path}?{target.query}"
            self.poll(where, reply, deadline, (200, 202, 204, 404))
        elif reply.status == HTTPStatus.ACCEPTED:
            raise ProviderError(f"internal-error: no applicable pollers for the answer of {path}")
        elif body.get(reply.body, "properties.provisioningState") is not None:
            self.poll(f"{self.endpoint}{path}?api-version={api}", reply, deadline, (200,))

    def poll(self, url: Url, begun: Reply, deadline: float, accept: Collection[int]) -> None:
        pace, reply = Pace(begun), begun
        while True:
            self.sleep(pace.after(reply), deadline)
            reply = self.send("GET", url, deadline=deadline)
            if reply.status not in accept:
                raise refusal(reply)
            if reply.status in (HTTPStatus.ACCEPTED, HTTPStatus.NOT_FOUND):
                continue
            told = reply.body
            state = body.get(told, "status") or body.get(told, "properties.provisioningState")
            if not isinstance(state, str) or state.lower() == "succeeded":
                return
            if state.lower() in FAILED:
                raise failure(state, told)

    def delete(self, path: str, api: str, deadline: float) -> None:
        """Delete, and look until it is gone."""
        reply = self.call("DELETE", path, api, accept=(200, 202, 204, 404))
        pace, deleting = Pace(), False
        while (found := self.find(path, api)) is not None:
            state = str(body.get(found, "properties.provisioningState") or "").lower()
            if deleting and state in FAILED:
                raise failure("Failed", found)
            deleting = deleting or state == "deleting"
            self.sleep(pace.after(reply), deadline)
