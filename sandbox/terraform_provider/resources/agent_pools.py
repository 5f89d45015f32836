"""Microsoft.ContainerService: node pools, inside a cluster and on their own."""

from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import (
    STATE_ONLY,
    Block,
    Entries,
    Entry,
    Resource,
    at,
    reads,
)
from sandbox.terraform_provider.values import Object

API = "2025-10-01"
ROTATED = (
    "fips_enabled",
    "host_encryption_enabled",
    "kubelet_disk_type",
    "max_pods",
    "node_public_ip_enabled",
    "os_disk_size_gb",
    "os_disk_type",
    "pod_subnet_id",
    "snapshot_id",
    "ultra_ssd_enabled",
    "vm_size",
    "vnet_subnet_id",
    "zones",
)
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
    def correct(self, plan: Plan) -> None:
        if plan.prior is not None and not plan.planned.get("temporary_name_for_rotation"):
            for name in (*ROTATED, "os_sku"):
                plan.replace_if_changed(name)

    def prepare(self, body: Object, _change: Change) -> None:
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
