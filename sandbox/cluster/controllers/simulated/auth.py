"""GoTrue: settings, health and keys; sign-up is answered with what the configuration says."""

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims, secret_of

PROVIDERS = ("apple", "azure", "bitbucket", "discord", "facebook", "github", "gitlab", "google")


def refused(status: int, code: str, message: str) -> Reply:
    return Reply.json({"code": status, "error_code": code, "msg": message}, status)


class Auth(Behaviour):
    image = "supabase/gotrue"
    required = (
        "GOTRUE_SITE_URL",
        "API_EXTERNAL_URL",
        "GOTRUE_DB_DATABASE_URL",
        "GOTRUE_JWT_SECRET",
    )

    def listens(self, container: Container) -> tuple[int, ...]:
        port = container.env.get("GOTRUE_API_PORT") or container.env.get("PORT") or "8081"
        return (int(port),)

    def answer(self, container: Container, question: Question) -> Reply:
        match question.method, question.path:
            case "GET", "/user":
                return self._user(container, question)
            case "GET", "/admin/users":
                return self._users(container, question)
            case "POST", "/signup" if truth(container, "GOTRUE_DISABLE_SIGNUP"):
                return refused(422, "signup_disabled", "Signups not allowed for this instance")
        return self._public(container, question)

    def _public(self, container: Container, question: Question) -> Reply:
        match question.method, question.path:
            case "GET", "/health":
                about = "GoTrue is a user registration and authentication API"
                return Reply.json(
                    {"version": version(container), "name": "GoTrue", "description": about}
                )
            case "GET", "/settings":
                return Reply.json(settings(container))
            case "GET", "/.well-known/jwks.json":
                return Reply.json({"keys": []})  # A symmetric secret is never published.
        return unsupported("auth", question)

    def _user(self, container: Container, question: Question) -> Reply:
        found = identity(container, question)
        if isinstance(found, Reply):
            return found
        return refused(403, "bad_jwt", "invalid claim: missing sub claim")

    def _users(self, container: Container, question: Question) -> Reply:
        found = identity(container, question)
        if isinstance(found, Reply):
            return found
        admins = container.env.get("GOTRUE_JWT_ADMIN_ROLES", "service_role").split(",")
        if found not in admins:
            return refused(403, "not_admin", "User not allowed")
        return Reply.json({"users": [], "aud": container.env.get("GOTRUE_JWT_AUD", "")})


def identity(container: Container, question: Question) -> str | Reply:
    """The role of the caller, or the answer to one without a valid token."""
    if not question.bearer:
        return refused(401, "no_authorization", "This endpoint requires a valid Bearer token")
    try:
        return str(claims(question.bearer, secret_of(container)).get("role", ""))
    except BadTokenError as error:
        message = f"invalid JWT: unable to parse or verify signature, {error}"
        return refused(403, "bad_jwt", message)


def version(container: Container) -> str:
    return container.image.rpartition(":")[2]


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
