"""The gateway: Envoy with the routes of Supabase, over what is ready in its namespace."""

import base64
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Question,
    Reply,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims, secret_of

ADMIN = 9901

Guard = Literal["open", "key", "service", "forbidden", "dashboard"]
Upstream = Callable[[str], Container | None]  # Image -> a ready container behind a Service.
Forward = Callable[[Container, Question], Reply]


@dataclass(frozen=True)
class Route:
    """A path, who may use it, and where it leads; the first match counts."""

    path: str
    guard: Guard
    image: str = ""
    rewrite: str = "/"
    exact: bool = False

    def matches(self, path: str) -> bool:
        return path == self.path if self.exact else path.startswith(self.path)

    def rewritten(self, path: str) -> str:
        return self.rewrite + path[len(self.path) :]


AUTH, REST, STUDIO = "supabase/gotrue", "postgrest/postgrest", "supabase/studio"
STORAGE, META = "supabase/storage-api", "supabase/postgres-meta"
REALTIME, FUNCTIONS = "supabase/realtime", "supabase/edge-runtime"

ROUTES = (
    Route("/auth/v1/verify", "open", AUTH, "/verify"),
    Route("/auth/v1/callback", "open", AUTH, "/callback"),
    Route("/auth/v1/authorize", "open", AUTH, "/authorize"),
    Route("/auth/v1/.well-known/jwks.json", "open", AUTH, "/.well-known/jwks.json", exact=True),
    Route("/auth/v1/sso/saml/acs", "open", AUTH, "/sso/saml/acs"),
    Route("/auth/v1/sso/saml/metadata", "open", AUTH, "/sso/saml/metadata"),
    Route(
        "/.well-known/oauth-authorization-server",
        "open",
        AUTH,
        "/.well-known/oauth-authorization-server",
    ),
    Route("/auth/v1/", "key", AUTH),
    Route("/rest/v1/", "service", REST, exact=True),
    Route("/rest/v1/", "key", REST),
    Route("/graphql/v1", "key", REST, "/rpc/graphql"),
    Route("/realtime/v1/api/openapi", "forbidden"),
    Route("/realtime/v1/api/tenants", "forbidden"),
    Route("/realtime/v1/api", "key", REALTIME, "/api"),
    Route("/realtime/v1/", "key", REALTIME, "/socket/"),
    Route("/storage/v1/", "open", STORAGE),
    Route("/functions/v1/", "open", FUNCTIONS),
    Route("/pg/", "service", META),
    Route("/api/mcp", "forbidden"),
    Route("/mcp", "forbidden"),
    Route("/", "dashboard", STUDIO),
)

DENIED = Reply.text("RBAC: access denied", 403)
UNHEALTHY = Reply.text("no healthy upstream", 503)


@dataclass(frozen=True)
class Keys:
    """The credentials with which a gateway started."""

    anon: str
    service: str
    user: str
    password: str

    @classmethod
    def of(cls, container: Container) -> "Keys":
        """Find them by what their variables or mounted files are called."""
        named = {path.rpartition("/")[2]: text for path, text in container.files.items()}
        known = {
            name.upper().replace("-", "_"): value
            for name, value in (named | dict(container.shared) | dict(container.env)).items()
        }
        return cls(
            pick(known, "ANON"),
            pick(known, "SERVICE"),
            pick(known, "DASHBOARD_USERNAME"),
            pick(known, "DASHBOARD_PASSWORD"),
        )


def pick(known: Mapping[str, str], part: str) -> str:
    """The value whose name contains `part`; the shortest such name if there are several."""
    names = sorted((name for name in known if part in name and known[name]), key=len)
    names = [name for name in names if part.startswith("DASHBOARD") or name.endswith("_KEY")]
    return known[names[0]].strip() if names else ""


class Gateway(Behaviour):
    image = "envoyproxy/envoy"

    def listens(self, container: Container) -> tuple[int, ...]:
        return (*container.ports, ADMIN)

    def answer(self, container: Container, question: Question) -> Reply:
        """What Envoy answers by itself: its admin port."""
        keys = Keys.of(container)
        if question.port == ADMIN and question.path == "/ready":
            ready = bool(keys.anon and keys.service)
            return Reply.text("LIVE\n" if ready else "PRE_INITIALIZING\n", 200 if ready else 503)
        return self.route(container, question, lambda _: None, lambda _, __: UNHEALTHY)

    def route(
        self, container: Container, question: Question, upstream: Upstream, forward: Forward
    ) -> Reply:
        """Admit a request and pass it on to a ready container of the route's image."""
        if question.path in ("/rest/v1", "/auth/v1", "/storage/v1", "/pg"):
            question = dataclasses.replace(question, path=f"{question.path}/")
        route = next(item for item in ROUTES if item.matches(question.path))
        keys = Keys.of(container)
        if route.guard == "forbidden":
            return DENIED
        if route.guard == "dashboard" and not signed_in(keys, question):
            headers = {"www-authenticate": 'Basic realm="http"'}
            return Reply(
                401, b"User authentication failed. Missing username and password.", headers
            )
        key = question.headers.get("apikey") or question.parameter("apikey")
        if route.guard in ("key", "service"):
            refused = refusal(keys, key, route.guard)
            if refused:
                return refused
        target = upstream(route.image)
        if target is None:
            return UNHEALTHY
        if route.guard in ("key", "service") and not accepts(target, key):
            return Reply.json({"message": "Invalid authentication credentials"}, 401)
        return forward(target, passed_on(route, question, key))


def refusal(keys: Keys, key: str, guard: Guard) -> Reply | None:
    """Why a key does not open a route, if it does not."""
    if not key:
        return Reply.json({"message": "No API key found in request"}, 401)
    if key not in (keys.anon, keys.service):
        return Reply.json({"message": "Invalid authentication credentials"}, 401)
    return DENIED if guard == "service" and key != keys.service else None


def accepts(target: Container, key: str) -> bool:
    """
    Whether the upstream trusts the signature of a key.

    Stricter than reality, where only some paths look: a mixed set of keys shall show at once.
    """
    secret = secret_of(target)
    if not secret:
        return True
    try:
        claims(key, secret)
    except BadTokenError:
        return False
    return True


def signed_in(keys: Keys, question: Question) -> bool:
    scheme, _, encoded = question.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not keys.user:
        return False
    try:
        user, _, password = base64.b64decode(encoded).decode().partition(":")
    except ValueError:
        return False
    return (user, password) == (keys.user, keys.password)


def passed_on(route: Route, question: Question, key: str) -> Question:
    headers = dict(question.headers)
    if route.guard == "dashboard":
        headers.pop("authorization", None)
    elif key and not headers.get("authorization"):
        headers["authorization"] = f"Bearer {key}"
    return dataclasses.replace(question, path=route.rewritten(question.path), headers=headers)
