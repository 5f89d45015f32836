"""The ASGI application: from a request to the part that answers it."""

import dataclasses
import logging
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import bodies
from sandbox.cluster.api import (
    calls,
    definitions,
    deletion,
    discovery,
    errors,
    escalation,
    logs,
    metrics,
    objects,
    reading,
    reviews,
    roles,
    subresources,
    watches,
)
from sandbox.cluster.api.authentication import Authenticator
from sandbox.cluster.api.authorization import Attempt, Authorizer
from sandbox.cluster.api.calls import Call, Place
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.kinds import Kind, Kinds
from sandbox.cluster.api.objects import APPLY_PATCH, Objects, Target
from sandbox.cluster.api.openapi import Documents
from sandbox.cluster.api.reading import Options
from sandbox.cluster.api.storage import Object, Storage
from sandbox.cluster.settings import Settings

log = logging.getLogger(__name__)

VERSION = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.1",
    "gitCommit": "93248f9ae092f571eb870b7664c534bfc7d00f03",
    "gitTreeState": "clean",
    "buildDate": "2025-09-09T19:43:15Z",
    "goVersion": "go1.24.6",
    "compiler": "gc",
    "platform": "linux/amd64",
}
OPENAPI_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease", "aks-command")
KUBERNETES: Object = {
    "metadata": {
        "name": "kubernetes",
        "labels": {"component": "apiserver", "provider": "kubernetes"},
    },
    "spec": {
        "clusterIP": "10.0.0.1",
        "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 443}],
    },
}
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


