"""
Ask the gateway what a client would ask; one JSON object per check, a summary last.

GATEWAY_URL        where to ask
S3_URL             where files lie
ANON_KEY, SERVICE_ROLE_KEY, PUBLISHABLE_KEY, SECRET_KEY, DASHBOARD_USERNAME, DASHBOARD_PASSWORD
RETIRED            what was valid once, as JSON: each is shown where it counted, to be refused
PARTS              the components that are there, with spaces between them
WRITES             whether a user, a table and a file may come and go: "true" or "false"
TEST_DEADLINE      seconds within which all checks have to pass
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import partial
from http.client import HTTPException

from retired import Retired
from supabase import Platform

Check = tuple[str, str, Callable[[], str]]  # Name; answers that are right, as patterns; question.
PAUSE = 0.5  # Seconds between two tries.
GRACE = 30.0  # Seconds after the deadline in which everything is still asked once.
CLOSED = (
    "/mcp",
    "/api/mcp",
    "/analytics",
    "/realtime/v1/api/tenants",
    "/realtime/v1/api/openapi",
)


class StoppedError(Exception):
    """The Job's time is up."""


def auth(it: Platform) -> Iterator[Check]:
    yield "auth-with-key", "200", lambda: it.status("/auth/v1/health", "anon")
    yield "auth-without-key", "401", lambda: it.status("/auth/v1/health")
    yield "auth-with-wrong-key", "401", lambda: it.status("/auth/v1/health", "wrong")
    yield "auth-keys-are-public", "200", lambda: it.status("/auth/v1/.well-known/jwks.json")
    yield "users-are-not-for-anon", "401|403", lambda: it.status("/auth/v1/admin/users", "anon")


def user(it: Platform) -> Iterator[Check]:
    yield "sign-up", "200", it.sign_up
    yield "log-in", "200", it.log_in
    yield "user-knows-itself", "own mail", it.who_am_i
    yield "forged-token", "401|403", lambda: it.status("/auth/v1/user", "forged")


def rest(it: Platform) -> Iterator[Check]:
    yield "rest-as-service", "200", lambda: it.status("/rest/v1/", "service")
    yield "rest-description-is-not-for-anon", "403", lambda: it.status("/rest/v1/", "anon")


def table(it: Platform) -> Iterator[Check]:
    yield "table-is-made", "200", it.make_table
    yield "owner-inserts", "201", lambda: it.insert("user")
    yield "owner-sees-the-row", "1 rows", lambda: it.rows("user")
    yield "anon-sees-none", "0 rows", lambda: it.rows("anon")
    yield "anon-inserts-none", "401|403", lambda: it.insert("anon")
    yield "service-sees-the-row", "1 rows", lambda: it.rows("service")
    yield "forged-token-sees-none", "401", lambda: it.rows("forged")


def opaque_keys(it: Platform) -> Iterator[Check]:
    yield "secret-key-lists-users", "200", lambda: it.status("/auth/v1/admin/users", "secret")
    yield "secret-key-lists-buckets", "200", lambda: it.status("/storage/v1/bucket", "secret")
    yield "publishable-key-is-no-service", "403", lambda: it.status("/pg/schemas", "publishable")


def rows_by_opaque_keys(it: Platform) -> Iterator[Check]:
    yield "publishable-key-sees-none", "0 rows", lambda: it.rows("publishable")
    yield "secret-key-sees-the-row", "1 rows", lambda: it.rows("secret")


def storage(it: Platform) -> Iterator[Check]:
    yield "storage-answers", "200", lambda: it.status("/storage/v1/status")


def file(it: Platform) -> Iterator[Check]:
    yield "bucket-is-made", "200", it.make_bucket
    yield "file-goes-up", "200", it.upload
    yield "file-comes-down", "same bytes", lambda: it.download(it.file, "service")
    yield "file-is-not-for-anon", "4??", lambda: it.download(it.file, "anon")
    yield "address-is-signed", "200", it.sign
    yield "signed-address", "same bytes", it.follow
    yield "forged-address", "4??", lambda: it.follow("AAAA")


