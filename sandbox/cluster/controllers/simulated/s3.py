"""S3Proxy: objects for whoever signs with the identity it was given, kept by storage account."""

import hashlib
import hmac

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Question,
    Reply,
    unsupported,
)


def authorization(identity: str, credential: str, method: str, path: str) -> dict[str, str]:
    """The header of a signed request; the signature covers method and path only."""
    signed = f"{method}\n{path}".encode()
    signature = hmac.new(credential.encode(), signed, hashlib.sha256).hexdigest()
    return {"authorization": f"AWS4-HMAC-SHA256 Credential={identity}, Signature={signature}"}


class S3Proxy(Behaviour):
    """Not ready without a key of its storage account, or the order to use an identity."""

    image = "andrewgaul/s3proxy"
    required = ("JCLOUDS_PROVIDER",)

    def listens(self, container: Container) -> tuple[int, ...]:
        endpoint = container.env.get("S3PROXY_ENDPOINT") or "http://0.0.0.0:80"
        return (int(endpoint.rpartition(":")[2].strip("/") or 80),)

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        env = container.env
        if question.path == "/healthz":
            by_identity = env.get("JCLOUDS_IDENTITY") == env.get("JCLOUDS_CREDENTIAL") == ""
            usable = bool(env.get("JCLOUDS_CREDENTIAL")) or by_identity
            status = "OK" if usable else "no credential of the storage account"
            return Reply.json({"status": status}, 200 if usable else 503)
        given = question.headers.get("authorization", "")
        if not given:
            return failure(403, "AccessDenied", "Forbidden")
        pairs = (pair.partition(":") for pair in env.get("ACCEPTED", "").split(","))
        accepted = {identity: credential for identity, _, credential in pairs}
        identity = given.partition("Credential=")[2].partition(",")[0].partition("/")[0]
        if identity not in accepted:
            return failure(403, "InvalidAccessKeyId", "Forbidden")
        wanted = authorization(identity, accepted[identity], question.method, question.path)
        if given != wanted["authorization"]:
            return failure(403, "SignatureDoesNotMatch", "Forbidden")
        name = (env.get("JCLOUDS_ENDPOINT", ""), question.path)
        return one_object(question, outside.world.objects, name)


def one_object(
    question: Question, objects: dict[tuple[str, str], bytes], name: tuple[str, str]
) -> Reply:
    match question.method:
        case "PUT":
            objects[name] = question.body
            return Reply(200)
        case "GET" if name in objects:
            return Reply(200, objects[name])
        case "GET":
            return failure(404, "NoSuchKey", "The resource you requested does not exist")
        case "DELETE":
            objects.pop(name, None)
            return Reply(204)
    return unsupported("s3proxy", question)


def failure(status: int, code: str, message: str) -> Reply:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<?xml version='1.0' encoding='UTF-8'?>{error}"
    return Reply.text(body, status, "application/xml")