class Api:
    """The API of one cluster."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._storage = Storage()
        self._kinds = Kinds()
        self._objects = Objects(self._storage, self._kinds)
        self._documents = Documents(self._kinds, VERSION["gitVersion"])
        self.authenticator = Authenticator(settings, self._storage)
        self._authorizer = Authorizer(settings, self._storage)
        self._furnish()

    def _furnish(self) -> None:
        """What an API server makes by itself."""
        options = Options(manager="kube-apiserver")
        namespaces = Target(self._kinds.of("namespaces"), "")
        for name in NAMESPACES:
            self._objects.create(namespaces, {"metadata": {"name": name}}, options)
        for plural, body in roles.bootstrap():
            self._objects.create(Target(self._kinds.of(plural, roles.GROUP), ""), body, options)
        services = Target(self._kinds.of("services"), "default")
        self._objects.create(services, KUBERNETES, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    def objects(self, plural: str, group: str = "") -> list[Object]:
        """All objects of one kind, as they are kept."""
        return self._storage.collection((group, plural))

    @property
    def version(self) -> int:
        """Of the latest write."""
        return self._storage.version

    def dump(self) -> dict[str, Any]:
        """The objects, none of which is changed in place, ever; and the version."""
        return {"": self.version, **self._storage.dump()}

    def load(self, data: dict[str, Any]) -> None:
        """Go on with these objects instead of the first ones."""
        version = data.pop("")
        self._storage.load(data, version)
        for definition in self._storage.collection(definitions.RESOURCE):
            definitions.register(self._kinds, definition)

    def close(self) -> None:
        """End every watch, so that a server can stop."""
        self._storage.close()

    async def _respond(self, request: Request) -> Response:
        try:
            user = self.authenticator.user(request.headers.get("authorization", ""))
            if other := request.headers.get("impersonate-user"):
                groups = request.headers.getlist("impersonate-group")
                self._authorizer.demand_impersonation(user, other, groups)
                user = self.authenticator.impersonated(other, groups)
            body = await bodies.read(request.receive, calls.LARGEST)
            call = Call(request, body, user)
            return self._route(call)
        except ApiError as error:
            return calls.json_response(error.status, error.code)
        except bodies.TooLargeError:
            refusal = errors.too_large(calls.LARGEST)
            return calls.json_response(refusal.status, refusal.code)
        except ClientDisconnect:
            raise
        except Exception as error:
            log.exception("%s %s", request.method, request.url.path)
            refusal = errors.internal(f"{type(error).__name__}: {error}")
            return calls.json_response(refusal.status, refusal.code)

    # --- Routing ---------------------------------------------------------------------------------

    def _route(self, call: Call) -> Response:
        match [part for part in call.path.split("/") if part]:
            case ["api" | "apis" as root]:
                return self._discover(call, root)
            case ["apis", group]:
                if group not in self._kinds.versions():
                    raise errors.no_such_path()
                return call.answer(discovery.group(self._kinds, group))
            case ["api", version]:
                return self._describe(call, "", version)
            case ["apis", group, version]:
                return self._describe(call, group, version)
            case ["api" | "apis", _, _, *_]:
                return self._serve(call, calls.locate(self._kinds, call.path))
        return self._about(call)

    def _about(self, call: Call) -> Response:
        """What is not about objects."""
        match call.path:
            case "/version":
                return call.answer(VERSION)
            case "/healthz" | "/livez" | "/readyz":
                return Response("ok", media_type="text/plain")
            case path if path.startswith("/openapi/v"):
                return self._schemas(call)
            case "/openid/v1/jwks":
                return call.answer(self.authenticator.issuer_keys())
        raise errors.no_such_path()

    def _schemas(self, call: Call) -> Response:
        """OpenAPI: the index of the documents, one of them, or the older form."""
        _, _, place = call.path.partition("/openapi/v3/")
        if call.path == "/openapi/v3":
            return call.answer(self._documents.index())
        if call.path == "/openapi/v2" and "protobuf" not in call.accept:
            return call.answer(self._documents.swagger())
        if call.path == "/openapi/v2":
            # An empty document: clients skip validation and leave it to the server.
            return Response(b"", media_type=OPENAPI_V2)
        found = self._documents.document(place)
        if found is None:
            raise errors.no_such_path()
        return Response(found, media_type="application/json")

    def _discover(self, call: Call, root: str) -> Response:
        core = root == "api"
        if discovery.wants_aggregated(call.accept):
            found = discovery.aggregated(self._kinds, core=core)
            return Response(calls.encode(found), headers={"content-type": discovery.AGGREGATED})
        if core:
            return call.answer(discovery.core_versions())
        return call.answer(discovery.group_list(self._kinds))

    def _describe(self, call: Call, group: str, version: str) -> Response:
        if version not in self._kinds.versions().get(group, ()):
            raise errors.no_such_path()
        return call.answer(discovery.resource_list(self._kinds, group, version))

    def _serve(self, call: Call, place: Place) -> Response:
        target, subresource = place.target, place.subresource
        self._authorize(call, place)
        if target.kind.is_review:
            return self._review(call, target)
        if target.kind.is_measured:
            return self._measure(call, target)
        if not target.name:
            return self._collection(call, target)
        if subresource in ("", "status", "finalize"):
            return self._object(call, target, subresource)
        return self._subresource(call, target, subresource)

    def _authorize(self, call: Call, place: Place) -> None:
        target = place.target
        verb = VERBS.get(call.method, "")
        if call.method in ("GET", "HEAD"):
            verb = "watch" if call.watches else "get" if target.name else "list"
        elif call.method == "DELETE":
            verb = "delete" if target.name else "deletecollection"
        if not verb:
            raise errors.not_allowed()
        plural = target.kind.plural
        resource = f"{plural}/{place.subresource}" if place.subresource else plural
        attempt = Attempt(verb, target.kind.group, resource, target.namespace, target.name)
        self._authorizer.demand(call.user, target.kind, attempt)

    # --- Answers ---------------------------------------------------------------------------------

    def _review(self, call: Call, target: Target) -> Response:
        if call.method != "POST":
            raise errors.not_allowed()
        body = reading.understand(target.kind, call.body, call.options())
        answer = reviews.answer(target.kind, body, call.user, self.authenticator, self._authorizer)
        return call.answer(answer, 201)

    def _measure(self, call: Call, target: Target) -> Response:
        if call.method != "GET" or call.watches:
            raise errors.not_allowed()
        if target.name:
            found = metrics.one(self._storage, target.kind, target.namespace, target.name)
            return call.answer(found)
        view = watches.View(call, target)
        measured = metrics.listed(self._storage, target.kind, target.namespace)
        chosen = [body for body in measured if view.chooses(body)]
        return call.answer(view.many(chosen, str(self._storage.version)))

    def _collection(self, call: Call, target: Target) -> Response:
        if call.watches:
            return watches.stream(self._storage, call, target)
        match call.method:
            case "GET":
                return call.answer(watches.listing(self._storage, call, target))
            case "POST":
                return self._create(call, target)
            case "DELETE":
                return self._delete_collection(call, target)
        raise errors.not_allowed()

    def _create(self, call: Call, target: Target) -> Response:
        if target.kind.namespaced and not target.namespace:
            raise errors.not_allowed()
        body = self._objects.create(target, call.body, self._options(call))
        return call.answer(self._shown(call, target, body), 201)

    def _delete_collection(self, call: Call, target: Target) -> Response:
        view = watches.View(call, target)
        found = watches.chosen(self._storage, view)
        options = self._delete_options(call)
        for body in found:
            each = Target(
                target.kind, body["metadata"].get("namespace", ""), body["metadata"]["name"]
            )
            deletion.delete(self._objects, each, options, dry_run=self._is_dry(call, options))
        return call.answer(view.many(found, str(self._storage.version)))

    def _object(self, call: Call, target: Target, subresource: str) -> Response:
        options = self._options(call, subresource)
        match call.method:
            case "GET" if call.watches:
                return watches.stream(self._storage, call, target)
            case "GET":
                body = self._objects.get(target)
            case "PUT":
                body = self._objects.replace(target, call.body, options)
            case "PATCH" if call.media_type == APPLY_PATCH:
                return self._apply(call, target, options)
            case "PATCH":
                body = self._objects.patch(target, call.media_type, call.body, options)
            case "DELETE":
                wanted = self._delete_options(call)
                dry = self._is_dry(call, wanted)
                return call.answer(deletion.delete(self._objects, target, wanted, dry_run=dry))
            case _:
                raise errors.not_allowed()
        return call.answer(self._shown(call, target, body))

    def _apply(self, call: Call, target: Target, options: Options) -> Response:
        if not call.query.get("fieldManager"):
            raise ApiError(
                422,
                "Invalid",
                'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: '
                "is required for apply patch",
            )
        body, new = self._objects.apply(target, call.body, options)
        return call.answer(self._shown(call, target, body), 201 if new else 200)

    def _subresource(self, call: Call, target: Target, subresource: str) -> Response:
        owners = subresources.OWNERS.get(subresource, ())
        if not target.kind.custom and target.kind.plural not in owners:
            raise errors.no_such_path()
        match call.method, subresource:
            case "GET", "log":
                pod = self._objects.get(target)
                return logs.answer(self._settings, self._storage, call, target, pod)
            case (("GET" | "PUT" | "PATCH"), "scale"):
                return call.answer(subresources.scale(self._objects, call, target))
            case "POST", "eviction":
                answer = subresources.evict(self._objects, self._storage, call, target)
            case "POST", "binding":
                answer = subresources.bind(self._objects, call, target)
            case "POST", "token":
                answer = subresources.token(self._objects, self.authenticator, call, target)
            case _:
                raise errors.not_allowed()
        return call.answer(answer, 201)

    def _options(self, call: Call, subresource: str = "") -> Options:
        """How a write is meant, and who has to hold what it grants."""

        def guard(kind: Kind, new: Object, old: Object | None) -> None:
            escalation.guard(self._authorizer, call.user, kind, new, old)

        return dataclasses.replace(call.options(subresource), guard=guard)

    def _shown(self, call: Call, target: Target, body: Object) -> Object:
        return watches.View(call, target).one(objects.in_version(target.kind, body))

    def _delete_options(self, call: Call) -> dict[str, Any]:
        """DeleteOptions from the body, with those of the query beneath."""
        query: dict[str, Any] = {
            key: call.query[key] for key in ("propagationPolicy",) if key in call.query
        }
        if (grace := call.query.get("gracePeriodSeconds", "")).isdigit():
            query["gracePeriodSeconds"] = int(grace)
        return {**query, **(call.body if isinstance(call.body, dict) else {})}

    def _is_dry(self, call: Call, options: dict[str, Any]) -> bool:
        return call.query.get("dryRun") == "All" or "All" in (options.get("dryRun") or ())
