"""Node pools whose machines change: a temporary pool works while the pool is made anew."""

from typing import Any

from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import prefixed
from sandbox.terraform_provider.mapping import describe
from sandbox.terraform_provider.values import UNKNOWN, Object, same

API = "2025-10-01"
CYCLED = (
    "host_encryption_enabled",
    "node_public_ip_enabled",
    "fips_enabled",
    "kubelet_config",
    "kubelet_disk_type",
    "linux_os_config",
    "max_pods",
    "os_disk_size_gb",
    "os_disk_type",
    "pod_subnet_id",
    "snapshot_id",
    "ultra_ssd_enabled",
    "vnet_subnet_id",
    "vm_size",
    "zones",
)
DEFAULT_CYCLED = ("name", *CYCLED, "only_critical_addons_enabled")
CHOSEN_BY_AZURE = ("name", "nodeImageVersion", "provisioningState", "powerState", "eTag")
MOVES = ("Ubuntu", "AzureLinux")  # Between these a pool moves in place.


def moves_in_place(before: Any, after: Any) -> bool:
    """Whether nodes change their operating system without being made anew."""
    return str(before).startswith(MOVES) and str(after).startswith(MOVES)


def is_other(before: Any, after: Any) -> bool:
    return after is not UNKNOWN and not same(before, after, ordered=False)


def temporary_name(before: Object, after: Object, cycled: tuple[str, ...], place: str) -> str:
    """The name of the pool that takes over; empty where the pool itself can be changed."""
    systems = before.get("os_sku"), after.get("os_sku")
    if not any(is_other(before.get(name), after.get(name)) for name in cycled) and (
        not is_other(*systems) or moves_in_place(*systems)
    ):
        return ""
    name = after.get("temporary_name_for_rotation")
    if not name:
        told = " ".join(f'"{place}{name}"' for name in cycled)
        raise ProviderError(
            "`temporary_name_for_rotation` must be specified when updating any of the following "
            f"properties [{told}]"
        )
    return str(name)


def rotate(azure: Azure, pool: str, temporary: str, properties: Object, deadline: float) -> None:
    """Make a pool anew; `temporary` may be there already, left by a run that failed."""
    other = f"{pool.rpartition('/')[0]}/{temporary}"
    kept = {name: value for name, value in properties.items() if name not in CHOSEN_BY_AZURE}
    with prefixed(f"creating temporary {describe(other)}"):
        if azure.find(other, API) is None:
            azure.change("PUT", other, API, {"properties": kept}, deadline)
    with prefixed(f"deleting old {describe(pool)}"):
        azure.delete(pool, API, deadline)
    with prefixed(f"creating default {describe(pool)}"):
        azure.change("PUT", pool, API, {"properties": kept}, deadline)
    with prefixed(f"deleting temporary {describe(other)}"):
        azure.delete(other, API, deadline)
