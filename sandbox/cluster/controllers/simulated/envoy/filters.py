"""The filters of the chart's Envoy: paths, pages of origin, passwords, keys and roles."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from sandbox.cluster.controllers.simulated.container import Question, Reply
from sandbox.cluster.controllers.simulated.envoy.configuration import Listener, Route

DENIED = Reply.text("RBAC: access denied", 403)
BAD = Reply(400)
ESCAPED_SLASH = re.compile(r"%(?:2f|5c)", re.IGNORECASE)
UNRESERVED = re.compile(r"%(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])", re.IGNORECASE)
OPAQUE = "sb_"


def normalized(listener: Listener, question: Question) -> Question | Reply:
    """The request with a plain path, or the refusal of one in disguise."""
    if listener.rejects_slashes and ESCAPED_SLASH.search(question.path):
        return BAD
    if listener.rejects_underscores and any("_" in name for name in question.headers):
        return BAD
    plain = UNRESERVED.sub(lambda match: unquote(match[0]), question.path)
    parts: list[str] = []
    for part in plain.split("/")[1:]:
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    ends = plain.rpartition("/")[2] in ("", ".", "..")
    path = "/" + "/".join(parts) + ("/" if ends and parts else "")
    return replace(question, path=path)


def preflight(route: Route, question: Question) -> Reply | None:
    """The answer to a browser that asks whether a page may call."""
    origin = question.headers.get("origin", "")
    asked = "access-control-request-method" in question.headers
    if question.method != "OPTIONS" or not asked or not route.origins.allow(origin):
        return None
    return Reply(200, headers={"access-control-allow-origin": origin, **route.origins.shown})


def visible(route: Route, question: Question, reply: Reply) -> Reply:
    """The answer with what lets a page of another origin read it."""
    origin = question.headers.get("origin", "")
    if not origin or not route.origins.allow(origin):
        return reply
    exposed = route.origins.shown.get("access-control-expose-headers", "")
    added = {"access-control-allow-origin": origin, "access-control-expose-headers": exposed}
    return replace(reply, headers={**reply.headers, **added})


def signed_in(listener: Listener, question: Question, env: Mapping[str, str]) -> Reply | None:
    """The refusal of a person without the password; the start script makes the list of users."""
    prefix = listener.users.removesuffix("USERS")
    user, password = env.get(f"{prefix}USERNAME"), env.get(f"{prefix}PASSWORD")
    scheme, _, encoded = question.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        given = ""
    if user and given == f"{user}:{password}":
        return None
    text = "User authentication failed. "
    text += "Invalid username/password combination." if given else "Missing username and password."
    refused = Reply.text(text, 401)
    query = f"?{question.query}" if question.query else ""
    realm = f"http://{question.headers.get('host', '')}{question.path}{query}"
    asked = {"www-authenticate": f'Basic realm="{realm}"'}
    return replace(refused, headers={**refused.headers, **asked})


@dataclass(frozen=True)
class Recognized:
    """What the script made of a request: the request that goes on, and the role of its caller."""

    question: Question
    role: str = ""
    refusal: Reply | None = None


def recognize(route: Route, question: Question, env: Mapping[str, str]) -> Recognized:
    """What `gateway.lua` does: find whose key it is, and exchange it for the token it means."""
    carrier = route.told.get("carrier")
    headers = dict(question.headers)
    if carrier == "sb-api-key":
        headers.pop(carrier, None)
    key, query, role, token = headers.get("apikey", ""), question.query, "", ""
    asked = in_address(query) if not key and carrier != "sb-api-key" else ""
    key = asked or key
    if key in (known := keys(env)):
        role, token = known[key]
        headers["apikey"] = token
        if asked:
            query = re.sub(rf"(^|&)apikey={re.escape(key)}(?=&|$)", rf"\1apikey={token}", query)
    elif route.told.get("key"):
        message = "Invalid API key" if key else "No API key found in request"
        return Recognized(question, refusal=Reply.json({"message": message}, 401))
    if carrier:
        headers |= {carrier: token} if token else {}
    else:
        authorize(headers, token or key)
    return Recognized(replace(question, headers=headers, query=query), role)


def authorize(headers: dict[str, str], token: str) -> None:
    given = headers.get("authorization", "")
    if not given or given.startswith(f"Bearer {OPAQUE}"):
        if token:
            headers["authorization"] = f"Bearer {token}"
        elif not given:
            headers.pop("authorization", None)


def in_address(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&"))
    return next((value for name, _, value in pairs if name == "apikey" and value), "")


def keys(env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The role and the token of each key; opaque keys only together with their tokens."""
    found = {
        env.get("ANON_KEY", ""): ("anon", env.get("ANON_KEY", "")),
        env.get("SERVICE_ROLE_KEY", ""): ("service_role", env.get("SERVICE_ROLE_KEY", "")),
    }
    kinds = (("PUBLISHABLE", "anon", "ANON"), ("SECRET", "service_role", "SERVICE_ROLE"))
    opaque = [
        (env.get(f"{kind}_KEY_ACCEPTED", ""), role, env.get(f"{own}_KEY_ASYMMETRIC", ""))
        for kind, role, own in kinds
    ]
    if all(part for kind in opaque for part in kind):
        found |= {key: (role, token) for keys, role, token in opaque for key in keys.split(",")}
    found.pop("", None)
    return found
