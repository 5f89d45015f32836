"""What GoTrue keeps: users, and their sessions, which outlive its pods."""

import hashlib
import secrets
import time
import uuid
from typing import Any

from sandbox.cluster.controllers.simulated.container import Reply
from sandbox.cluster.controllers.simulated.world import Database

REUSE = 10.0  # Seconds in which a refresh token may come twice, as from two tabs of a browser.
REMEMBERED = 10  # Tokens of a session that are still known as used.
User = dict[str, Any]
Session = dict[str, Any]


class RefusedError(Exception):
    """GoTrue's way to say no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply.json({"code": status, "error_code": code, "msg": message}, status)


# --- Users -----------------------------------------------------------------------------------


def make(given: dict[str, Any], there: Database, *, confirmed: bool) -> User:
    mail, password = str(given.get("email", "")).lower(), str(given.get("password", ""))
    if "@" not in mail or not password:
        text = "Unable to validate email address: invalid format"
        raise RefusedError(400, "validation_failed", text)
    if any(user["email"] == mail for user in there.users.values()):
        raise RefusedError(422, "user_already_exists", "User already registered")
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    salt = secrets.token_hex(8)
    user: User = {
        "id": str(uuid.uuid4()),
        "aud": "authenticated",
        "role": "authenticated",
        "email": mail,
        "email_confirmed_at": now if confirmed else None,
        "created_at": now,
        "salt": salt,
        "digest": digest(salt, password),
    }
    there.users[user["id"]] = user
    return user


def by_password(given: dict[str, Any], there: Database) -> User:
    mail = str(given.get("email", "")).lower()
    user = next((one for one in there.users.values() if one["email"] == mail), None)
    if user is None or user["digest"] != digest(user["salt"], str(given.get("password", ""))):
        raise RefusedError(400, "invalid_credentials", "Invalid login credentials")
    if not user["email_confirmed_at"]:
        raise RefusedError(400, "email_not_confirmed", "Email not confirmed")
    return user


def forget(there: Database, user: str) -> None:
    """A user goes with all sessions."""
    if there.users.pop(user, None) is None:
        raise RefusedError(404, "user_not_found", "User not found")
    end_all(there, user)


def digest(salt: str, password: str) -> str:
    return hashlib.sha256(f"{salt}{password}".encode()).hexdigest()


def shown(user: User) -> User:
    return {name: value for name, value in user.items() if name not in ("salt", "digest")}


# --- Sessions --------------------------------------------------------------------------------


def begin(there: Database, user: User) -> Session:
    session = {"id": str(uuid.uuid4()), "user": user["id"], "tokens": [], "since": 0.0}
    there.sessions[session["id"]] = session
    return renew(session)


def renew(session: Session) -> Session:
    """Another refresh token; the one before is used then."""
    session["tokens"] = [secrets.token_urlsafe(9), *session["tokens"]][:REMEMBERED]
    session["since"] = time.time()
    return session


def refreshed(there: Database, token: str) -> Session:
    """The session of a refresh token, with the next one in it."""
    found = (one for one in there.sessions.values() if token in one["tokens"])
    session = next(found, None) if token else None
    if session is None:
        text = "Invalid Refresh Token: Refresh Token Not Found"
        raise RefusedError(400, "refresh_token_not_found", text)
    if token == session["tokens"][0]:
        return renew(session)
    parent = session["tokens"][1]
    if token == parent or time.time() - session["since"] < REUSE:
        return session  # Its answer may have been lost: the present one is told again.
    del there.sessions[session["id"]]
    raise RefusedError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")


def end_all(there: Database, user: str) -> None:
    for name in [name for name, one in there.sessions.items() if one["user"] == user]:
        del there.sessions[name]
