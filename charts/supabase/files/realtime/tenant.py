"""
Tell Realtime of its one tenant: the project's database, and how tokens are verified.

Realtime's own seed would delete and write it at every start, and without TLS. PUT makes it or
changes it, and cuts its clients off, so that it is sent for another wish than the last one only:
the tenant carries a mark of the wish that made it. Secrets come by the environment and leave in
the body of that one request.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

LIFETIME = 300  # Seconds for which our token counts.
PATIENCE = 10.0  # Seconds for one answer.
PAUSE = 2.0
NO_ANSWER = 0
UNCHANGED = 304
DONE = {201: "made", 200: "changed", UNCHANGED: "as wanted"}
LIMITS = {  # Setting: what a tenant calls it.
    "MAX_CLIENTS": "max_concurrent_users",
    "MAX_CHANNELS": "max_channels_per_client",
    "MAX_JOINS": "max_joins_per_second",
    "MAX_EVENTS": "max_events_per_second",
    "MAX_BYTES": "max_bytes_per_second",
}
TOKEN = (
    "Realtime refuses our token",
    "restart Realtime, so that it has the jwt-secret of its Secret",
)
FORM = ("Realtime refuses the tenant", "use an image of Realtime that was tried with this chart")
UNREADY = (
    "Realtime does not take the tenant",
    "look at its log: most often the database refuses it",
)
REFUSED = {401: TOKEN, 403: TOKEN, 400: FORM, 422: FORM}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(secret: str) -> str:
    """What Realtime's management asks for: signed with its API secret, and soon over."""
    now = int(time.time())
    claims = {"role": "service_role", "iat": now, "exp": now + LIFETIME}
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(hmac.digest(secret.encode(), text.encode(), hashlib.sha256))}"


def tenant(env: dict[str, str]) -> dict[str, Any]:
    settings = {
        "db_host": env["DB_HOST"],
        "db_port": env["DB_PORT"],
        "db_name": env["DB_NAME"],
        "db_user": env["DB_USER"],
        "db_password": env["DB_PASSWORD"],
        "ssl_enforced": env["DB_SSL"] == "true",
        "publication": "supabase_realtime",
        "region": "us-east-1",  # One of Realtime's own; with one cluster it means nothing.
        "poll_interval_ms": 100,
        "poll_max_record_bytes": 1_048_576,
    }
    wish = {
        "external_id": env["TENANT"],
        "name": env["TENANT"],
        "jwt_secret": env["JWT_SECRET"],
        "jwt_jwks": json.loads(env["JWT_JWKS"]),
        "extensions": [{"type": "postgres_cdc_rls", "settings": settings}],
    } | {name: int(env[setting]) for setting, name in LIMITS.items()}
    # Realtime keeps secrets under a key of its own; with the secrets' revision that one changes.
    whole = json.dumps([wish, env["REVISION"]], sort_keys=True).encode()
    settings["mark"] = hmac.digest(env["JWT_SECRET"].encode(), whole, hashlib.sha256).hex()
    return wish


def mark(told: Any) -> str:
    """The mark of a tenant as Realtime shows it; empty where it has none."""
    try:
        return str(told["extensions"][0]["settings"]["mark"])
    except (KeyError, IndexError, TypeError):
        return ""


def ask(method: str, url: str, secret: str, body: Any = None) -> tuple[int, Any]:
    """The status of the answer, none is 0, and the data in it."""
    headers = {"Authorization": f"Bearer {token(secret)}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, headers, method=method)  # noqa: S310 - The chart writes it.
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            status, text = int(answer.status), answer.read()
    except HTTPError as error:
        return error.code, None
    except (OSError, HTTPException):
        return NO_ANSWER, None
    try:
        return status, json.loads(text).get("data")
    except (ValueError, AttributeError):
        return status, None  # Health is told in other words.


def tell(env: dict[str, str]) -> int:
    """Ask until Realtime answers in a way that more tries would not change, or time is up."""
    base, secret = env["REALTIME_URL"], env["JWT_SECRET"]
    address, wish = f"{base}/api/tenants/{env['TENANT']}", tenant(env)
    end = time.monotonic() + float(env["DEADLINE"])
    while True:
        status, _ = ask("GET", f"{base}/healthcheck", secret)
        if status == HTTPStatus.OK:
            status, told = ask("GET", address, secret)
            if status == HTTPStatus.OK and mark(told) == mark(wish):
                return UNCHANGED
            if status not in REFUSED:
                status, _ = ask("PUT", address, secret, {"tenant": wish})
        if status in DONE or status in REFUSED or time.monotonic() >= end:
            return status
        time.sleep(PAUSE)


def main(env: dict[str, str]) -> int:
    name = env["TENANT"]
    status = tell(env)
    if status in DONE:
        say(f"tenant {name}: {DONE[status]}")
        return 0
    what, then = REFUSED.get(status, UNREADY)
    say(f"FAILED: {what} (tenant {name}, last answer {status})")
    say(f"Next: {then}")
    return 1


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(dict(os.environ)))
