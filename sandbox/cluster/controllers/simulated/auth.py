"""GoTrue: users who sign up and log in, the administration of users, settings, health and keys."""

import time
from typing import Any

from sandbox.cluster.controllers.simulated import accounts
from sandbox.cluster.controllers.simulated.accounts import RefusedError, Session, User, shown
from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import (
    BadTokenError,
    claims,
    public_keys,
    sign,
    signing_keys,
)
from sandbox.cluster.controllers.simulated.world import Database
from sandbox.cluster.login import Login

PROVIDERS = ("apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google")
METRICS = "OTEL_EXPORTER_PROMETHEUS_PORT"
PUBLIC = ("/health", "/settings", "/.well-known/jwks.json")  # Answered without the database.


class Auth(Behaviour):
    image = "supabase/gotrue"
    migrates = True
    required = (
        "GOTRUE_SITE_URL",
        "API_EXTERNAL_URL",
        "GOTRUE_DB_DATABASE_URL",
        "GOTRUE_JWT_SECRET",
    )

    def refusal(self, container: Container) -> str | None:
        if container.env.get("GOTRUE_JWT_KEYS"):
            signing = len(signing_keys(container))
            if signing == 0:
                return "failed to load configuration: no signing key detected"
            if signing > 1:
                return (
                    "failed to load configuration: multiple signing keys detected, only 1 signing "
                    "key is supported"
                )
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        port = container.env.get("GOTRUE_API_PORT") or container.env.get("PORT") or "8081"
        metrics = container.env.get(METRICS) if truth(container, "GOTRUE_METRICS_ENABLED") else ""
        return (int(port), *([int(metrics)] if metrics else []))

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        if str(question.port) == container.env.get(METRICS):
            return Reply.text("# No numbers in the sandbox.\n")
        if question.method == "GET" and question.path in PUBLIC:
            return public(container, question)
        try:
            if await outside.refused(Login.of(container.env)):
                text = "Database error querying schema"
                raise RefusedError(500, "unexpected_failure", text)  # noqa: TRY301 - Told below.
            return users(container, question, outside.world.database(container.env))
        except RefusedError as error:
            return error.reply


def users(container: Container, question: Question, there: Database) -> Reply:
    match question.method, question.parts:
        case "POST", ("signup",):
            return sign_up(container, question, there)
        case "POST", ("token",):
            return token(container, question, there)
        case "POST", ("logout",):
            accounts.end_all(there, caller(container, question, there)["id"])
            return Reply(204)
        case "GET", ("user",):
            return Reply.json(shown(caller(container, question, there)))
        case _, ("admin", "users", *rest):
            return administrate(container, question, there, rest)
    return unsupported("auth", question)


def public(container: Container, question: Question) -> Reply:
    if question.path == "/settings":
        return Reply.json(settings(container))
    if question.path == "/health":
        about = "GoTrue is a user registration and authentication API"
        return Reply.json({"version": container.version, "name": "GoTrue", "description": about})
    return Reply.json({"keys": public_keys(container)})


def sign_up(container: Container, question: Question, there: Database) -> Reply:
    if truth(container, "GOTRUE_DISABLE_SIGNUP"):
        text = "Signups not allowed for this instance"
        raise RefusedError(422, "signup_disabled", text)
    confirmed = truth(container, "GOTRUE_MAILER_AUTOCONFIRM")
    user = accounts.make(question.document, there, confirmed=confirmed)
    if not confirmed:
        return Reply.json(shown(user))
    return Reply.json(told(container, accounts.begin(there, user), user))


def token(container: Container, question: Question, there: Database) -> Reply:
    """A session, for a password or for the refresh token of one that goes on."""
    match question.parameter("grant_type"):
        case "password":
            user = accounts.by_password(question.document, there)
            session = accounts.begin(there, user)
        case "refresh_token":
            given = str(question.document.get("refresh_token", ""))
            session = accounts.refreshed(there, given)
            user = there.users[session["user"]]
        case _:
            return unsupported("auth", question)
    return Reply.json(told(container, session, user))


