"""Edge Runtime with the chart's main function; and imgproxy, which has only its health here."""

import json
from collections.abc import Mapping
from typing import Any

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims
from sandbox.cluster.login import Login

ROOT = "/home/deno/functions"


class Functions(Behaviour):
    """Knows which functions are there; the code of `hello` is the only one that it can say."""

    image = "supabase/edge-runtime"

    def listens(self, container: Container) -> tuple[int, ...]:
        return (container.ports[0] if container.ports else 9000,)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        if question.path == "/_internal/health":
            return Reply.json({"message": "ok"})
        name = question.parts[0]
        known = deployed(container)
        if name not in known or f"{ROOT}/{name}/index.ts" not in container.files:
            return refused(404, "NOT_FOUND", f"There is no function {name}")
        if known[name].get("verifyJwt", True) and question.method != "OPTIONS":
            stranger = unauthorized(container, question)
            if stranger:
                return stranger
        if await outside.refused(Login.of(container.env)):  # `hello` stands for all functions.
            text = "Function exited due to an error (please check logs)"
            return refused(500, "WORKER_ERROR", text)
        if name == "hello":
            return Reply.json({"message": f"Hello {question.document.get('name', 'world')}!"})
        return unsupported("functions", question)


def deployed(container: Container) -> Mapping[str, Any]:
    """The functions of the main function's own list."""
    try:
        found = json.loads(container.files.get(f"{ROOT}/main/functions.json", "{}"))
    except ValueError:
        return {}
    return dict(found.get("functions", {}))


def unauthorized(container: Container, question: Question) -> Reply | None:
    """The main function's refusal of a caller without a token that holds."""
    token = question.bearer or question.headers.get("sb-api-key", "")
    if not token:
        return refused(401, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header")
    try:
        claims(token, container)
    except BadTokenError:
        return refused(401, "UNAUTHORIZED_INVALID_JWT", "Invalid JWT")
    return None


def refused(status: int, code: str, message: str) -> Reply:
    return Reply.json({"code": code, "message": message, "msg": message}, status)


class Imgproxy(Behaviour):
    image = "darthsim/imgproxy"

    def listens(self, container: Container) -> tuple[int, ...]:
        bound = container.env.get("IMGPROXY_BIND") or ":8080"
        metrics = container.env.get("IMGPROXY_PROMETHEUS_BIND", "")
        return tuple(int(text.rpartition(":")[2]) for text in (bound, metrics) if text)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:  # noqa: ARG002 - It transforms nothing here.
        if question.path == "/health":
            return Reply.text("imgproxy is running")
        return unsupported("imgproxy", question)
