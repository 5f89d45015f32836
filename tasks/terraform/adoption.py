"""Take over what a run created that was killed before Terraform could write it down."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

EXISTS = re.compile(r'A resource with the ID "([^"]+)" already exists')
GROUP = re.compile(r"/resourceGroups/([^/]+)/", re.IGNORECASE)


@dataclass(frozen=True)
class Orphan:
    """A resource that is in Azure and in the code, and not in Terraform's state."""

    address: str
    id: str

    def within(self, group: str) -> bool:
        """Only what lies in the environment's own resource group is ours to take over."""
        found = GROUP.search(self.id)
        return bool(group) and found is not None and found[1].lower() == group.lower()


def orphans(diagnostics: Iterable[dict[str, Any]]) -> list[Orphan]:
    """What azurerm refused to create because it is there already."""
    found = []
    for diagnostic in diagnostics:
        text = " ".join(f"{diagnostic['summary']} {diagnostic.get('detail', '')}".split())
        if (match := EXISTS.search(text)) and diagnostic.get("address"):
            found.append(Orphan(diagnostic["address"], match[1]))
    return found


def group_in(state: Mapping[str, Any]) -> str:
    """The name of the resource group in `terraform show -json`; empty when there is none."""
    values = state.get("values") or {}
    for resource in values.get("root_module", {}).get("resources", []):
        if resource["type"] == "azurerm_resource_group":
            return str(resource["values"]["name"])
    return ""