def administrate(
    container: Container, question: Question, there: Database, rest: list[str]
) -> Reply:
    said = identify(container, question)
    admins = container.env.get("GOTRUE_JWT_ADMIN_ROLES", "service_role").split(",")
    if said.get("role") not in admins:
        raise RefusedError(403, "not_admin", "User not allowed")
    match question.method, rest:
        case "GET", []:
            part = question.parameter("filter")
            found = [shown(user) for user in there.users.values() if part in user["email"]]
            audience = container.env.get("GOTRUE_JWT_AUD", "")
            return Reply.json({"users": found, "aud": audience})
        case "POST", []:
            confirmed = bool(question.document.get("email_confirm"))
            return Reply.json(shown(accounts.make(question.document, there, confirmed=confirmed)))
        case "DELETE", [one]:
            accounts.forget(there, one)
            return Reply.json({})
    return unsupported("auth", question)


def told(container: Container, session: Session, user: User) -> dict[str, Any]:
    """A session as a client gets it: an access token for a while, and what renews it."""
    lifetime = int(container.env.get("GOTRUE_JWT_EXP") or 3600)
    now = int(time.time())
    said = {
        "iss": container.env.get("GOTRUE_JWT_ISSUER", ""),
        "sub": user["id"],
        "aud": container.env.get("GOTRUE_JWT_AUD", "authenticated"),
        "exp": now + lifetime,
        "iat": now,
        "email": user["email"],
        "role": container.env.get("GOTRUE_JWT_DEFAULT_GROUP_NAME", "authenticated"),
        "session_id": session["id"],
    }
    return {
        "access_token": sign(container, said),
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": now + lifetime,
        "refresh_token": session["tokens"][0],
        "user": shown(user),
    }


# --- Callers ---------------------------------------------------------------------------------


def identify(container: Container, question: Question) -> dict[str, Any]:
    """What the caller's token says."""
    if not question.bearer:
        text = "This endpoint requires a valid Bearer token"
        raise RefusedError(401, "no_authorization", text)
    try:
        return claims(question.bearer, container)
    except BadTokenError as error:
        text = f"invalid JWT: unable to parse or verify signature, {error}"
        raise RefusedError(403, "bad_jwt", text) from error


def caller(container: Container, question: Question, there: Database) -> User:
    said = identify(container, question)
    if "sub" not in said:
        raise RefusedError(403, "bad_jwt", "invalid claim: missing sub claim")
    if said["sub"] not in there.users:
        text = "User from sub claim in JWT does not exist"
        raise RefusedError(403, "user_not_found", text)
    if said.get("session_id") and said["session_id"] not in there.sessions:
        text = "Session from session_id claim in JWT does not exist"
        raise RefusedError(403, "session_not_found", text)
    return there.users[said["sub"]]


def truth(container: Container, name: str) -> bool:
    return container.env.get(name, "").lower() in ("true", "1", "t")


def settings(container: Container) -> dict[str, object]:
    external: dict[str, bool] = {
        name: truth(container, f"GOTRUE_EXTERNAL_{name.upper()}_ENABLED") for name in PROVIDERS
    }
    external["anonymous_users"] = truth(container, "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED")
    external["email"] = container.env.get("GOTRUE_EXTERNAL_EMAIL_ENABLED", "true") == "true"
    external["phone"] = truth(container, "GOTRUE_EXTERNAL_PHONE_ENABLED")
    return {
        "external": external,
        "disable_signup": truth(container, "GOTRUE_DISABLE_SIGNUP"),
        "mailer_autoconfirm": truth(container, "GOTRUE_MAILER_AUTOCONFIRM"),
        "phone_autoconfirm": truth(container, "GOTRUE_SMS_AUTOCONFIRM"),
        "sms_provider": container.env.get("GOTRUE_SMS_PROVIDER", ""),
        "saml_enabled": truth(container, "GOTRUE_SAML_ENABLED"),
    }
