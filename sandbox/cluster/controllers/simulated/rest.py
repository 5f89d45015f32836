"""PostgREST over the schema `public`: rows as the role in the token may see and write them."""

import json
from typing import Any

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tables import StatementError, Tables
from sandbox.cluster.controllers.simulated.tokens import (
    SHORTEST_SECRET,
    BadTokenError,
    claims,
    key_set,
)
from sandbox.cluster.login import Login

LOCAL_ONLY = ("localhost", "127.0.0.1", "::1")
STATUSES = {"PGRST204": 400, "PGRST205": 404, "23502": 400}
FORBIDDEN = "42501"


def failure(status: int, code: str, message: str, details: str | None = None) -> Reply:
    body = {"code": code, "details": details, "hint": None, "message": message}
    return Reply.json(body, status)


class Rest(Behaviour):
    image = "postgrest/postgrest"
    required = ("PGRST_DB_URI",)

    def refusal(self, container: Container) -> str | None:
        secret = container.env.get("PGRST_JWT_SECRET", "")
        if secret and not key_set(secret) and len(secret) < SHORTEST_SECRET:
            return "The JWT secret must be at least 32 characters long."
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        ports = [int(container.env.get("PGRST_SERVER_PORT") or 3000)]
        admin = container.env.get("PGRST_ADMIN_SERVER_PORT")
        if admin and container.env.get("PGRST_ADMIN_SERVER_HOST") not in LOCAL_ONLY:
            ports.append(int(admin))
        return tuple(ports)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        admin = container.env.get("PGRST_ADMIN_SERVER_PORT", "")
        if str(question.port) == admin:
            return await self._own(container, question, outside)
        if why := await outside.refused(Login.of(container.env)):
            text = "Database connection error. Retrying the connection."
            return failure(503, "PGRST000", text, why)
        said: dict[str, Any] = {}
        if question.bearer:
            try:
                said = claims(question.bearer, container)
            except BadTokenError as error:
                return failure(401, "PGRST301", "No suitable key or wrong key type", str(error))
        if question.path == "/" and question.method in ("GET", "HEAD"):
            return Reply.json(description(container))
        role = str(said.get("role") or container.env.get("PGRST_DB_ANON_ROLE", "anon"))
        tables = outside.world.database(container.env).tables
        try:
            return self._rows(question, tables, role, said)
        except StatementError as error:
            anonymous = role == container.env.get("PGRST_DB_ANON_ROLE", "anon")
            status = STATUSES.get(error.code, 400)
            if error.code == FORBIDDEN:
                status = 401 if anonymous else 403
            return failure(status, error.code, str(error))

    async def _own(self, container: Container, question: Question, outside: Outside) -> Reply:
        """What its own port tells: it is ready as long as the database lets it in."""
        if question.path == "/ready" and await outside.refused(Login.of(container.env)):
            return Reply(503)
        return Reply(200 if question.path in ("/live", "/ready", "/metrics") else 404)

    def _rows(self, question: Question, tables: Tables, role: str, said: dict[str, Any]) -> Reply:
        if question.path.startswith("/rpc/"):
            name = question.path.removeprefix("/rpc/")
            message = f"Could not find the function public.{name} in the schema cache"
            return failure(404, "PGRST202", message)
        name = question.path.strip("/")
        match question.method:
            case "GET" | "HEAD":
                found = tables.select(name, role, said)
                asked = question.parameter("select") or "*"
                if asked != "*":
                    found = [{key: row.get(key) for key in asked.split(",")} for row in found]
                return Reply.json(found)
            case "POST":
                return self._insert(question, tables, name, role, said)
            case "PATCH" | "DELETE" if name not in tables.tables:
                tables.select(name, role, said)
        return unsupported("rest", question)

    def _insert(
        self, question: Question, tables: Tables, name: str, role: str, said: dict[str, Any]
    ) -> Reply:
        try:
            given = json.loads(question.body)
        except ValueError:
            return failure(400, "PGRST102", "Empty or invalid json")
        rows = given if isinstance(given, list) else [given]
        made = [tables.insert(name, role, said, row) for row in rows]
        if "return=representation" in question.headers.get("prefer", ""):
            return Reply.json(made, 201)
        return Reply(201)


def description(container: Container) -> dict[str, object]:
    info = {
        "title": "standard public schema",
        "description": "",
        "version": container.version,
    }
    return {"swagger": "2.0", "info": info, "paths": {"/": {}}, "definitions": {}}