def realtime(it: Platform) -> Iterator[Check]:
    yield "message-is-heard", "heard", it.message
    yield "socket-without-key", "401", lambda: it.refused_socket("")
    yield "socket-with-wrong-key", "401", lambda: it.refused_socket("wrong")


def functions(it: Platform) -> Iterator[Check]:
    yield "function-says-hello", "200", lambda: it.status("/functions/v1/hello", "anon")


def meta(it: Platform) -> Iterator[Check]:
    yield "meta-as-service", "200", lambda: it.status("/pg/schemas", "service")
    yield "meta-is-not-for-anon", "403", lambda: it.status("/pg/schemas", "anon")
    yield "meta-without-key", "401", lambda: it.status("/pg/schemas")


def studio(it: Platform) -> Iterator[Check]:
    yield "studio-without-password", "401", lambda: it.status("/")
    yield "studio-with-password", "200", lambda: it.status("/project/default", "person")
    yield "studio-reaches-the-database", "200", it.run_in_studio


def retired(it: Platform, parts: list[str]) -> Iterator[Check]:
    """Whatever rotation has ended: keys and tokens at the gateway, credentials where files lie."""
    for name, old in sorted(Retired.named(it).items()):
        if old.signs_files:
            yield f"retired-{name}-are-refused", "403 InvalidAccessKeyId", old.at_files
        elif old.is_token:
            yield f"token-of-retired-{name}-reaches-no-table", "401", old.at_tables
            if "functions" in parts:
                yield f"token-of-retired-{name}-runs-no-function", "401", old.at_functions
        else:
            yield f"retired-{name}-is-refused", "401", old.at_gateway


def closed(it: Platform) -> Iterator[Check]:
    for path in CLOSED:
        name = path.strip("/").replace("/", "-")
        yield f"{name}-is-closed", "403", partial(it.status, path, "service")


def clean(it: Platform) -> Iterator[Check]:
    yield "table-is-gone", "200", it.remove_table
    yield "bucket-is-gone", "200", it.remove_bucket
    yield "user-is-gone", "200", it.forget_user


def checks(it: Platform, *, writes: bool) -> Iterator[Check]:
    """In this order: later ones use what earlier ones have made."""
    there = os.environ["PARTS"].split()
    for part in (auth, meta, rest, storage):
        yield from part(it)
    if writes:
        for part in (user, table, file):
            yield from part(it)
    if it.keys["secret"]:
        yield from opaque_keys(it)
        if writes:
            yield from rows_by_opaque_keys(it)
    for part in (realtime, functions, studio):
        if part.__name__ in there:
            yield from part(it)
    yield from retired(it, there)
    yield from closed(it)


def attempt(question: Callable[[], str]) -> str:
    try:
        return question()
    except (OSError, HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def hold(check: Check, end: float) -> bool:
    """Ask until the answer is right or time is up, and say what came of it."""
    name, wanted, question = check
    while True:
        in_time = time.monotonic() < end + GRACE
        got = attempt(question) if in_time else "not asked, because time is up"
        right = any(fnmatchcase(got, pattern) for pattern in wanted.split("|"))
        if right or time.monotonic() > end:
            break
        time.sleep(PAUSE)
    return tell(name, wanted, got, right=right)


def tell(name: str, wanted: str, got: str, *, right: bool) -> bool:
    print(json.dumps({"check": name, "ok": right, "expected": wanted, "got": got}), flush=True)
    return right


def stop(*_: object) -> None:
    raise StoppedError


def main() -> int:
    end = time.monotonic() + float(os.environ["TEST_DEADLINE"])
    it, writes = Platform(), os.environ["WRITES"] == "true"
    held: list[bool] = []
    signal.signal(signal.SIGTERM, stop)
    try:
        held.extend(hold(check, end) for check in checks(it, writes=writes))
    except StoppedError:
        held.append(tell("time", "enough for all checks", "none left", right=False))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if writes:  # Whatever time it is: what this run has made goes with it.
        held += [hold(check, max(end, time.monotonic())) for check in clean(it)]
    print(json.dumps({"ok": all(held), "checks": len(held), "passed": sum(held)}), flush=True)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
