"""Storage and the S3 gateway behind it: no objects, but the configuration that they need."""

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims, secret_of


class Storage(Behaviour):
    image = "supabase/storage-api"
    required = ("DATABASE_URL",)

    def refusal(self, container: Container) -> str | None:
        if not secret_of(container):
            return "missing configuration: AUTH_JWT_SECRET"
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        port = container.env.get("SERVER_PORT") or container.env.get("PORT") or 5000
        return (int(port), int(container.env.get("SERVER_ADMIN_PORT") or 5001))

    def answer(self, container: Container, question: Question) -> Reply:
        if question.path == "/status":
            return Reply(200)
        if question.path.startswith("/bucket"):
            return self._buckets(container, question)
        return unsupported("storage", question)

    def _buckets(self, container: Container, question: Question) -> Reply:
        if not question.bearer:
            return refused("400", "Error", "headers must have required property 'authorization'")
        try:
            claims(question.bearer, secret_of(container))
        except BadTokenError as error:
            return refused("403", "Unauthorized", str(error))
        match question.method, question.path.rstrip("/"):
            case "GET", "/bucket":
                return Reply.json([])
            case "GET", _:
                return refused("404", "Bucket not found", "Bucket not found")
        return unsupported("storage", question)


def refused(status: str, error: str, message: str) -> Reply:
    """Storage says 400 and means the status in the body."""
    return Reply.json({"statusCode": status, "error": error, "message": message}, 400)


class S3Proxy(Behaviour):
    """Not ready without the key of its storage account: it would refuse every request."""

    image = "andrewgaul/s3proxy"
    required = ("JCLOUDS_PROVIDER",)

    def listens(self, container: Container) -> tuple[int, ...]:
        endpoint = container.env.get("S3PROXY_ENDPOINT") or "http://0.0.0.0:80"
        return (int(endpoint.rpartition(":")[2].strip("/") or 80),)

    def answer(self, container: Container, question: Question) -> Reply:
        usable = bool(container.env.get("JCLOUDS_CREDENTIAL"))
        if question.path == "/healthz":
            status = "OK" if usable else "no credential of the storage account"
            return Reply.json({"status": status}, 200 if usable else 503)
        if not question.headers.get("authorization"):
            return failure(403, "AccessDenied", "Forbidden")
        return unsupported("s3proxy", question)


def failure(status: int, code: str, message: str) -> Reply:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>{error}"
    return Reply.text(body, status, "application/xml")
