"""Azure Policy in a cluster, as far as it stops the pods that run commands."""

import math
import re
from typing import Any

from sandbox.arm import ArmError
from sandbox.cloud.container_service import pod, refusals
from sandbox.store import Resource

ADDON = "azurepolicy"
ALLOWED_IMAGES = "febd0533-8e55-448f-b837-bd0e06f16469"
RESOURCE_LIMITS = "e345eecc-fa47-480f-9e88-67dcc122b164"
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "": 1}


def check(cluster: Resource, assignments: list[Resource]) -> None:
    """Refuse in the words of whoever would: the service, or the admission webhook."""
    addons = cluster.properties.get("addonProfiles") or {}
    known = {str(name).lower(): addon for name, addon in addons.items()}
    if not (known.get(ADDON) or {}).get("enabled"):
        return
    for assignment in assignments:
        definition = str(assignment.properties.get("policyDefinitionId", "")).rpartition("/")[2]
        if denies(assignment) and definition.lower() == ALLOWED_IMAGES:
            check_images(assignment)
        if denies(assignment) and definition.lower() == RESOURCE_LIMITS:
            check_memory(assignment)


def parameter(assignment: Resource, name: str, default: str = "") -> Any:
    found = (assignment.properties.get("parameters") or {}).get(name) or {}
    return found.get("value", default)


def denies(assignment: Resource) -> bool:
    enforced = assignment.properties.get("enforcementMode", "Default") == "Default"
    return enforced and str(parameter(assignment, "effect", "Audit")).lower() == "deny"


def check_images(assignment: Resource) -> None:
    allowed = str(parameter(assignment, "allowedContainerImagesRegex") or ".*")
    try:
        if re.search(allowed, f"{pod.IMAGES}/runtime"):
            return
    except re.error as error:  # What is no expression matches no image.
        raise blocked() from error
    raise blocked()


def blocked() -> ArmError:
    """Azure says more after the last comma; that is not recorded."""
    return refusals.refusal(
        400,
        "RunCommandBlockedByAzurePolicy",
        "Run command is blocked by external resource, details: AKS runCommand feature is blocked "
        "by Azure Policy applied to this cluster",
        subcode="PodCreateBlockedByAzurePolicy",
    )


def check_memory(assignment: Resource) -> None:
    most = str(parameter(assignment, "memoryLimit") or "")
    limit = pod.RESOURCES["limits"]["memory"]
    if most and size(most) < size(limit):
        raise pod.refused(
            'admission webhook "validation.gatekeeper.sh" denied the request: '
            f"[azurepolicy-container-limits-{assignment.name[:20]}] container <user-command> "
            f"memory limit <{limit}> is higher than the maximum allowed of <{most}>"
        )


def size(quantity: str) -> float:
    """Bytes; what is not a quantity forbids nothing."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|)", quantity.strip())
    return float(found[1]) * UNITS[found[2]] if found else math.inf
