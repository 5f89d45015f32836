"""Microsoft.ContainerService: node pools, inside a cluster and on their own."""

from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, without_parts
from sandbox.terraform_provider.mapping import (
    STATE_ONLY,
    Block,
    Entries,
    Entry,
    Resource,
    at,
    reads,
)
from sandbox.terraform_provider.resources import cluster_changes, rotation
from sandbox.terraform_provider.resources.rotation import API
from sandbox.terraform_provider.values import UNKNOWN, Object

SURGE = ("max_surge", "max_unavailable")
KUBELET: Entries = {
    "container_log_max_files": "containerLogMaxFiles",
    "container_log_max_size_mb": "containerLogMaxSizeMB",
    "cpu_cfs_quota_enabled": "cpuCfsQuota",
    "image_gc_high_threshold": "imageGcHighThreshold",
    "image_gc_low_threshold": "imageGcLowThreshold",
    "pod_max_pid": "podMaxPids",
}
LINUX: Entries = {
    "swap_file_size_mb": "swapFileSizeMB",
    "sysctl_config": Block("sysctls"),
    "transparent_huge_page": "transparentHugePageEnabled",
    "transparent_huge_page_defrag": "transparentHugePageDefrag",
}


def pool(prefix: str) -> dict[str, Entry]:
    """The attributes of a node pool, which a cluster carries inside and a pool at the top."""
    names = {
        "auto_scaling_enabled": "enableAutoScaling",
        "capacity_reservation_group_id": "capacityReservationGroupID",
        "fips_enabled": "enableFIPS",
        "gpu_driver": "gpuProfile.driver",
        "gpu_instance": "gpuInstanceProfile",
        "host_encryption_enabled": "enableEncryptionAtHost",
        "host_group_id": "hostGroupID",
        "node_count": "count",
        "node_public_ip_enabled": "enableNodePublicIP",
        "node_public_ip_prefix_id": "nodePublicIPPrefixID",
        "os_disk_size_gb": "osDiskSizeGB",
        "os_sku": "osSKU",
        "pod_subnet_id": "podSubnetID",
        "proximity_placement_group_id": "proximityPlacementGroupID",
        "snapshot_id": "creationData.sourceResourceId",
        "ultra_ssd_enabled": "enableUltraSSD",
        "vnet_subnet_id": "vnetSubnetID",
        "zones": "availabilityZones",
        "tags": "tags",
    }
    return {
        **{name: prefix + path for name, path in names.items()},
        "temporary_name_for_rotation": STATE_ONLY,
        "kubelet_config": Block(f"{prefix}kubeletConfig", KUBELET),
        "linux_os_config": Block(f"{prefix}linuxOSConfig", LINUX),
        "node_network_profile": Block(
            f"{prefix}networkProfile",
            {
                "application_security_group_ids": "applicationSecurityGroups",
                "node_public_ip_tags": STATE_ONLY,
            },
        ),
    }


class NodePool(Lifecycle):
    """Machines are never changed: a pool of other machines is made anew."""

    temporary: str = ""

    def correct(self, plan: Plan) -> None:
        systems = plan.old("os_sku"), plan.new("os_sku")
        plan.replace_if("os_sku", not rotation.moves_in_place(*systems))
        cluster_changes.correct_upgrades(plan, "upgrade_settings.0")
        self.refuse_surge(plan)

    def refuse_surge(self, plan: Plan) -> None:
        if plan.new("upgrade_settings") is None:
            return
        settings = plan.new("upgrade_settings")[0]
        ways = {name: settings[name] for name in SURGE}
        if plan.new("priority") != "Spot":
            plan.refuse_if(
                not any(ways.values()),
                "either `max_surge` or `max_unavailable` must be specified in `upgrade_settings` "
                "when `priority` is not `Spot`",
            )
            return
        for name, value in ways.items():
            plan.refuse_if(
                value not in (None, "", UNKNOWN),
                f"`{name}` cannot be set when `priority` is set to `Spot`. Spot pools do not "
                f"support `{name}`",
            )

    def write(self, resource_id: str, body: Object, deadline: float) -> None:
        if not self.temporary:
            super().write(resource_id, body, deadline)
            return
        properties = without_parts(body["properties"])
        rotation.rotate(self.azure, resource_id, self.temporary, properties, deadline)

    def prepare(self, body: Object, change: Change) -> None:
        if change.prior is not None:
            self.temporary = rotation.temporary_name(
                change.prior, change.planned, rotation.CYCLED, ""
            )
        properties = body["properties"]
        properties.setdefault("type", "VirtualMachineScaleSets")
        if properties.get("scaleSetPriority") != "Spot":
            properties.pop("spotMaxPrice", None)
        if not properties.get("enableAutoScaling"):
            properties.pop("minCount", None)
            properties.pop("maxCount", None)


RESOURCES = {
    "azurerm_kubernetes_cluster_node_pool": Resource(
        id="{kubernetes_cluster_id}/agentPools/{name}",
        api=API,
        fields={
            **pool("properties."),
            "tags": "properties.tags",
            "eviction_policy": "properties.scaleSetEvictionPolicy",
            "priority": "properties.scaleSetPriority",
            "node_image_version": reads("properties.nodeImageVersion"),
            "windows_profile": Block(
                fields={"outbound_nat_enabled": at("disableOutboundNat", NEGATED)}
            ),
        },
    ),
}
LIFECYCLES = {"azurerm_kubernetes_cluster_node_pool": NodePool}
