"""Grafana's own HTTP API, at the address of each instance; Entra's tokens, Azure's roles."""

from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import Access, ArmError, Caller, ResourceId, TokenError
from sandbox.cloud.grafana.contents import Contents, GrafanaError, slug
from sandbox.cloud.grafana.instances import GRAFANAS
from sandbox.store import Resource, Store

HOST = "*.grafana.azure.com"
AUDIENCES = ("https://dashboard.azure.com", "ce34e7e5-485f-4d76-964f-b3d2b16d1e4f")
ROLES = ("Viewer", "Editor", "Admin")  # Each may do what those before it may.
RIGHT = "Microsoft.Dashboard/grafana/ActAsGrafana{role}/action"

Json = dict[str, Any]
Handle = Callable[[Request, Contents, Caller], Awaitable[Any]]


def find(store: Store, host: str) -> Resource | None:
    """The instance with this address; it has one once it is built."""
    if not fnmatchcase(host, HOST):
        return None
    found = (
        one for one in store.all(GRAFANAS) if one.properties.get("endpoint") == f"https://{host}"
    )
    return next((one for one in found if one.state != "Creating"), None)


def resolves(store: Store, host: str) -> bool:
    """Does DNS know the instance."""
    return find(store, host) is not None


class Door:
    """What every request goes through."""

    def __init__(self, store: Store, access: Access) -> None:
        self.store = store
        self.access = access

    def instance(self, request: Request) -> Resource:
        found = find(self.store, request.scope["host"])
        if found is None:
            raise GrafanaError(404, "Not found")
        return found

    def identify(self, request: Request) -> Caller:
        for audience in AUDIENCES:
            try:
                return self.access.identify(request, audience)
            except TokenError:
                continue
        raise GrafanaError(401, "Unauthorized")

    def admit(self, request: Request, role: str) -> tuple[Resource, Caller]:
        """The instance, for a caller with this role or a higher one."""
        instance = self.instance(request)
        caller = self.identify(request)
        enough = ROLES[ROLES.index(role) :]
        if not any(
            self.access.allows(caller.object_id, RIGHT.format(role=one), instance.id, data=True)
            for one in enough
        ):
            raise GrafanaError(403, "Access denied: no Grafana role is assigned, or not known yet.")
        return instance, caller

    def handling(self, path: str, method: str, role: str, handle: Handle) -> Route:
        async def answer(request: Request) -> Response:
            instance, caller = self.admit(request, role)
            return JSONResponse(await handle(request, Contents(instance), caller))

        return Route(path, answer, methods=[method])


