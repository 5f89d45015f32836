"""GoTrue: users who sign up and log in, the administration of users, settings, health and keys."""

import hashlib
import secrets
import time
import uuid
from typing import Any

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
    verifiers,
)
from sandbox.cluster.controllers.simulated.world import Database

PROVIDERS = ("apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google")
METRICS = "OTEL_EXPORTER_PROMETHEUS_PORT"
User = dict[str, Any]


class RefusedError(Exception):
    """GoTrue's way to say no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply.json({"code": status, "error_code": code, "msg": message}, status)


class Auth(Behaviour):
    image = "supabase/gotrue"
    required = (
        "GOTRUE_SITE_URL",
        "API_EXTERNAL_URL",
        "GOTRUE_DB_DATABASE_URL",
        "GOTRUE_JWT_SECRET",
    )

    def refusal(self, container: Container) -> str | None:
        keys = container.env.get("GOTRUE_JWT_KEYS")
        if keys and not any(kind == "ES256" for kind, _, _ in verifiers(container)):
            return "failed to load configuration: GOTRUE_JWT_KEYS holds no usable key"
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        port = container.env.get("GOTRUE_API_PORT") or container.env.get("PORT") or "8081"
        metrics = container.env.get(METRICS) if truth(container, "GOTRUE_METRICS_ENABLED") else ""
        return (int(port), *([int(metrics)] if metrics else []))

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        if str(question.port) == container.env.get(METRICS):
            return Reply.text("# No numbers in the sandbox.\n")
        try:
            return users(container, question, outside.world.database(container.env))
        except RefusedError as error:
            return error.reply


def users(container: Container, question: Question, there: Database) -> Reply:
    match question.method, question.parts:
        case "POST", ("signup",):
            return sign_up(container, question, there)
        case "POST", ("token",):
            return log_in(container, question, there)
        case "GET", ("user",):
            return Reply.json(shown(caller(container, question, there)))
        case _, ("admin", "users", *rest):
            return administrate(container, question, there, rest)
    return public(container, question)


def public(container: Container, question: Question) -> Reply:
    match question.method, question.path:
        case "GET", "/health":
            about = "GoTrue is a user registration and authentication API"
            return Reply.json(
                {"version": container.version, "name": "GoTrue", "description": about}
            )
        case "GET", "/settings":
            return Reply.json(settings(container))
        case "GET", "/.well-known/jwks.json":
            return Reply.json({"keys": public_keys(container)})
    return unsupported("auth", question)


# --- Users -----------------------------------------------------------------------------------


def sign_up(container: Container, question: Question, there: Database) -> Reply:
    if truth(container, "GOTRUE_DISABLE_SIGNUP"):
        text = "Signups not allowed for this instance"
        raise RefusedError(422, "signup_disabled", text)
    confirmed = truth(container, "GOTRUE_MAILER_AUTOCONFIRM")
    user = make(question.document, there, confirmed=confirmed)
    return Reply.json(session(container, user) if confirmed else shown(user))


def log_in(container: Container, question: Question, there: Database) -> Reply:
    if question.parameter("grant_type") != "password":
        return unsupported("auth", question)
    given = question.document
    mail = str(given.get("email", "")).lower()
    user = next((one for one in there.users.values() if one["email"] == mail), None)
    if user is None or user["digest"] != digest(user["salt"], str(given.get("password", ""))):
        raise RefusedError(400, "invalid_credentials", "Invalid login credentials")
    if not user["email_confirmed_at"]:
        raise RefusedError(400, "email_not_confirmed", "Email not confirmed")
    return Reply.json(session(container, user))


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
            return Reply.json(shown(make(question.document, there, confirmed=confirmed)))
        case "DELETE", [one]:
            if there.users.pop(one, None) is None:
                raise RefusedError(404, "user_not_found", "User not found")
            return Reply.json({})
    return unsupported("auth", question)


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


def digest(salt: str, password: str) -> str:
    return hashlib.sha256(f"{salt}{password}".encode()).hexdigest()


def shown(user: User) -> User:
    return {name: value for name, value in user.items() if name not in ("salt", "digest")}


def session(container: Container, user: User) -> dict[str, Any]:
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
    }
    return {
        "access_token": sign(container, said),
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": now + lifetime,
        "refresh_token": secrets.token_urlsafe(9),
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
