"""Writing objects: what creating, replacing, patching and applying do to each of them."""

import random
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.cluster.api import (
    apply,
    definitions,
    errors,
    events,
    ownership,
    patches,
    reading,
    roles,
    strategic,
)
from sandbox.cluster.api.admission import Admission
from sandbox.cluster.api.clock import now
from sandbox.cluster.api.kinds import Kind, Kinds
from sandbox.cluster.api.ownership import APPLY, UPDATE, Manager
from sandbox.cluster.api.reading import Options
from sandbox.cluster.api.storage import Object, Storage
from sandbox.cluster.api.webhooks import Webhooks

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # Of generated names: no vowels, no words.
NAMESPACES = ("", "namespaces")
ACCOUNTS = ("", "serviceaccounts")
DEFINITION = "CustomResourceDefinition"

# What belongs to the server, whatever a client sends.
KEPT = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Target:
    """The object that a request names."""

    kind: Kind
    namespace: str
    name: str = ""


class Objects:
    """The objects of one cluster, and the rules for changing them."""

    def __init__(self, storage: Storage, kinds: Kinds) -> None:
        self._storage = storage
        self._kinds = kinds
        self._webhooks = Webhooks(storage)
        self._admission = Admission(storage)

    def get(self, target: Target) -> Object:
        found = self.find(target)
        if found is None:
            raise errors.not_found(target.kind, target.name)
        return found

    def find(self, target: Target) -> Object | None:
        found = self._storage.get(target.kind.resource, target.namespace, target.name)
        return None if found is None else in_version(target.kind, found)

    # --- Create ----------------------------------------------------------------------------------

    def create(self, target: Target, body: Any, options: Options) -> Object:
        kind = target.kind
        new = reading.understand(kind, body, options)
        demand_place(target, new["metadata"])
        new["metadata"].pop("managedFields", None)
        author = self._author(kind, options, UPDATE)
        return self._create(target, new, options, managers=None, author=author)

    def _create(
        self,
        target: Target,
        new: Object,
        options: Options,
        managers: list[Manager] | None,
        author: Manager,
    ) -> Object:
        kind, metadata = target.kind, new["metadata"]
        if not metadata.get("name") and (prefix := metadata.get("generateName")):
            metadata["name"] = prefix + "".join(random.choices(ALPHABET, k=5))  # noqa: S311
        name = metadata.get("name", "")
        if not name:
            why = "name or generateName is required"
            raise errors.invalid(kind, "", [errors.required("metadata.name", why)])
        if self._storage.get(kind.resource, target.namespace, name) is not None:
            raise errors.already_exists(kind, name)
        if kind.namespaced:
            metadata["namespace"] = target.namespace
            self._demand_namespace(target, name)
        else:
            metadata.pop("namespace", None)
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"):
            metadata.pop(field, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        metadata["generation"] = 1
        if "status" in kind.subresources:
            new.pop("status", None)
        reading.complete(kind, new, None, self._admission.complete)
        if kind.name == "Pod":
            self._demand_account(target, new)
        self._webhooks.admit(kind, "CREATE", new)
        self._admission.admit(kind, new, None, options.warnings)
        options.guard(kind, new, None)
        if managers is None:
            managers = ownership.after_update(kind, [], author, {}, new)
        metadata["managedFields"] = ownership.write(managers)
        return self._store(kind, new, options)

    def _demand_namespace(self, target: Target, name: str) -> None:
        namespace = self._storage.get(NAMESPACES, "", target.namespace)
        if namespace is None:
            raise errors.not_found(self._kinds.of("namespaces"), target.namespace)
        if namespace["metadata"].get("deletionTimestamp"):
            why = (
                f"unable to create new content in namespace {target.namespace} "
                "because it is being terminated"
            )
            raise errors.forbidden(target.kind, name, why)

    def _demand_account(self, target: Target, pod: Object) -> None:
        """A pod runs as a service account that exists; `default` may come a moment later."""
        account = pod["spec"]["serviceAccountName"]
        if account == "default" or self._storage.get(ACCOUNTS, target.namespace, account):
            return
        why = (
            f"error looking up service account {target.namespace}/{account}: "
            f'serviceaccount "{account}" not found'
        )
        raise errors.forbidden(target.kind, pod["metadata"]["name"], why)

    # --- Update ----------------------------------------------------------------------------------

    def replace(self, target: Target, body: Any, options: Options) -> Object:
        old = self.get(target)
        return self._update(target, old, body, options)

    def patch(self, target: Target, media_type: str, patch: Any, options: Options) -> Object:
        old = self.get(target)
        return self._update(target, old, patched(target.kind, old, media_type, patch), options)

    def apply(self, target: Target, wanted: Any, options: Options) -> tuple[Object, bool]:
        """Server-side apply: the object, and whether it is new."""
        kind = target.kind
        old = self.find(target)
        if old is None and options.subresource:
            raise errors.not_found(kind, target.name)
        if isinstance(wanted, dict) and (wanted.get("metadata") or {}).get("managedFields"):
            raise errors.bad_request("metadata.managedFields must be nil")
        understood = reading.understand(kind, wanted, options, applied=True)
        understood["metadata"].setdefault("name", target.name)
        demand_place(target, understood["metadata"])
        author = self._author(kind, options, APPLY)
        new, managers = apply.apply(kind, old, understood, author, force=options.force)
        if old is None:
            return self._create(target, new, options, managers, author), True
        return self._update(target, old, new, options, managers), False

    def _update(
        self,
        target: Target,
        old: Object,
        body: Any,
        options: Options,
        managers: list[Manager] | None = None,
    ) -> Object:
        kind = target.kind
        new = reading.understand(kind, body, options)
        demand_place(target, new["metadata"])
        self._demand_current(kind, old, new["metadata"])
        sent = new["metadata"].pop("managedFields", None)
        if options.subresource == "status":
            # A status write leaves everything else alone.
            status = {"status": new["status"]} if "status" in new else {}
            new = {**old, "metadata": dict(old["metadata"]), **status}
            reading.complete_status(kind, new)
        else:
            new = self._with_servers_part(kind, old, new, options)
            reading.complete(kind, new, old, self._admission.complete)
            self._webhooks.admit(kind, "UPDATE", new)
            self._admission.admit(kind, new, old, options.warnings)
            options.guard(kind, new, old)
        if any(new.get(key) != old.get(key) for key in (new.keys() | old.keys()) - UNCOUNTED):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if managers is None:
            known = ownership.read({"managedFields": sent} if sent else old["metadata"])
            author = self._author(kind, options, UPDATE)
            managers = ownership.after_update(kind, known, author, old, new)
        new["metadata"]["managedFields"] = ownership.write(managers)
        return self._store(kind, new, options, old)

    def _demand_current(self, kind: Kind, old: Object, sent: Object) -> None:
        """Refuse a write that was meant for another state, or another object."""
        name = old["metadata"]["name"]
        version = sent.get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise errors.stale(kind, name)
        uid = sent.get("uid")
        if uid and uid != old["metadata"]["uid"]:
            raise errors.conflict(kind, name, wrong_uid(uid, old["metadata"]["uid"]))

    def _with_servers_part(self, kind: Kind, old: Object, new: Object, options: Options) -> Object:
        metadata = new["metadata"]
        for field in KEPT:
            metadata.pop(field, None)
            if field in old["metadata"]:
                metadata[field] = old["metadata"][field]
        if "status" in kind.subresources:
            new.pop("status", None)
            if "status" in old:
                new["status"] = old["status"]
        if kind.name == "Namespace" and options.subresource != "finalize":
            new["spec"] = old["spec"]
        if kind.name == "Service" and new.get("spec", {}).get("type") != "ExternalName":
            for field in ("clusterIP", "clusterIPs"):
                if field in old["spec"]:
                    new.setdefault("spec", {}).setdefault(field, old["spec"][field])
        return new

    def _author(self, kind: Kind, options: Options, operation: str) -> Manager:
        return Manager(
            options.manager, operation, kind.api_version, options.subresource, frozenset(), now()
        )

    # --- Store -----------------------------------------------------------------------------------

    def _store(
        self, kind: Kind, new: Object, options: Options, old: Object | None = None
    ) -> Object:
        if kind.name == DEFINITION:
            new["status"] = definitions.status(new)
        if options.dry_run:
            version = {"resourceVersion": old["metadata"]["resourceVersion"]} if old else {}
            return {**new, "metadata": {**new["metadata"], **version}}
        if old is not None and is_released(kind, new):
            return self.drop(kind, new)
        if kind.group == events.GROUP:
            new = events.to_core(new)
        stored = self._storage.put(kind.resource, new)
        self._count(stored)
        if kind.name == DEFINITION:
            definitions.register(self._kinds, stored)
        elif kind.resource == roles.CLUSTER_ROLES:
            roles.aggregate(self._storage)
        return stored

    def mark(self, kind: Kind, changed: Object) -> Object:
        """Store what a deletion leaves behind, or drop it when nothing holds it."""
        if is_released(kind, changed):
            return self.drop(kind, changed)
        stored = self._storage.put(kind.resource, changed)
        self._count(stored)
        return stored

    def _count(self, body: Object) -> None:
        """Quotas show at once what a write has changed."""
        if namespace := body["metadata"].get("namespace"):
            self._admission.quotas.settle(namespace)

    def drop(self, kind: Kind, body: Object) -> Object:
        """Forget an object at once, and with a definition everything that it defines."""
        if kind.name == DEFINITION:
            names = body["spec"]["group"], body["spec"]["names"]["plural"]
            for each in self._storage.collection(names):
                metadata = each["metadata"]
                self._storage.remove(names, metadata.get("namespace", ""), metadata["name"])
            self._kinds.remove(*names)
        metadata = body["metadata"]
        key = metadata.get("namespace", ""), metadata["name"]
        gone = self._storage.remove(kind.resource, *key) or body
        self._count(gone)
        if kind.resource == roles.CLUSTER_ROLES:
            roles.aggregate(self._storage)
        return gone


UNCOUNTED = {"apiVersion", "kind", "metadata", "status"}  # Changes here keep the generation.


def patched(kind: Kind, old: Object, media_type: str, patch: Any) -> Any:
    """What a patch makes of an object."""
    match media_type:
        case "application/json-patch+json":
            return patches.json_patch(old, patch)
        case "application/merge-patch+json":
            return patches.merge(old, _mapping(patch))
        case "application/strategic-merge-patch+json" if not kind.custom:
            return strategic.merge(kind, old, _mapping(patch))
    accepted = [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]
    if not kind.custom:
        accepted.insert(2, STRATEGIC_PATCH)
    raise errors.unsupported_media(
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted)
    )


def demand_place(target: Target, metadata: Object) -> None:
    """An object goes where the address says."""
    namespace, name = metadata.get("namespace"), metadata.get("name")
    if target.kind.namespaced and namespace not in (None, "", target.namespace):
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if target.name and name not in (None, "", target.name):
        raise errors.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )


def _mapping(patch: Any) -> dict[str, Any]:
    if not isinstance(patch, dict):
        raise errors.bad_request("a patch of this type is a map")
    return patch


def is_released(kind: Kind, body: Object) -> bool:
    """Is an object that is being deleted free to go?"""
    metadata = body["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if kind.name == "Namespace":
        return not body["spec"].get("finalizers")
    return not metadata.get("deletionGracePeriodSeconds")


def in_version(kind: Kind, body: Object) -> Object:
    """A stored object as one version of its kind shows it."""
    if body.get("apiVersion") == kind.api_version:
        return body
    if kind.group == events.GROUP:
        return events.to_new(body)
    return {**body, "apiVersion": kind.api_version}


def wrong_uid(wanted: str, found: str) -> str:
    return f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
