"""PostgREST over an empty schema: the root describes it, every table is unknown."""

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims, secret_of

SHORTEST_SECRET = 32
LOCAL_ONLY = ("localhost", "127.0.0.1", "::1")


def failure(status: int, code: str, message: str, details: str | None = None) -> Reply:
    body = {"code": code, "details": details, "hint": None, "message": message}
    return Reply.json(body, status)


class Rest(Behaviour):
    image = "postgrest/postgrest"
    required = ("PGRST_DB_URI",)

    def refusal(self, container: Container) -> str | None:
        secret = secret_of(container)
        if secret and len(secret) < SHORTEST_SECRET:
            return "The JWT secret must be at least 32 characters long."
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        ports = [int(container.env.get("PGRST_SERVER_PORT") or 3000)]
        admin = container.env.get("PGRST_ADMIN_SERVER_PORT")
        if admin and container.env.get("PGRST_ADMIN_SERVER_HOST") not in LOCAL_ONLY:
            ports.append(int(admin))
        return tuple(ports)

    def answer(self, container: Container, question: Question) -> Reply:
        admin = container.env.get("PGRST_ADMIN_SERVER_PORT", "")
        if str(question.port) == admin:
            known = question.path in ("/live", "/ready")
            return Reply(200 if known else 404)
        if question.bearer:
            try:
                claims(question.bearer, secret_of(container))
            except BadTokenError as error:
                return failure(401, "PGRST301", "No suitable key or wrong key type", str(error))
        return self._schema(container, question)

    def _schema(self, container: Container, question: Question) -> Reply:
        if question.path == "/" and question.method in ("GET", "HEAD"):
            return Reply.json(self._description(container))
        if question.path.startswith("/rpc/"):
            name = question.path.removeprefix("/rpc/")
            message = f"Could not find the function public.{name} in the schema cache"
            return failure(404, "PGRST202", message)
        table = question.path.strip("/")
        if question.method in ("GET", "HEAD", "POST", "PATCH", "DELETE"):
            message = f"Could not find the table 'public.{table}' in the schema cache"
            return failure(404, "PGRST205", message)
        return unsupported("rest", question)

    def _description(self, container: Container) -> dict[str, object]:
        info = {
            "title": "standard public schema",
            "description": "",
            "version": container.image.rpartition(":")[2],
        }
        return {"swagger": "2.0", "info": info, "paths": {"/": {}}, "definitions": {}}
