"""Keys of a vault: made, shown, rotated by policy, deleted; nothing is encrypted with them."""

import base64
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ArmError
from sandbox.cloud.key_vault.content import attributes_of, bad, tags_of
from sandbox.cloud.key_vault.data import Door
from sandbox.cloud.key_vault.models import DAY
from sandbox.cloud.key_vault.secrets import NAME
from sandbox.store import Resource

EXPONENT = 65537
SIZES = (2048, 3072, 4096)
CURVES: dict[str, type[ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1,
    "P-256K": ec.SECP256K1,
    "P-384": ec.SECP384R1,
    "P-521": ec.SECP521R1,
}
OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
Key = dict[str, Any]


def encoded(number: int) -> str:
    size = (number.bit_length() + 7) // 8
    return base64.urlsafe_b64encode(number.to_bytes(size)).decode().rstrip("=")


def check_content(body: dict[str, Any]) -> None:
    """What a request brings is of the right shape, before any of it is kept."""
    operations = body.get("key_ops")
    if operations is not None and not (
        isinstance(operations, list) and all(isinstance(one, str) for one in operations)
    ):
        raise bad("Property  key_ops has invalid value: it is a list of operations.")
    for part in ("kty", "crv"):
        if not isinstance(body.get(part) or "", str):
            raise bad(f"Property  {part} has invalid value: it is a text.")


def made(body: dict[str, Any]) -> Key:
    """The public half of a new key, as JSON Web Key; the private half nobody ever sees."""
    kind = str(body.get("kty"))
    common: Key = {"kty": kind, "key_ops": body.get("key_ops") or OPERATIONS}
    if kind.startswith("RSA"):
        size = body.get("key_size") or SIZES[0]
        if size not in SIZES:
            raise bad(f"The key size {size} is none of {', '.join(map(str, SIZES))}.")
        public = rsa.generate_private_key(EXPONENT, size).public_key().public_numbers()
        return common | {"n": encoded(public.n), "e": encoded(public.e)}
    if kind.startswith("EC"):
        curve = body.get("crv") or "P-256"
        if curve not in CURVES:
            raise bad(f"The curve {curve} is none of {', '.join(CURVES)}.")
        point = ec.generate_private_key(CURVES[curve]()).public_key().public_numbers()
        return common | {"crv": curve, "x": encoded(point.x), "y": encoded(point.y)}
    raise bad(f"The key type {kind} is none of EC, EC-HSM, RSA, RSA-HSM.")


def not_found(name: str, *, deleted: bool = False) -> ArmError:
    what = "Deleted Key not found" if deleted else "A key with (name/id)"
    rest = f": {name}" if deleted else f" {name} was not found in this key vault."
    return ArmError(404, "KeyNotFound", what + rest)


class Keys:
    """Everything below `/keys` and `/deletedkeys`; the newest version is the last."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def enter(self, request: Request, action: str) -> dict[str, list[Key]]:
        vault = self.door.admitted(request, action, "keys")
        return self.of(vault)

    @staticmethod
    def of(vault: Resource, part: str = "keys") -> dict[str, list[Key]]:
        found: dict[str, list[Key]] = vault.secrets.setdefault(part, {})
        return found

    async def create(self, request: Request) -> Response:
        name = request.path_params["name"]
        vault = self.door.admitted(request, "create/action", "keys")
        body = await arm.read_object(request)
        check_content(body)
        if not NAME.match(name):
            raise bad(f"The name of a key has letters, numbers and dashes, unlike {name}.")
        if name.lower() in self.of(vault, "deletedKeys"):
            raise ArmError(
                409,
                "Conflict",
                f"Key {name} is currently in a deleted but recoverable state, and its name cannot "
                "be reused; in this state, the key can only be recovered or purged.",
                inner="ObjectIsDeletedButRecoverable",
            )
        now = int(self.door.store.now())
        given = {"enabled": True} | attributes_of(body)
        version: Key = {
            "name": name,
            "version": uuid.uuid4().hex,
            "key": made(body),
            "attributes": given | {"created": now, "updated": now},
            "tags": tags_of(body) or {},
        }
        self.of(vault).setdefault(name.lower(), []).append(version)
        return JSONResponse(self.show(request, version))

    async def get(self, request: Request) -> Response:
        return JSONResponse(self.show(request, self.found(request, "read")))

    async def patch(self, request: Request) -> Response:
        version = self.found(request, "update/action")
        body = await arm.read_object(request)
        check_content(body)
        given, tags = attributes_of(body), tags_of(body)
        version["attributes"] |= given | {"updated": int(self.door.store.now())}
        version["tags"] = version["tags"] if tags is None else tags
        version["key"]["key_ops"] = body.get("key_ops") or version["key"]["key_ops"]
        return JSONResponse(self.show(request, version))

    async def listed(self, request: Request) -> Response:
        known = self.enter(request, "read")
        shown = [self.show(request, versions[-1]) for versions in known.values()]
        return JSONResponse({"value": [{"kid": one["key"]["kid"], **one} for one in shown]})

    async def policy(self, request: Request) -> Response:
        """When a key is replaced: by default never, with a notice a month before its end."""
        version = self.found(request, "read")
        if request.method == "PUT":
            version["policy"] = await arm.read_object(request)
        notice = {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}
        kept = version.get("policy") or {"lifetimeActions": [notice], "attributes": {}}
        base = f"https://{request.scope['host']}/keys/{version['name']}"
        return JSONResponse({"id": f"{base}/rotationpolicy", **kept})

    async def delete(self, request: Request) -> Response:
        vault = self.door.admitted(request, "delete", "keys")
        name = request.path_params["name"].lower()
        versions = self.of(vault).pop(name, None)
        if versions is None:
            raise not_found(name)
        self.of(vault, "deletedKeys")[name] = versions
        return JSONResponse(self.show(request, versions[-1]) | self.recovery(request, vault))

    async def deleted(self, request: Request) -> Response:
        vault = self.door.admitted(request, "read", "keys")
        versions = self.of(vault, "deletedKeys").get(request.path_params["name"].lower())
        if versions is None:
            raise not_found(request.path_params["name"], deleted=True)
        return JSONResponse(self.show(request, versions[-1]) | self.recovery(request, vault))

    async def recover(self, request: Request) -> Response:
        vault = self.door.admitted(request, "recover/action", "keys")
        name = request.path_params["name"].lower()
        versions = self.of(vault, "deletedKeys").pop(name, None)
        if versions is None:
            raise not_found(name, deleted=True)
        self.of(vault)[name] = versions
        return JSONResponse(self.show(request, versions[-1]))

    async def purge(self, request: Request) -> Response:
        vault = self.door.admitted(request, "purge/action", "keys")
        if vault.properties.get("enablePurgeProtection"):
            raise ArmError(403, "Forbidden", "Operation purge is not allowed on this vault.")
        name = request.path_params["name"].lower()
        if self.of(vault, "deletedKeys").pop(name, None) is None:
            raise not_found(name, deleted=True)
        return Response(status_code=204)

    # --- What they share ------------------------------------------------------------------------

    def found(self, request: Request, action: str) -> Key:
        """The version that a path names, or the newest."""
        name = request.path_params["name"]
        versions = self.enter(request, action).get(name.lower())
        wanted = request.path_params.get("version", "")
        same = [one for one in versions or [] if wanted in ("", one["version"])]
        if not same:
            raise not_found(f"{name}/{wanted}" if wanted else name)
        return same[-1]

    def show(self, request: Request, version: Key) -> dict[str, Any]:
        base = f"https://{request.scope['host']}/keys/{version['name']}"
        return {
            "key": {"kid": f"{base}/{version['version']}", **version["key"]},
            "attributes": version["attributes"],
            "tags": version["tags"],
        }

    def recovery(self, request: Request, vault: Resource) -> dict[str, Any]:
        now, days = self.door.store.now(), int(vault.properties["softDeleteRetentionInDays"])
        name = request.path_params["name"]
        return {
            "recoveryId": f"https://{request.scope['host']}/deletedkeys/{name}",
            "deletedDate": int(now),
            "scheduledPurgeDate": int(now + DAY * days),
        }


def routes(door: Door) -> list[Route]:
    keys = Keys(door)
    one, gone = "/keys/{name}", "/deletedkeys/{name}"
    return [
        Route("/keys", keys.listed, methods=["GET"]),
        Route(one + "/create", keys.create, methods=["POST"]),
        Route(one + "/rotationpolicy", keys.policy, methods=["GET", "PUT"]),
        Route(one, keys.delete, methods=["DELETE"]),
        *(
            Route(path, handler, methods=[verb])
            for path in (one, one + "/", one + "/{version}")
            for verb, handler in (("GET", keys.get), ("PATCH", keys.patch))
        ),
        Route(gone + "/recover", keys.recover, methods=["POST"]),
        Route(gone, keys.deleted, methods=["GET"]),
        Route(gone, keys.purge, methods=["DELETE"]),
    ]
