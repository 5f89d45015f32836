"""Making pods from a template: the part that all workloads share."""

import copy
from collections.abc import Mapping

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Surroundings
from sandbox.cluster.controllers.kinds import PODS, Kind, Manifest
from sandbox.cluster.controllers.objects import reference, suffix


def template_for(template: Manifest) -> Manifest:
    """The part of a pod template that makes a difference; clients send an empty timestamp."""
    cleaned = copy.deepcopy(template)
    cleaned.get("metadata", {}).pop("creationTimestamp", None)
    return cleaned


def pod_of(
    kind: Kind, parent: Manifest, name: str = "", extra_labels: Mapping[str, str] | None = None
) -> Manifest:
    """A pod as the template of `parent` describes it, owned by `parent`."""
    template = template_for(parent["spec"]["template"])
    metadata = template.get("metadata") or {}
    return {
        "metadata": {
            "name": name or f"{parent['metadata']['name'][:57]}-{suffix()}",
            "namespace": parent["metadata"]["namespace"],
            "labels": (metadata.get("labels") or {}) | dict(extra_labels or {}),
            "annotations": metadata.get("annotations") or {},
            "ownerReferences": [reference(kind, parent)],
        },
        "spec": template["spec"],
    }


async def create_pod(around: Surroundings, source: str, kind: Kind, pod: Manifest) -> Manifest:
    parent = around.cache.by_uid(pod["metadata"]["ownerReferences"][0]["uid"])
    try:
        made = await around.create(PODS, pod)
    except ApiError as error:
        if parent is not None:
            text = f"Error creating: {error}"
            around.recorder.warning(source, kind, parent, "FailedCreate", text)
        raise
    if parent is not None:
        message = f"Created pod: {made['metadata']['name']}"
        around.recorder.normal(source, kind, parent, "SuccessfulCreate", message)
    return made


async def delete_pod(around: Surroundings, source: str, kind: Kind, pod: Manifest) -> None:
    parent = around.cache.by_uid(pod["metadata"]["ownerReferences"][0]["uid"])
    await around.delete(PODS, pod)
    if parent is not None:
        message = f"Deleted pod: {pod['metadata']['name']}"
        around.recorder.normal(source, kind, parent, "SuccessfulDelete", message)
