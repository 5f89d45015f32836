"""Realtime: tenants, and channels on which their clients hear each other; no tables."""

import json
from dataclasses import replace
from typing import Any

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Partner,
    Question,
    RefusedError,
    Reply,
    Say,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims
from sandbox.cluster.login import Login

ENC_KEY = 16  # Characters.
CHANGED = 200  # A new tenant is 201.


class Realtime(Behaviour):
    image = "supabase/realtime"
    migrates = True
    required = (
        "DB_HOST",
        "DB_PASSWORD",
        "API_JWT_SECRET",
        "SECRET_KEY_BASE",
        "METRICS_JWT_SECRET",
        "APP_NAME",
    )

    def refusal(self, container: Container) -> str | None:
        if len(container.env.get("DB_ENC_KEY", "")) != ENC_KEY:
            return "DB_ENC_KEY must be 16 bytes long"
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        return (int(container.env.get("PORT") or 4000),)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        if question.path == "/healthcheck":
            return Reply.text("ok")
        if question.parts[0] != "api":
            return unsupported("realtime", question)
        try:
            claims(question.bearer, container)
        except BadTokenError:
            return Reply(403)
        if await outside.refused(Login.of(container.env)):
            return Reply.json({"errors": {"detail": "Internal Server Error"}}, 500)
        reply = manage(question, outside.world.database(container.env).tenants)
        if question.method == "PUT" and reply.status == CHANGED:
            disconnect(outside.world.channels[container.namespace, question.parts[-1]])
        return reply

    async def converse(
        self, container: Container, question: Question, outside: Outside, say: Say
    ) -> Partner:
        if question.path != "/socket/websocket":
            raise RefusedError(Reply(404))
        if await outside.refused(Login.of(container.env)):  # Which holds the tenants.
            raise RefusedError(Reply(500))
        name = question.headers.get("host", "").partition(".")[0]
        tenant = outside.world.database(container.env).tenants.get(name)
        if tenant is None:
            raise RefusedError(Reply(403))  # It knows no tenant of this name.
        # Tokens are verified with what the tenant was told, not with the container's own.
        keys = {"API_JWT_SECRET": tenant["jwt_secret"], "API_JWT_JWKS": tenant["jwt_jwks"]}
        verifier = replace(container, env=keys)
        token = question.headers.get("x-api-key") or question.parameter("apikey")
        try:
            claims(token, verifier)
        except BadTokenError as error:
            raise RefusedError(Reply(403)) from error
        why = await outside.refused(project(tenant["settings"]))
        if why:  # The socket opens, and no channel does.
            return Deaf(say)
        return Client(verifier, say, outside.world.channels, (container.namespace, name))


def manage(question: Question, tenants: dict[str, dict[str, Any]]) -> Reply:
    match question.method, question.parts[1:]:
        case "GET", ("ping",):
            return Reply.json({"message": "Success"})
        case "GET", ("tenants",):
            return Reply.json({"data": [{"external_id": name} for name in tenants]})
        case "GET", ("tenants", name):
            return shown(tenants, name)
        case "PUT", ("tenants", name):
            return put_tenant(question, tenants, name)
    return unsupported("realtime", question)


def disconnect(clients: list[Any]) -> None:
    """A websocket goes on with the keys that it began with, so that other ones end it."""
    for client in list(clients):
        client.end()


def shown(tenants: dict[str, dict[str, Any]], name: str) -> Reply:
    """A tenant without its secrets."""
    if name not in tenants:
        return Reply.json({"error": "not found"}, 404)
    told = tenants[name]["settings"].items()
    settings = {key: value for key, value in told if key != "db_password"}
    extensions = [{"type": "postgres_cdc_rls", "settings": settings}]
    return Reply.json({"data": {"external_id": name, "extensions": extensions}})


def put_tenant(question: Question, tenants: dict[str, dict[str, Any]], name: str) -> Reply:
    """Make or change a tenant."""
    told = question.document.get("tenant", {})
    extensions = told.get("extensions") or []
    if told.get("external_id", name) != name or not told.get("jwt_secret") or not extensions:
        return Reply.json({"errors": {"tenant": ["can't be blank"]}}, 422)
    status = 200 if name in tenants else 201
    tenants[name] = {
        "jwt_secret": told["jwt_secret"],
        "jwt_jwks": json.dumps(told.get("jwt_jwks") or {"keys": []}),
        "settings": extensions[0].get("settings", {}),
    }
    return Reply.json({"data": {"external_id": name}}, status)


def project(settings: dict[str, Any]) -> Login:
    """With what Realtime signs in at the database of a tenant."""
    return Login(
        str(settings.get("db_host", "")),
        str(settings.get("db_user", "")),
        str(settings.get("db_password", "")),
        str(settings.get("db_name", "")),
        bool(settings.get("ssl_enforced")),
    )


class Deaf:
    """A websocket to a tenant whose database lets nobody in: every channel is refused."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def hear(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            self._say(None)
            return
        response = {"reason": "UnableToConnectToProject: Realtime was unable to connect"}
        refused = {"status": "error", "response": response}
        told = {"topic": message.get("topic"), "event": "phx_reply", "payload": refused}
        self._say(json.dumps(told | {"ref": message.get("ref")}))

    def leave(self) -> None:
        """There is nothing to leave."""


class Client:
    """One websocket, and the channels that it has joined."""

    def __init__(
        self,
        container: Container,
        say: Say,
        channels: dict[tuple[str, str], list[Any]],
        tenant: tuple[str, str],
    ) -> None:
        self._container = container
        self._say = say
        self._others = channels[tenant]
        self.topics: set[str] = set()
        self._others.append(self)

    def hear(self, text: str) -> None:
        try:
            message = json.loads(text)
            topic, event, payload = (message[name] for name in ("topic", "event", "payload"))
        except (ValueError, KeyError, TypeError):
            self._say(None)
            return
        match event:
            case "phx_join":
                self._join(topic, payload, message.get("ref"))
            case "heartbeat":
                self._reply(topic, message.get("ref"), "ok", {})
            case "access_token" if topic in self.topics:
                self._renew(topic, payload)
            case "phx_leave":
                self.topics.discard(topic)
                self._reply(topic, message.get("ref"), "ok", {})
            case "broadcast" if topic in self.topics:
                for other in self._others:
                    if other is not self and topic in other.topics:
                        other.tell(topic, "broadcast", payload)

    def end(self) -> None:
        self._say(None)

    def leave(self) -> None:
        if self in self._others:
            self._others.remove(self)

    def tell(self, topic: str, event: str, payload: Any, ref: Any = None) -> None:
        said = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        self._say(json.dumps(said))

    def _join(self, topic: str, payload: dict[str, Any], ref: Any) -> None:
        token = payload.get("access_token")
        try:
            if token:
                claims(token, self._container)
        except BadTokenError as error:
            self._reply(topic, ref, "error", {"reason": f"Invalid JWT: {error}"})
            return
        self.topics.add(topic)
        self._reply(topic, ref, "ok", {"postgres_changes": []})

    def _renew(self, topic: str, payload: dict[str, Any]) -> None:
        try:
            claims(str(payload.get("access_token")), self._container)
        except BadTokenError as error:
            self.topics.discard(topic)
            said = {"extension": "system", "status": "error", "message": f"Invalid JWT: {error}"}
            self.tell(topic, "system", said)
            self.tell(topic, "phx_close", {})

    def _reply(self, topic: str, ref: Any, status: str, response: dict[str, Any]) -> None:
        self.tell(topic, "phx_reply", {"status": status, "response": response}, ref)
