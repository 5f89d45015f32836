"""Studio and the service behind its table editor."""

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tables import StatementError

PAGE = "<!DOCTYPE html><html><head><title>Supabase Studio</title></head><body></body></html>"
SCHEMAS = ("auth", "extensions", "public", "storage")


class Studio(Behaviour):
    image = "supabase/studio"
    required = ("STUDIO_PG_META_URL",)

    def listens(self, container: Container) -> tuple[int, ...]:
        return (int(container.env.get("PORT") or 3000),)

    async def answer(
        self,
        container: Container,  # noqa: ARG002 - One page.
        question: Question,
        outside: Outside,  # noqa: ARG002 - It asks nobody by itself.
    ) -> Reply:
        if question.method not in ("GET", "HEAD"):
            return unsupported("studio", question)
        if question.path == "/api/platform/profile":
            name = {"id": 1, "primary_email": "johndoe@supabase.io", "username": "johndoe"}
            return Reply.json(name)
        if question.path == "/":
            return Reply(307, headers={"location": "/project/default"})
        if question.path.startswith("/project/"):
            return Reply.text(PAGE, kind="text/html")
        return unsupported("studio", question)


class Meta(Behaviour):
    image = "supabase/postgres-meta"
    required = ("PG_META_DB_HOST",)

    def listens(self, container: Container) -> tuple[int, ...]:
        return (int(container.env.get("PG_META_PORT") or 8080),)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        match question.method, question.path.rstrip("/"):
            case "GET", "/health":
                return Reply.json({"date": "2026-01-01T00:00:00.000Z"})
            case "GET", "/schemas":
                owner = container.env.get("PG_META_DB_USER", "postgres")
                rows = [
                    {"id": number, "name": name, "owner": owner}
                    for number, name in enumerate(SCHEMAS, start=16384)
                ]
                return Reply.json(rows)
            case "POST", "/query":
                tables = outside.world.database(container.env).tables
                try:
                    tables.run(str(question.document.get("query", "")))
                except StatementError as error:
                    return Reply.json({"error": str(error), "code": error.code}, 400)
                return Reply.json([])
        return unsupported("meta", question)
