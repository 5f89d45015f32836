"""Subnets, rules and routes: resources of their own that a PUT of their parent may carry along."""

from dataclasses import dataclass
from typing import Any

from sandbox.arm import Caller, ResourceId
from sandbox.resource_type import Change, Hook, plain
from sandbox.store import Resource, Store

SERVER = Caller("", "")


@dataclass(frozen=True)
class Embedded:
    """Children that appear in a list of their parent, under the same word as in their ids."""

    word: str
    check: Hook
    fill: Hook
    removed: Hook | None = None

    def kind(self, parent: Resource) -> str:
        return f"{parent.kind}/{self.word}"

    def store(self, parent: Resource, store: Store) -> None:
        """A given list is the whole truth; without one the children stay as they are."""
        wanted = parent.properties.pop(self.word, None)
        if wanted is None:
            return
        names = {str(item["name"]).lower() for item in wanted}
        for known in store.below(parent.id, self.kind(parent)):
            if known.name.lower() not in names:
                store.delete(known.id)
        for item in wanted:
            change = self.change(parent.id, item, store)
            self.check(change)
            self.fill(change)
            store.put(change.id, change.body)

    def check_list(self, change: Change) -> None:
        """Refuse a list that leaves out what may not be deleted, before anything is stored."""
        wanted = change.properties.get(self.word)
        if wanted is None or change.before is None:
            return
        names = {str(item["name"]).lower() for item in wanted}
        for known in change.store.below(change.id, self.kind(change.before)):
            if known.name.lower() not in names and self.removed:
                self.removed(self.change(change.id, {"name": known.name}, change.store))

    def change(self, parent: ResourceId, item: dict[str, Any], store: Store) -> Change:
        resource = parent.child(self.word, str(item["name"]))
        properties = dict(item.get("properties") or {})
        properties.pop("provisioningState", None)
        return Change(resource, {"properties": properties}, store.find(resource), store, SERVER)

    def show(self, parent: Resource, store: Store) -> list[dict[str, Any]]:
        return [plain(child, store) for child in store.below(parent.id, self.kind(parent))]
