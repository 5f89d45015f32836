"""Are the secrets in the cluster, and if not, which one and why."""

import hashlib
from dataclasses import dataclass
from typing import Any

from tasks import wait
from tasks.cluster import Cluster, Script
from tasks.errors import NotReadyError
from tasks.step import step

HINT = (
    "A role that still spreads passes by itself; a name that the vault lacks does not: "
    "run seed-secrets, then see docs/runbook.md, 'Secrets do not arrive'."
)


@dataclass(frozen=True)
class Synced:
    """All ExternalSecrets are ready; `revision` changes when the content of a Secret does."""

    names: tuple[str, ...]
    revision: str


@dataclass(frozen=True)
class Late:
    """One ExternalSecret that is not ready, and the operator's newest word on it."""

    name: str
    reason: str
    event: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" + (f" ({self.event})" if self.event else "")


@step("sync-external-secrets")
def sync(cluster: Cluster, namespace: str, revision: str, patience: float) -> Synced:
    """Nudge those that failed or are behind the vault; return when every one has caught up."""
    script = Script(
        "secrets",
        environment={
            "NAMESPACE": namespace,
            "REVISION": revision,
            "PATIENCE": str(max(2, round(patience))),
        },
    )
    found = cluster.run(script).document
    late = read_late(found)
    names = tuple(item["metadata"]["name"] for item in found["secrets"]["items"])
    if not names:
        raise NotReadyError("There are no ExternalSecrets yet.", HINT)
    if late:
        raise NotReadyError(
            f"{len(late)} of {len(names)} secrets are not in the cluster yet: "
            + "; ".join(map(str, late)),
            HINT,
        )
    wait.logger().info("All %d ExternalSecrets are synced.", len(names))
    digest = hashlib.sha256(" ".join(sorted(found["versions"].split())).encode())
    return Synced(names, digest.hexdigest()[:12])


def read_late(found: dict[str, Any]) -> list[Late]:
    """Those that are not ready, with their last UpdateFailed event, or are behind the vault."""
    newest = {
        event["involvedObject"]["name"]: " ".join(str(event.get("message", "")).split())[:300]
        for event in found["events"]["items"]
    }
    stale = found.get("stale", "").split()
    late = []
    for item in found["secrets"]["items"]:
        conditions = item.get("status", {}).get("conditions", [])
        ready: dict[str, Any] = next((c for c in conditions if c["type"] == "Ready"), {})
        name = item["metadata"]["name"]
        if ready.get("status") != "True":
            late.append(Late(name, ready.get("reason", "not looked at yet"), newest.get(name, "")))
        elif name in stale:
            late.append(Late(name, "still holds the vault's older content", ""))
    return late
