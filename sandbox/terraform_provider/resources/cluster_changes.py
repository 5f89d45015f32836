"""What a change of a cluster's configuration means: in place, anew, or refused, as azurerm says."""

from sandbox.terraform_provider.lifecycle import Plan
from sandbox.terraform_provider.values import UNKNOWN

POOL = "default_node_pool.0"
NETWORK = "network_profile.0"
SETTINGS = ("drain_timeout_in_minutes", "undrainable_node_behavior")
TO_CILIUM = ("azure", "calico")


def correct(plan: Plan) -> None:
    correct_network(plan)
    if plan.changes("oidc_issuer_enabled"):
        plan.planned["oidc_issuer_url"] = UNKNOWN
    plan.replace_if("oidc_issuer_enabled", plan.old("oidc_issuer_enabled") is True)
    identified = plan.old("service_principal.0.client_id") in (None, "msi")
    plan.replace_if("service_principal.0.client_id", identified)
    plan.replace_if("api_server_access_profile.0.subnet_id", loses(plan, "subnet_id"))
    left_over = plan.old(f"{POOL}.name") == plan.new(f"{POOL}.temporary_name_for_rotation")
    plan.replace_if(f"{POOL}.name", not left_over)  # Else a rotation failed, and is tried again.
    correct_upgrades(plan, f"{POOL}.upgrade_settings.0")
    refuse(plan)


def loses(plan: Plan, attribute: str) -> bool:
    return plan.new(f"api_server_access_profile.0.{attribute}") is None


def correct_upgrades(plan: Plan, place: str) -> None:
    """Azure has no way to take these settings of a pool back."""
    for name in SETTINGS:
        plan.replace_if(f"{place}.{name}", plan.new(f"{place}.{name}") is None)


def correct_network(plan: Plan) -> None:
    plane, policy = plan.old(f"{NETWORK}.network_data_plane"), plan.old(f"{NETWORK}.network_policy")
    to_cilium = plan.new(f"{NETWORK}.network_data_plane") == "cilium"
    plan.replace_if(
        f"{NETWORK}.network_data_plane", bool(plane) and (plane, to_cilium) != ("azure", True)
    )
    overlay = str(plan.new(f"{NETWORK}.network_plugin_mode") or "").lower() == "overlay"
    plugins = plan.old(f"{NETWORK}.network_plugin"), plan.new(f"{NETWORK}.network_plugin")
    plan.replace_if(f"{NETWORK}.network_plugin", not (plugins == ("kubenet", "azure") and overlay))
    plan.replace_if(f"{NETWORK}.network_plugin_mode", not overlay)
    upgraded = policy in TO_CILIUM and plan.new(f"{NETWORK}.network_policy") == "cilium"
    plan.replace_if(f"{NETWORK}.network_policy", bool(policy) and not upgraded)
    for name in ("pod_cidr", "pod_cidrs"):
        plan.replace_if(f"{NETWORK}.{name}", plan.old(f"{NETWORK}.{name}") is not None)


def refuse(plan: Plan) -> None:
    artifacts = plan.new("bootstrap_profile.0.artifact_source")
    plan.refuse_if(
        plan.new(f"{NETWORK}.outbound_type") == "none" and artifacts != "Cache",
        "when `network_profile.0.outbound_type` is set to `none`, "
        "`bootstrap_profile.0.artifact_source` must be set to `Cache`",
    )
    if plan.new(f"{NETWORK}.advanced_networking.0.security_enabled"):
        for name, wanted in (("network_data_plane", "cilium"), ("network_plugin", "azure")):
            plan.refuse_if(
                plan.new(f"{NETWORK}.{name}") != wanted,
                "when `network_profile.0.advanced_networking` has `security_enabled` set to "
                f"`true`, `network_profile.0.{name}` must be set to `{wanted}`",
            )
