"""Discovery: which groups, versions and kinds there are, in the two forms that clients ask for."""

from typing import Any

from sandbox.cluster.api.kinds import Kind, Kinds

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
SUBRESOURCE_VERBS = {
    "log": ["get"],
    "eviction": ["create"],
    "token": ["create"],
    "finalize": ["update"],
}
FOREIGN = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}  # Subresources that speak another kind than their parent.


def _subresource(kind: Kind, name: str) -> tuple[str, str, str, list[str]]:
    """Group, version, kind and verbs of a subresource."""
    own = (kind.group, kind.version, kind.name)
    verbs = SUBRESOURCE_VERBS.get(name, ["get", "patch", "update"])
    return (*FOREIGN.get(name, own), verbs)


def wants_aggregated(accept: str) -> bool:
    """Clients since 1.30 list v2 among the forms that they accept; older ones only v2beta1."""
    return any(
        "as=APIGroupDiscoveryList" in part and "v=v2" in part.split(";")
        for part in accept.replace(" ", "").split(",")
    )


def aggregated(kinds: Kinds, *, core: bool) -> dict[str, Any]:
    """Every kind in one answer: of the core group at `/api`, of all others at `/apis`."""
    items = [
        {
            "metadata": {"name": group, "creationTimestamp": None},
            "versions": [_version(kinds, group, version) for version in versions],
        }
        for group, versions in kinds.versions().items()
        if (group == "") == core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _version(kinds: Kinds, group: str, version: str) -> dict[str, Any]:
    resources = [
        _resource(kind) for kind in kinds if (kind.group, kind.version) == (group, version)
    ]
    return {"version": version, "freshness": "Current", "resources": resources}


def _resource(kind: Kind) -> dict[str, Any]:
    subresources = []
    for name in kind.subresources:
        group, version, answer, verbs = _subresource(kind, name)
        subresources.append(
            {
                "subresource": name,
                "responseKind": {"group": group, "version": version, "kind": answer},
                "verbs": verbs,
            }
        )
    return {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.name},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": list(kind.verbs),
        "shortNames": list(kind.short_names),
        "categories": list(kind.categories),
        "subresources": subresources,
    }


def core_versions() -> dict[str, Any]:
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(kinds: Kinds) -> dict[str, Any]:
    groups = [group(kinds, name) for name in kinds.versions() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(kinds: Kinds, name: str) -> dict[str, Any]:
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in kinds.versions()[name]
    ]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def resource_list(kinds: Kinds, group: str, version: str) -> dict[str, Any]:
    """The plain form of one version."""
    resources: list[dict[str, Any]] = []
    for kind in kinds:
        if (kind.group, kind.version) != (group, version):
            continue
        resources.append(
            {
                "name": kind.plural,
                "singularName": kind.singular,
                "namespaced": kind.namespaced,
                "kind": kind.name,
                "verbs": list(kind.verbs),
                "shortNames": list(kind.short_names),
                "categories": list(kind.categories),
            }
        )
        for name in kind.subresources:
            other, other_version, answer, verbs = _subresource(kind, name)
            foreign = {"group": other, "version": other_version} if name in FOREIGN else {}
            resources.append(
                {
                    "name": f"{kind.plural}/{name}",
                    "singularName": "",
                    "namespaced": kind.namespaced,
                    "kind": answer,
                    "verbs": verbs,
                    **foreign,
                }
            )
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }
