"""Storage: buckets and files for those whom row level security lets, with bytes behind S3."""

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import jwt

from sandbox.cluster.controllers.simulated import s3
from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    UnreachableError,
    unsupported,
)
from sandbox.cluster.controllers.simulated.tokens import BadTokenError, claims
from sandbox.cluster.controllers.simulated.world import Bucket, Database
from sandbox.cluster.login import Login

ADMIN = "service_role"  # Policies on storage's tables are not simulated: all others see nothing.
BROKEN = 500
Address = tuple[str, str]  # A bucket and a path in it.


class RefusedError(Exception):
    """Storage says 400 and means the status in the body; what it cannot help stays 500."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        body = {"statusCode": str(status), "error": error, "message": message}
        self.reply = Reply.json(body, 500 if status == BROKEN else 400)


class Storage(Behaviour):
    image = "supabase/storage-api"
    migrates = True
    required = ("DATABASE_URL",)

    def refusal(self, container: Container) -> str | None:
        if not container.env.get("AUTH_JWT_SECRET") and not container.env.get("PGRST_JWT_SECRET"):
            return "missing configuration: AUTH_JWT_SECRET"
        return super().refusal(container)

    def listens(self, container: Container) -> tuple[int, ...]:
        port = container.env.get("SERVER_PORT") or container.env.get("PORT") or 5000
        return (int(port), int(container.env.get("SERVER_ADMIN_PORT") or 5001))

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        if question.path in ("/status", "/metrics"):
            return Reply(200)
        there = outside.world.database(container.env)
        try:
            if why := await outside.refused(Login.of(container.env)):
                raise RefusedError(500, "DatabaseError", why)  # noqa: TRY301 - Told below.
            if question.parts[0] == "bucket":
                return await buckets(container, question, outside, there)
            if question.parts[0] == "object":
                return await files(container, question, outside, there)
        except RefusedError as error:
            return error.reply
        return unsupported("storage", question)


async def buckets(
    container: Container, question: Question, outside: Outside, there: Database
) -> Reply:
    role = role_of(container, question)
    known = there.buckets if role == ADMIN else {}
    match question.method, question.parts[1:]:
        case "GET", ():
            return Reply.json([{"id": one.id, "name": one.id} for one in known.values()])
        case "POST", ():
            demand(role)
            name = str(question.document.get("id") or question.document.get("name") or "")
            if name in there.buckets:
                raise RefusedError(409, "Duplicate", "The resource already exists")
            there.buckets[name] = Bucket(name, bool(question.document.get("public")))
            return Reply.json({"name": name})
        case method, (name, *rest):
            bucket = known.get(name)
            if bucket is None:
                raise RefusedError(404, "Bucket not found", "Bucket not found")
            return await one_bucket(container, question, outside, there, bucket, (method, *rest))
    return unsupported("storage", question)


async def one_bucket(  # noqa: PLR0913, PLR0917  # Who asks whom, about what, to do what.
    container: Container,
    question: Question,
    outside: Outside,
    there: Database,
    bucket: Bucket,
    wanted: tuple[str, ...],
) -> Reply:
    match wanted:
        case ("GET",):
            return Reply.json({"id": bucket.id, "name": bucket.id, "public": bucket.public})
        case ("POST", "empty"):
            for path in list(bucket.files):
                key = (bucket.id, path)
                await keep(container, outside, "DELETE", key, bucket.files[path]["version"])
                del bucket.files[path]
            return Reply.json({"message": "Successfully emptied"})
        case ("DELETE",):
            if bucket.files:
                text = "The bucket you tried to delete is not empty"
                raise RefusedError(409, "InvalidRequest", text)
            del there.buckets[bucket.id]
            return Reply.json({"message": "Successfully deleted"})
    return unsupported("storage", question)


async def files(
    container: Container, question: Question, outside: Outside, there: Database
) -> Reply:
    match question.method, question.parts[1:]:
        case "GET", ("sign", name, *path):
            address = (name, "/".join(path))
            if signed(container, question.parameter("token")) != f"{name}/{address[1]}":
                raise RefusedError(400, "InvalidSignature", "The url do not match the signature")
            return await load(container, outside, there, address)
        case "POST", ("sign", name, *path):
            demand(role_of(container, question))
            return sign(container, question, there, (name, "/".join(path)))
        case "GET", ("public" | "authenticated", name, *path):
            return await read(container, question, outside, there, (name, "/".join(path)))
        case "GET", (name, *path):
            return await read(container, question, outside, there, (name, "/".join(path)))
        case "POST" | "PUT" | "DELETE", (name, *path):
            demand(role_of(container, question))
            change = remove if question.method == "DELETE" else store
            return await change(container, question, outside, there, (name, "/".join(path)))
    return unsupported("storage", question)


async def read(
    container: Container, question: Question, outside: Outside, there: Database, address: Address
) -> Reply:
    if question.parts[1] == "public":
        bucket = there.buckets.get(address[0])
        if bucket is None or not bucket.public:
            raise RefusedError(404, "Bucket not found", "Bucket not found")
    elif role_of(container, question) != ADMIN:
        raise RefusedError(404, "not_found", "Object not found")
    return await load(container, outside, there, address)


async def load(container: Container, outside: Outside, there: Database, address: Address) -> Reply:
    row = row_of(there, address)
    found = await keep(container, outside, "GET", address, row["version"])
    return Reply(200, found.body, {"content-type": row["kind"]})


async def store(
    container: Container, question: Question, outside: Outside, there: Database, address: Address
) -> Reply:
    bucket = there.buckets.get(address[0])
    if bucket is None:
        raise RefusedError(404, "Bucket not found", "Bucket not found")
    limit = int(container.env.get("FILE_SIZE_LIMIT") or 0)
    if limit and len(question.body) > limit:
        text = "The object exceeded the maximum allowed size"
        raise RefusedError(413, "Payload too large", text)
    if address[1] in bucket.files and question.headers.get("x-upsert") != "true":
        raise RefusedError(409, "Duplicate", "The resource already exists")
    version = str(uuid.uuid4())
    await keep(container, outside, "PUT", address, version, question.body)
    kind = question.headers.get("content-type", "application/octet-stream")
    bucket.files[address[1]] = {"version": version, "kind": kind}
    return Reply.json({"Key": "/".join(address), "Id": version})


async def remove(
    container: Container,
    question: Question,  # noqa: ARG001 - As for those who store.
    outside: Outside,
    there: Database,
    address: Address,
) -> Reply:
    row = row_of(there, address)
    await keep(container, outside, "DELETE", address, row["version"])
    del there.buckets[address[0]].files[address[1]]
    return Reply.json({"message": "Successfully deleted"})


def sign(container: Container, question: Question, there: Database, address: Address) -> Reply:
    row_of(there, address)
    now, lasts = int(time.time()), int(question.document.get("expiresIn") or 60)
    said = {"url": "/".join(address), "iat": now, "exp": now + lasts}
    token = jwt.encode(said, container.env["AUTH_JWT_SECRET"], "HS256")
    return Reply.json({"signedURL": f"/object/sign/{'/'.join(address)}?token={token}"})


def signed(container: Container, token: str) -> str:
    """The file that a signed address is for."""
    try:
        said = jwt.decode(token, container.env["AUTH_JWT_SECRET"], algorithms=["HS256"])
    except jwt.PyJWTError as error:
        raise RefusedError(400, "InvalidJWT", str(error)) from error
    return str(said.get("url", ""))


def row_of(there: Database, address: Address) -> Mapping[str, Any]:
    bucket = there.buckets.get(address[0])
    row = bucket.files.get(address[1]) if bucket else None
    if row is None:
        raise RefusedError(404, "not_found", "Object not found")
    return row


async def keep(  # noqa: PLR0913, PLR0917  # One request to S3, in all its parts.
    container: Container,
    outside: Outside,
    method: str,
    address: Address,
    version: str,
    body: bytes = b"",
) -> Reply:
    """Ask the S3 service, as this container is told to."""
    env = container.env
    endpoint = urlsplit(env.get("STORAGE_S3_ENDPOINT", ""))
    tenant, bucket = env.get("TENANT_ID", ""), env.get("STORAGE_S3_BUCKET", "")
    path = f"/{bucket}/{tenant}/{'/'.join(address)}/{version}"
    identity, credential = env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
    headers = s3.authorization(identity, credential, method, path)
    asked = Question(method, path, headers=headers, body=body)
    try:
        answer = await outside.ask(endpoint.hostname or "", endpoint.port or 80, asked)
    except UnreachableError as error:
        raise RefusedError(500, "InternalError", f"the S3 service: {error}") from error
    if answer.status >= 400:  # noqa: PLR2004 - HTTP's own line.
        text = answer.body.decode(errors="replace")
        raise RefusedError(500, "S3Error", f"the S3 service says {answer.status}: {text}")
    return answer


def role_of(container: Container, question: Question) -> str:
    if not question.bearer:
        text = "headers must have required property 'authorization'"
        raise RefusedError(400, "Error", text)
    try:
        return str(claims(question.bearer, container).get("role", ""))
    except BadTokenError as error:
        raise RefusedError(403, "Unauthorized", str(error)) from error


def demand(role: str) -> None:
    """No policy of storage lets anybody else write."""
    if role != ADMIN:
        text = "new row violates row-level security policy"
        raise RefusedError(403, "Unauthorized", text)