class Api:
    """The calls that publish dashboards, and those that a person makes to look at them."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.store = door.store

    async def health(self, request: Request) -> Response:
        """Anybody may ask, as a load balancer does."""
        version = self.door.instance(request).properties["grafanaVersion"]
        return JSONResponse({"commit": "sandbox", "database": "ok", "version": version})

    async def organization(self, _request: Request, _kept: Contents, _caller: Caller) -> Json:
        return {"id": 1, "name": "Main Org."}

    async def folders(self, _request: Request, kept: Contents, _caller: Caller) -> list[Json]:
        return [
            {"id": one["id"], "uid": one["uid"], "title": one["title"]}
            for one in kept.folders.values()
        ]

    async def folder(self, request: Request, kept: Contents, _caller: Caller) -> Json:
        return kept.folder(request.path_params["uid"])

    async def new_folder(self, request: Request, kept: Contents, caller: Caller) -> Json:
        wanted = await arm.read_object(request)
        return kept.new_folder(wanted, self.store.timestamp(), caller.application_id)

    async def remove_folder(self, request: Request, kept: Contents, _caller: Caller) -> Json:
        gone = kept.remove_folder(request.path_params["uid"])
        return {"id": gone["id"], "title": gone["title"], "message": "Folder deleted"}

    async def dashboard(self, request: Request, kept: Contents, _caller: Caller) -> Json:
        found = kept.dashboard(request.path_params["uid"])
        board = found["dashboard"]
        folder = kept.folders.get(found["folderUid"], {"title": "General", "url": ""})
        return {
            "meta": {
                "type": "db",
                "slug": slug(board["title"]),
                "url": f"/d/{board['uid']}/{slug(board['title'])}",
                "version": board["version"],
                "folderUid": found["folderUid"],
                "folderTitle": folder["title"],
                "folderUrl": folder["url"],
                "created": found["created"],
                "updated": found["updated"],
                "createdBy": found["createdBy"],
                "updatedBy": found["updatedBy"],
                "provisioned": False,
            },
            "dashboard": board,
        }

    async def save(self, request: Request, kept: Contents, caller: Caller) -> Json:
        wanted = await arm.read_object(request)
        board = kept.save(wanted, self.store.timestamp(), caller.application_id)
        name = slug(board["title"])
        return {
            "id": board["id"],
            "uid": board["uid"],
            "slug": name,
            "url": f"/d/{board['uid']}/{name}",
            "status": "success",
            "version": board["version"],
            "folderUid": kept.dashboards[board["uid"]]["folderUid"],
        }

    async def remove(self, request: Request, kept: Contents, _caller: Caller) -> Json:
        board = kept.remove(request.path_params["uid"])["dashboard"]
        title = board["title"]
        return {"id": board["id"], "title": title, "message": f"Dashboard {title} deleted"}

    async def search(self, request: Request, kept: Contents, _caller: Caller) -> list[Json]:
        """Folders, then dashboards; cut down by kind, tag, folder and a part of the title."""
        asked = request.query_params
        kind, part = asked.get("type", ""), asked.get("query", "").lower()
        tags, inside = set(asked.getlist("tag")), set(asked.getlist("folderUIDs"))
        found = [
            {**one, "type": "dash-folder", "uri": "", "tags": []}
            for one in kept.folders.values()
            if not (tags or inside)
        ]
        for one in kept.dashboards.values():
            board = one["dashboard"]
            own = set(board.get("tags") or [])
            if tags <= own and (not inside or one["folderUid"] in inside):
                entry = {name: board[name] for name in ("id", "uid", "title")}
                more = {"type": "dash-db", "tags": sorted(own), "folderUid": one["folderUid"]}
                found.append(entry | more)
        return [
            one for one in found if kind in ("", one["type"]) and part in str(one["title"]).lower()
        ]

    async def sources(self, request: Request, _kept: Contents, _caller: Caller) -> list[Json]:
        """Azure's own, and one for each workspace that the instance is integrated with."""
        integrations = self.door.instance(request).properties["grafanaIntegrations"]
        workspaces = integrations.get("azureMonitorWorkspaceIntegrations") or []
        names = [
            ResourceId.parse(one["azureMonitorWorkspaceResourceId"]).name for one in workspaces
        ]
        azure = {"id": 1, "uid": "azure-monitor-oob", "name": "Azure Monitor"}
        return [
            {**azure, "type": "grafana-azure-monitor-datasource"},
            *(
                {
                    "id": place,
                    "uid": f"managed-prometheus-{name}",
                    "name": f"Managed_Prometheus_{name}",
                    "type": "prometheus",
                }
                for place, name in enumerate(names, 2)
            ),
        ]


async def refuse(request: Request, error: Exception) -> Response:
    """Grafana's refusals are a sentence; its readers of JSON complain in one, too."""
    if isinstance(error, GrafanaError):
        return JSONResponse(error.body, error.status)
    if isinstance(error, ArmError) and error.status < 500:  # noqa: PLR2004  # what the client did
        return JSONResponse({"message": "bad request data"}, error.status)
    if isinstance(error, HTTPException):
        return JSONResponse({"message": "Not found"}, error.status_code)
    return await arm.answer(request, error)


def create(store: Store, access: Access) -> Starlette:
    """The application behind every instance."""
    door = Door(store, access)
    api = Api(door)
    routes = [
        Route("/api/health", api.health, methods=["GET"]),
        door.handling("/api/org", "GET", "Viewer", api.organization),
        door.handling("/api/search", "GET", "Viewer", api.search),
        door.handling("/api/datasources", "GET", "Admin", api.sources),
        door.handling("/api/folders", "GET", "Viewer", api.folders),
        door.handling("/api/folders", "POST", "Editor", api.new_folder),
        door.handling("/api/folders/{uid}", "GET", "Viewer", api.folder),
        door.handling("/api/folders/{uid}", "DELETE", "Editor", api.remove_folder),
        door.handling("/api/dashboards/db", "POST", "Editor", api.save),
        door.handling("/api/dashboards/uid/{uid}", "GET", "Viewer", api.dashboard),
        door.handling("/api/dashboards/uid/{uid}", "DELETE", "Editor", api.remove),
    ]
    handlers: dict[Any, Any] = {
        GrafanaError: refuse,
        ArmError: refuse,
        HTTPException: refuse,
        Exception: arm.broken,
    }
    application = Starlette(routes=routes, exception_handlers=handlers)
    application.router.redirect_slashes = False
    return application
