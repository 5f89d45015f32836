"""Which versions of Kubernetes a region offers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks import azure
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import Planned, kubernetes
from tasks.step import step

VERSION = "2025-02-01"


@step("check-kubernetes-versions")
def versions(subscription: str, location: str, planned: Sequence[Planned]) -> tuple[Complaint, ...]:
    """Azure drops a minor version about a year after it came."""
    wanted = kubernetes(planned)
    if not wanted:
        return ()
    space = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService"
    with azure.translated(f"Kubernetes versions in {location}"):
        found = azure.arm(f"{space}/locations/{location}/kubernetesVersions", VERSION)
    return judge(location, wanted, found)


def judge(
    location: str, wanted: Iterable[str], found: Mapping[str, Any] | None
) -> tuple[Complaint, ...]:
    entries = (found or {}).get("values", [])
    minors = {str(entry["version"]): sorted(entry.get("patchVersions") or {}) for entry in entries}
    offered = {*minors, *(patch for patches in minors.values() for patch in patches)}
    told = "; ".join(f"{minor} ({', '.join(patches)})" for minor, patches in minors.items())
    return tuple(
        Complaint(
            f"cluster.version is {version}, which AKS does not offer in {location}.",
            f"Offered are {told}; leave it out for the region's default.",
        )
        for version in wanted
        if version not in offered
    )
