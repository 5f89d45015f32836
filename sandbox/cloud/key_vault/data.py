"""The data plane of Key Vault on the wire, api-version 7.4 and its neighbours."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm, throttle
from sandbox.arm import Access, ArmError, UnsupportedError
from sandbox.cloud.key_vault.doorkeeper import Doorkeeper
from sandbox.cloud.key_vault.models import DAY, VAULTS
from sandbox.cloud.key_vault.secrets import Safe, Secret, Version
from sandbox.networks import Networks
from sandbox.store import Resource, Store

PAGE = 25
SUFFIX = ".vault.azure.net"


def find(store: Store, host: str) -> Resource | None:
    """The vault with this address; it has one as soon as it is there."""
    name = host.removesuffix(SUFFIX)
    found = (vault for vault in store.all(VAULTS) if vault.name.lower() == name)
    return next((vault for vault in found if vault.state != "Creating"), None)


def resolves(store: Store, host: str) -> bool:
    """Does DNS know the vault."""
    return find(store, host) is not None


class Door:
    """What every request for a secret or key goes through."""

    def __init__(self, store: Store, access: Access, networks: Networks) -> None:
        self.store = store
        self.keeper = Doorkeeper(store, access, networks)
        self.throttle = throttle.Throttle(store.latency, store.now)

    def admitted(self, request: Request, action: str, kind: str = "secrets") -> Resource:
        """The vault that is asked, once the caller may do this to what is in it."""
        vault = find(self.store, request.scope["host"])
        if vault is None:
            raise ArmError(404, "VaultNotFound", f"{request.scope['host']} is no vault any more.")
        self.keeper.admit(request, vault, action, request.path_params.get("name", ""), kind)
        if not request.query_params.get("api-version"):
            raise ArmError(400, "BadParameter", "api-version must be specified")
        self.count(vault)
        return vault

    def count(self, vault: Resource) -> None:
        """So many requests a vault takes; Azure promises no `Retry-After`."""
        try:
            self.throttle.take(throttle.VAULT, vault.id.key)
        except throttle.Throttled as error:
            raise ArmError(
                429,
                "Throttled",
                "Request was not processed because too many requests were received. Reason: "
                "VaultRequestTypeLimitReached",
            ) from error


class Secrets:
    """Everything below `/secrets` and `/deletedsecrets`."""

    def __init__(self, door: Door) -> None:
        self.store = door.store
        self.door = door

    def enter(self, request: Request, action: str) -> Safe:
        """The secrets of the vault that is asked, once the caller may do this to them."""
        vault = self.door.admitted(request, action)
        safe: Safe = vault.secrets["safe"]
        safe.retention = int(vault.properties["softDeleteRetentionInDays"])
        safe.protected = bool(vault.properties.get("enablePurgeProtection"))
        return safe

    def address(self, request: Request, secret: Secret, version: Version | None = None) -> str:
        base = f"https://{request.scope['host']}/secrets/{secret.name}"
        return f"{base}/{version.id}" if version else base

    def show(self, request: Request, secret: Secret, version: Version) -> dict[str, Any]:
        """A version with its value."""
        described = self.describe(request, secret, version, versioned=True)
        return {"value": version.value} | described

    def describe(
        self, request: Request, secret: Secret, version: Version, *, versioned: bool
    ) -> dict[str, Any]:
        """A version without its value, as lists show it."""
        shown: dict[str, Any] = {
            "id": self.address(request, secret, version if versioned else None),
            "attributes": version.attributes,
            "tags": version.tags,
        }
        return shown | ({"contentType": version.content_type} if version.content_type else {})

    def describe_deleted(self, request: Request, secret: Secret) -> dict[str, Any]:
        purge = secret.deleted + DAY * int(secret.latest.attributes["recoverableDays"])
        return {
            "recoveryId": f"https://{request.scope['host']}/deletedsecrets/{secret.name}",
            "deletedDate": int(secret.deleted),
            "scheduledPurgeDate": int(purge),
        }

    def page(self, request: Request, items: Sequence[dict[str, Any]]) -> Response:
        """Part of a list, and where the rest is."""
        try:
            size = int(request.query_params.get("maxresults", PAGE))
            start = int(request.query_params.get("$skiptoken", 0))
        except ValueError as error:
            raise ArmError(400, "BadParameter", f"maxresults is not a number: {error}") from error
        if not 1 <= size <= PAGE:
            raise ArmError(400, "BadParameter", f"maxresults must be between 1 and {PAGE}.")
        if start < 0:
            raise ArmError(400, "BadParameter", f"The $skiptoken {start} is none of this vault's.")
        end = start + size
        version = request.query_params["api-version"]
        base = f"https://{request.scope['host']}{request.url.path}?api-version={version}"
        rest = f"{base}&$skiptoken={end}&maxresults={size}" if end < len(items) else None
        return JSONResponse({"value": items[start:end], "nextLink": rest})

    # --- Secrets -------------------------------------------------------------------------------

    async def put(self, request: Request) -> Response:
        safe = self.enter(request, "setSecret/action")
        body = await arm.read_object(request)
        secret = safe.put(request.path_params["name"], body, self.store.now())
        return JSONResponse(self.show(request, secret, secret.latest))

    async def get(self, request: Request) -> Response:
        safe = self.enter(request, "getSecret/action")
        secret = safe.get(request.path_params["name"], self.store.now())
        version = secret.version(request.path_params.get("version", ""))
        if not version.attributes["enabled"]:
            raise ArmError(
                403,
                "Forbidden",
                "Operation get is not allowed on a disabled secret.",
                inner="SecretDisabled",
            )
        return JSONResponse(self.show(request, secret, version))

    async def patch(self, request: Request) -> Response:
        safe = self.enter(request, "update/action")
        name, version = request.path_params["name"], request.path_params.get("version", "")
        body = await arm.read_object(request)
        found = safe.update(name, version, body, self.store.now())
        secret = safe.get(name, self.store.now())
        return JSONResponse(self.describe(request, secret, found, versioned=True))

    async def delete(self, request: Request) -> Response:
        safe = self.enter(request, "delete")
        delay = self.store.latency.seconds("vault_secret.delete")
        secret = safe.delete(request.path_params["name"], self.store.now(), delay)
        shown = self.describe(request, secret, secret.latest, versioned=True)
        return JSONResponse(shown | self.describe_deleted(request, secret))

    async def listed(self, request: Request) -> Response:
        safe = self.enter(request, "readMetadata/action")
        found = safe.listed(self.store.now())
        shown = [self.describe(request, one, one.latest, versioned=False) for one in found]
        return self.page(request, shown)

    async def versions(self, request: Request) -> Response:
        safe = self.enter(request, "readMetadata/action")
        secret = safe.get(request.path_params["name"], self.store.now())
        shown = [self.describe(request, secret, one, versioned=True) for one in secret.versions]
        return self.page(request, shown)

    # --- Deleted secrets -----------------------------------------------------------------------

    async def get_deleted(self, request: Request) -> Response:
        safe = self.enter(request, "readMetadata/action")
        secret = safe.get_deleted(request.path_params["name"], self.store.now())
        shown = self.describe(request, secret, secret.latest, versioned=True)
        return JSONResponse(shown | self.describe_deleted(request, secret))

    async def list_deleted(self, request: Request) -> Response:
        safe = self.enter(request, "readMetadata/action")
        shown = [
            self.describe(request, one, one.latest, versioned=False)
            | self.describe_deleted(request, one)
            for one in safe.listed(self.store.now(), deleted=True)
        ]
        return self.page(request, shown)

    async def recover(self, request: Request) -> Response:
        safe = self.enter(request, "recover/action")
        delay = self.store.latency.seconds("vault_secret.recover")
        secret = safe.recover(request.path_params["name"], self.store.now(), delay)
        return JSONResponse(self.describe(request, secret, secret.latest, versioned=True))

    async def purge(self, request: Request) -> Response:
        safe = self.enter(request, "purge/action")
        safe.purge(request.path_params["name"], self.store.now())
        return Response(status_code=204)

    # --- The rest ------------------------------------------------------------------------------

    async def other(self, request: Request) -> Response:
        """Certificates: refused like everything to strangers, then said plainly."""
        self.door.keeper.identify(request)
        if request.url.path.rstrip("/") == "/certificates/contacts":
            raise ArmError(404, "ContactsNotFound", "Contacts not found.")
        if request.url.path == "/":
            raise ArmError(404, "NotFound", "There is nothing here.")
        raise UnsupportedError(
            f"The sandbox keeps secrets and keys: no {request.method} {request.url.path}."
        )


def routes(door: Door) -> list[Route]:
    """The secrets, and last what answers for everything else."""
    vault = Secrets(door)
    one, deleted = "/secrets/{name}", "/deletedsecrets/{name}"
    return [
        Route("/secrets", vault.listed, methods=["GET"]),
        Route(one + "/versions", vault.versions, methods=["GET"]),
        Route(one, vault.put, methods=["PUT"]),
        Route(one, vault.delete, methods=["DELETE"]),
        *(
            Route(path, handler, methods=[verb])
            for path in (one, one + "/", one + "/{version}")
            for verb, handler in (("GET", vault.get), ("PATCH", vault.patch))
        ),
        Route("/deletedsecrets", vault.list_deleted, methods=["GET"]),
        Route(deleted + "/recover", vault.recover, methods=["POST"]),
        Route(deleted, vault.get_deleted, methods=["GET"]),
        Route(deleted, vault.purge, methods=["DELETE"]),
        Route("/{rest:path}", vault.other, methods=["GET", "PUT", "POST", "PATCH", "DELETE"]),
    ]
