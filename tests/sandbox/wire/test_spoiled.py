"""Whatever is wrong with the shape of what azurerm sends, the cloud refuses it and goes on."""

import json
from typing import Any

from sandbox.cloud.entra import Identity
from tests.sandbox.test_malformed import Fuzz, fuzz

Json = dict[str, Any]
GUID = "11111111-1111-4111-8111-111111111111"
# Spoiled elsewhere; a cluster is much to make again and again.
ELSEWHERE = ("managedClusters/aks-lab", "managedClusters/aks-lab/agentPools/user")

__all__ = ["fuzz"]


def filled(entries: list[Json], identity: Identity) -> dict[str, Any]:
    """Bodies by path, with ids in the place of their marks."""
    marks = {
        "{sub}": f"/subscriptions/{identity.subscription}",
        "{rg}": "resourceGroups/wire",
        "{guid}": GUID,
        "{principal:id-aks}": GUID,
        "{tenant}": identity.tenant,
    }
    text = json.dumps([one for one in entries if one["path"].startswith("{sub}")])
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return {one["path"]: one["body"] for one in json.loads(text)}


def test_no_shape_of_what_terraform_sends_breaks_the_cloud(
    fuzz: Fuzz,
    entries: list[Json],
) -> None:
    good = filled(entries, fuzz.azure.identity)
    waiting = list(good)
    while waiting:  # Some need others first, which stand further down.
        left = [path for path in waiting if fuzz.ask("PUT", path, good[path]) >= 300]
        assert len(left) < len(waiting), left
        waiting = left

    for path, body in good.items():
        if not path.endswith(ELSEWHERE):
            fuzz.spoil(path, body)

    assert fuzz.broken == []
