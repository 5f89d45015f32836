"""Studio and the service behind its table editor."""

import json
from urllib.parse import quote, urlsplit

from sandbox.cluster.controllers.simulated.connection import UnsealedError, refusal, seal, unseal
from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    UnreachableError,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tables import StatementError
from sandbox.cluster.login import Login

PAGE = "<!DOCTYPE html><html><head><title>Supabase Studio</title></head><body></body></html>"
SEALED = "x-connection-encrypted"  # The header with which Studio names a database to meta.
ALIVE = "select 1"
SCHEMAS = ("auth", "extensions", "public", "storage")


class Studio(Behaviour):
    image = "supabase/studio"
    required = ("STUDIO_PG_META_URL",)

    def listens(self, container: Container) -> tuple[int, ...]:
        return (int(container.env.get("PORT") or 3000),)

    async def answer(
        self,
        container: Container,
        question: Question,
        outside: Outside,
    ) -> Reply:
        match question.method, question.parts:
            case "POST", ("api", "platform", "pg-meta", _, "query"):
                return await query(container, question, outside)
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


async def query(container: Container, question: Question, outside: Outside) -> Reply:
    """Have meta run a statement, on the database of Studio's own variables."""
    env = container.env
    user = env.get("POSTGRES_USER_READ_WRITE", "supabase_admin")
    address = (
        f"postgresql://{user}:{quote(env.get('POSTGRES_PASSWORD', ''), safe='')}"
        f"@{env.get('POSTGRES_HOST', 'db')}:{env.get('POSTGRES_PORT', '5432')}"
        f"/{env.get('POSTGRES_DB', 'postgres')}"
    )
    headers = {
        "content-type": "application/json",
        SEALED: seal(address, env.get("PG_META_CRYPTO_KEY", "SAMPLE_KEY")),
    }
    meta = urlsplit(env["STUDIO_PG_META_URL"])
    body = json.dumps({"query": question.document.get("query", "")}).encode()
    asked = Question("POST", "/query", headers=headers, body=body, port=meta.port or 80)
    try:
        answer = await outside.ask(meta.hostname or "", meta.port or 80, asked)
    except UnreachableError as error:
        return Reply.json({"message": f"fetch failed: {error}"}, 500)
    if answer.status != 200:  # noqa: PLR2004 - HTTP.
        return Reply.json({"message": json.loads(answer.body).get("error", "")}, answer.status)
    return answer


def own_address(container: Container) -> str:
    """The database of meta's own variables."""
    env = container.env
    return (
        f"postgresql://{env.get('PG_META_DB_USER', 'postgres')}"
        f":{quote(env.get('PG_META_DB_PASSWORD', ''), safe='')}@{env['PG_META_DB_HOST']}"
        f"/{env.get('PG_META_DB_NAME', 'postgres')}"
        f"?sslmode={env.get('PG_META_DB_SSL_MODE', 'disable')}"
    )


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
                if why := await outside.refused(Login.of(container.env)):
                    return Reply.json({"error": why}, 500)
                owner = container.env.get("PG_META_DB_USER", "postgres")
                rows = [
                    {"id": number, "name": name, "owner": owner}
                    for number, name in enumerate(SCHEMAS, start=16384)
                ]
                return Reply.json(rows)
            case "POST", "/query":
                return await run(container, question, outside)
        return unsupported("meta", question)


async def run(container: Container, question: Question, outside: Outside) -> Reply:
    """Run statements on the database that the request names, or else on meta's own."""
    address = own_address(container)
    if sealed := question.headers.get(SEALED):
        try:
            address = unseal(sealed, container.env.get("CRYPTO_KEY", "SAMPLE_KEY"))
        except UnsealedError:
            return Reply.json({"error": "failed to process upstream connection details"}, 500)
    if refused := refusal(address, container.env):
        return Reply.json({"error": refused, "code": "28000"}, 400)
    if why := await outside.refused(Login.from_url(address, container.env)):
        return Reply.json({"error": why, "code": "28P01"}, 400)
    wanted = urlsplit(address)
    named = {"DB_HOST": wanted.hostname or "", "DB_NAME": wanted.path.strip("/")}
    statements = str(question.document.get("query", ""))
    if statements == ALIVE:
        return Reply.json([{"?column?": 1}])
    try:
        outside.world.database(named).tables.run(statements)
    except StatementError as error:
        return Reply.json({"error": str(error), "code": error.code}, 400)
    return Reply.json([])
