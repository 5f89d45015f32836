"""One application with a signed-in user, as supabase-js makes it: its session goes on by itself."""

import asyncio
import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.load.entrance import Entrance
from sandbox.load.tally import Outcome, Tally

MARGIN = 90.0  # Seconds before its end at which supabase-js renews an access token.
OK = 200
REJECTED = (401, 403)
PATIENCE = 30.0  # Seconds for one answer.


class SignUpError(Exception):
    """A client could not sign up; the sentence says what the platform answered."""


@dataclass
class Session:
    """What a client keeps of its user."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    ends: float = 0.0
    renewed: float = 0.0

    @property
    def valid(self) -> bool:
        return time.time() < self.ends

    @property
    def due(self) -> float:
        """When it is renewed at the latest; a short one lasts for half of its life."""
        return self.ends - min(MARGIN, (self.ends - self.renewed) / 2)


class Client:
    """Asks the platform, for its user or with a key of the application."""

    def __init__(self, entrance: Entrance, tally: Tally, mail: str, renew_after: float) -> None:
        self.entrance = entrance
        self.tally = tally
        self.mail = mail
        self.user = ""
        self.session = Session()
        self.person = dict(entrance.keys)
        self._password = secrets.token_urlsafe(18)
        self._renew_after = renew_after
        self._renewing = asyncio.Lock()
        self.http = httpx.AsyncClient(
            base_url=entrance.url,
            proxy=entrance.proxy,
            verify=entrance.trust,
            trust_env=False,
            timeout=PATIENCE,
        )

    async def close(self) -> None:
        await self.http.aclose()

    # --- The session -----------------------------------------------------------------------------

    async def sign_up(self) -> None:
        """Become a user of the platform."""
        answer = await self.http.post(
            "/auth/v1/signup", json=self._credentials(), headers=self.as_application("anon-key")
        )
        found = answer.json() if answer.status_code == OK else {}
        if "access_token" not in found:
            raise SignUpError(
                f"auth answers {answer.status_code} to a sign-up: {told(answer)}. New users must "
                "be confirmed at once: auth.autoconfirm in the values of the platform."
            )
        self.user = str(found["user"]["id"])
        self._take(found)

    async def sign_in(self, *, stays: bool = False) -> Outcome:
        """Another session of the same user, as on a second device; or the one that goes on."""
        path = "/auth/v1/token?grant_type=password"
        outcome, found = await self._token(path, self._credentials())
        if found and stays:
            self._take(found)
        return outcome

    async def keep(self) -> None:
        """Renew the session where it is time, as a timer of supabase-js does."""
        async with self._renewing:
            now = time.time()
            early = now - self.session.renewed >= self._renew_after
            if not early and now < self.session.due:
                return
            path = "/auth/v1/token?grant_type=refresh_token"
            outcome, found = await self._token(path, {"refresh_token": self.session.refresh})
            self.tally.count("auth.refresh", outcome)
            if found:
                self.tally.refreshes += 1
                self._take(found)
            elif outcome.rejected:  # The user is signed out, and comes back.
                self.tally.count("auth.sign-in", await self.sign_in(stays=True))

    async def _token(self, path: str, body: dict[str, str]) -> tuple[Outcome, dict[str, Any]]:
        outcome, answer = await self.ask("POST", path, self.as_application("anon-key"), json=body)
        found = answer.json() if answer is not None and not outcome.wrong else {}
        refused = answer is not None and 400 <= answer.status_code < 500  # noqa: PLR2004 - HTTP.
        rejected = refused and "refresh_token" in body
        return Outcome(outcome.status, outcome.seconds, outcome.wrong, rejected), found

    def _take(self, found: dict[str, Any]) -> None:
        self.session = Session(
            str(found["access_token"]),
            str(found["refresh_token"]),
            float(found["expires_at"]),
            time.time(),
        )

    def _credentials(self) -> dict[str, str]:
        return {"email": self.mail, "password": self._password}

    async def open_studio(self) -> Outcome:
        """As the person who knows the dashboard's password, or looks it up when it is refused."""
        for keys in (self.person, None):
            self.person = keys or dict(await asyncio.to_thread(self.entrance.look_up))
            pair = f"{self.person['dashboard-username']}:{self.person['dashboard-password']}"
            basic = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
            outcome, answer = await self.ask("GET", "/project/default", basic)
            if answer is None or answer.status_code != httpx.codes.UNAUTHORIZED:
                break
        return outcome

    # --- Requests --------------------------------------------------------------------------------

    def as_application(self, key: str) -> dict[str, str]:
        """With a key alone; the one that was valid when the load began."""
        return {"apikey": self.entrance.keys[key]}

    def as_user(self) -> dict[str, str]:
        bearer = {"authorization": f"Bearer {self.session.access}"}
        return self.as_application("anon-key") | bearer

    async def ask(
        self, method: str, path: str, headers: dict[str, str], *, wanted: int = OK, **more: Any
    ) -> tuple[Outcome, httpx.Response | None]:
        """One request, and the answer if there is one."""
        session, begun = self.session, time.monotonic()
        try:
            answer = await self.http.request(method, path, headers=headers, **more)
        except httpx.HTTPError as error:
            return Outcome(type(error).__name__, time.monotonic() - begun, "no answer"), None
        seconds = time.monotonic() - begun
        if answer.status_code == wanted:
            return Outcome(str(answer.status_code), seconds), answer
        mine = headers.get("authorization", "").endswith(session.access) and session.access
        rejected = bool(mine) and answer.status_code in REJECTED and session.valid
        return Outcome(str(answer.status_code), seconds, told(answer), rejected), answer


def told(answer: httpx.Response) -> str:
    """What an answer says about itself: never what else is in it."""
    try:
        found = answer.json()
    except ValueError:
        return answer.text[:80]
    if not isinstance(found, dict):
        return "no error in JSON"
    said = [found.get(name) for name in ("error_code", "code", "error", "message", "msg")]
    return ", ".join(str(one)[:80] for one in said if one) or "no word"
