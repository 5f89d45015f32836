"""Garbage collection: what belongs to nobody goes, and so does all that is in a namespace."""

from typing import NamedTuple

import httpx

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Controller, Surroundings, Worker
from sandbox.cluster.controllers.kinds import (
    CONFIG_MAPS,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    Key,
    Kind,
    Manifest,
)
from sandbox.cluster.controllers.objects import leaving

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


class Suspect(NamedTuple):
    """An object of any kind, as a key of the work queue."""

    namespace: str
    name: str
    kind: Kind


class Collector(Worker[Suspect]):
    """Deletes objects whose owners are gone, and lets owners go when their dependents have."""

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        changed = new or old
        if changed is None:
            return
        references = changed["metadata"].get("ownerReferences") or []
        if new is not None and (references or new["metadata"].get("finalizers")):
            self._suspect(kind, new)
        if new is None:
            for other, item in self.cache.dependents(changed["metadata"]["uid"]):
                self._suspect(other, item)
            for item in references:
                parent = self.cache.by_uid(item["uid"])
                if parent is not None and FOREGROUND in finalizers(parent):
                    self._suspect(self._kind(item), parent)

    def _suspect(self, kind: Kind | None, manifest: Manifest) -> None:
        if kind is not None:
            namespace, name = Key.of(manifest)
            self.queue.add(Suspect(namespace, name, kind))

    def _kind(self, item: Manifest) -> Kind | None:
        """The kind that an ownerReference means, whatever version it names."""
        group = item["apiVersion"].rpartition("/")[0]
        known = self.cache.kinds()
        return next(
            (kind for kind in known if (kind.group, kind.kind) == (group, item["kind"])), None
        )

    async def reconcile(self, key: Suspect) -> float | None:
        manifest = self.cache.get(key.kind, Key(key.namespace, key.name))
        if manifest is None:
            return None
        if leaving(manifest):
            await self._release(key.kind, manifest)
            return None
        references = manifest["metadata"].get("ownerReferences") or []
        if references:
            await self._judge(key.kind, manifest, references)
        return None

    async def _judge(self, kind: Kind, manifest: Manifest, references: list[Manifest]) -> None:
        kept = [item for item in references if await self._exists(item, manifest)]
        if not kept:
            await self.around.delete(kind, manifest)
        elif len(kept) < len(references):
            await self.around.patch(kind, manifest, {"metadata": {"ownerReferences": kept}})

    async def _exists(self, item: Manifest, dependent: Manifest) -> bool:
        """Ask the server before believing that an owner is gone; our view of it may be late."""
        if self.cache.by_uid(item["uid"]) is not None:
            return True
        kind = self._kind(item)
        if kind is None:
            return True  # Unknown kinds get the benefit of the doubt.
        namespace = dependent["metadata"].get("namespace", "") if kind.namespaced else ""
        found = await self.around.client.get(kind, namespace, item["name"])
        return found is not None and found["metadata"]["uid"] == item["uid"]

    async def _release(self, kind: Kind, manifest: Manifest) -> None:
        """Take our finalizer off an object that leaves, once its dependents are dealt with."""
        uid = manifest["metadata"]["uid"]
        dependents = list(self.cache.dependents(uid))
        if FOREGROUND in finalizers(manifest):
            for other, item in dependents:
                if not leaving(item):
                    await self.around.delete(other, item)
            if not list(self.cache.dependents(uid)):
                await self._unfinalize(kind, manifest, FOREGROUND)
        elif ORPHAN in finalizers(manifest):
            for other, item in dependents:
                others = [o for o in item["metadata"]["ownerReferences"] if o["uid"] != uid]
                await self.around.patch(other, item, {"metadata": {"ownerReferences": others}})
            await self._unfinalize(kind, manifest, ORPHAN)

    async def _unfinalize(self, kind: Kind, manifest: Manifest, name: str) -> None:
        kept = [item for item in finalizers(manifest) if item != name]
        await self.around.patch(kind, manifest, {"metadata": {"finalizers": kept}})


def finalizers(manifest: Manifest) -> list[str]:
    return manifest["metadata"].get("finalizers") or []


class Namespaces(Controller):
    """Furnishes a new namespace, and empties one that is to be deleted."""

    kind = NAMESPACES

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.authority = around.settings.ca

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if new is None and old is not None and kind.namespaced:
            self._look_again(Key("", old["metadata"]["namespace"]))

    def _look_again(self, key: Key) -> None:
        namespace = self.cache.get(NAMESPACES, key)
        if namespace is not None and leaving(namespace):
            self.queue.add(key)

    async def reconcile(self, key: Key) -> float | None:
        namespace = self.cache.get(NAMESPACES, key)
        if namespace is None:
            return None
        if not leaving(namespace):
            await self._furnish(key.name)
            return None
        return await self._empty(namespace)

    async def _furnish(self, name: str) -> None:
        """What every namespace has: a service account, and the cluster's authority."""
        account = {"metadata": {"name": "default", "namespace": name}}
        await self._ensure(SERVICE_ACCOUNTS, account)
        if self.authority.is_file():
            metadata = {"name": "kube-root-ca.crt", "namespace": name}
            data = {"ca.crt": self.authority.read_text()}
            await self._ensure(CONFIG_MAPS, {"metadata": metadata, "data": data})

    async def _ensure(self, kind: Kind, manifest: Manifest) -> None:
        if self.cache.get(kind, Key.of(manifest)) is None:
            try:
                await self.around.create(kind, manifest)
            except ApiError as error:
                if error.reason != "AlreadyExists":
                    raise

    async def _empty(self, namespace: Manifest) -> float | None:
        """Delete everything inside; when nothing is left, let the namespace go."""
        name = namespace["metadata"]["name"]
        left = 0
        for kind in self.cache.kinds():
            if not kind.namespaced:
                continue
            found, _ = await self.around.client.list(kind, name)
            left += len(found)
            for manifest in found:
                if not leaving(manifest):
                    await self.around.delete(kind, manifest)
        if left:
            return 1.0 if self._remains(name) else 0.0
        spec = namespace["spec"] | {"finalizers": []}
        try:
            finished = namespace | {"spec": spec}
            await self.around.client.replace(NAMESPACES, finished, subresource="finalize")
        except ApiError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise
        return None

    def _remains(self, name: str) -> bool:
        return any(kind.namespaced and self.cache.find(kind, name) for kind in self.cache.kinds())
