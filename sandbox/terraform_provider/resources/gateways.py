"""Microsoft.Network: application gateways with their firewall policies."""

from typing import Any

from sandbox.terraform_provider.codecs import ENABLED, IDS, Codec, wrapped
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import Block, Entries, Entry, Resource, at, reads, writes
from sandbox.terraform_provider.resources.network import API, NETWORK
from sandbox.terraform_provider.values import Object

POOLS = "backendAddressPools"
ADDRESSES = ("fqdn", "ipAddress")
SELF = "$self"  # The gateway, in an id that is written before its own is known.


def part(word: str) -> Codec:
    """A part of the gateway: a name in Terraform, an id at Azure."""
    return Codec(lambda name: f"{SELF}/{word}/{name}", lambda path: path.rpartition("/")[2])


def parts(word: str) -> Codec:
    one = part(word)
    return Codec(
        lambda names: [{"id": one.encode(name)} for name in names],
        lambda found: [one.decode(item["id"]) for item in found],
    )


def leads(name: str, field: str, word: str) -> dict[str, Entry]:
    """The two attributes by which one part leads to another: `probe_name` and `probe_id`."""
    path = f"properties.{field}.id"
    return {f"{name}_name": at(path, part(word)), f"{name}_id": reads(path)}


def named(path: str, fields: Entries) -> Block:
    """A list of parts: each with a name and an id, and all else in its properties."""
    own: Entries = {"name": "name", "id": reads("id")}
    return Block(f"properties.{path}", {**own, **fields}, inner="properties.")


class ApplicationGateway(Lifecycle):
    """Parts refer to each other by id; a pool has one list of two kinds of address."""

    def prepare(self, body: Object, change: Change) -> None:
        for pool in body["properties"].get(POOLS) or []:
            inner = pool.setdefault("properties", {})
            inner["backendAddresses"] = [
                {kind: address}
                for kind in ADDRESSES
                for address in inner.pop(f"${kind}", None) or []
            ]
        body["properties"] = resolved(body["properties"], self.identify(change.planned))

    def arrange(self, body: Object, _prior: Object | None) -> None:
        for pool in body["properties"].get(POOLS) or []:
            addresses = pool["properties"].get("backendAddresses") or []
            for kind in ADDRESSES:
                pool["properties"][f"${kind}"] = [one[kind] for one in addresses if one.get(kind)]


def resolved(value: Any, gateway: str) -> Any:
    """The same with the gateway's id in the place of its mark."""
    if isinstance(value, str):
        return gateway + value.removeprefix(SELF) if value.startswith(f"{SELF}/") else value
    if isinstance(value, dict):
        return {name: resolved(one, gateway) for name, one in value.items()}
    return [resolved(one, gateway) for one in value] if isinstance(value, list) else value


TARGETS = (
    ("backend_address_pool", "backendAddressPool", "backendAddressPools"),
    ("backend_http_settings", "backendHttpSettings", "backendHttpSettingsCollection"),
    ("redirect_configuration", "redirectConfiguration", "redirectConfigurations"),
    ("rewrite_rule_set", "rewriteRuleSet", "rewriteRuleSets"),
)


def targets() -> dict[str, Entry]:
    """Where a rule sends what it matches."""
    return {key: value for one in TARGETS for key, value in leads(*one).items()}


def default_targets() -> dict[str, Entry]:
    """The same for paths that no rule of a map names."""
    return {
        key: value
        for name, field, word in TARGETS
        for key, value in leads(
            f"default_{name}", f"default{field[0].upper()}{field[1:]}", word
        ).items()
    }


FRONTEND = {
    **leads("frontend_ip_configuration", "frontendIPConfiguration", "frontendIPConfigurations"),
    **leads("frontend_port", "frontendPort", "frontendPorts"),
    **leads("ssl_certificate", "sslCertificate", "sslCertificates"),
    **leads("ssl_profile", "sslProfile", "sslProfiles"),
}
TRUSTED_ROOTS = at("properties.trustedRootCertificates", parts("trustedRootCertificates"))
TLS = {"disabled_protocols": "disabledSslProtocols"}


PARTS: dict[str, Entry] = {
    "backend_address_pool": named(
        "backendAddressPools",
        {"fqdns": "properties.$fqdn", "ip_addresses": "properties.$ipAddress"},
    ),
    "backend_http_settings": named(
        "backendHttpSettingsCollection",
        {
            **leads("probe", "probe", "probes"),
            "certificate_chain_validation_enabled": "properties.validateCertChainAndExpiry",
            "dedicated_backend_connection_enabled": "properties.dedicatedBackendConnection",
            "sni_validation_enabled": "properties.validateSNI",
            "trusted_root_certificate_names": TRUSTED_ROOTS,
            "connection_draining": Block(
                "properties.connectionDraining",
                {"drain_timeout_sec": "drainTimeoutInSec"},
            ),
        },
    ),
    "custom_error_configuration": Block("properties.customErrorConfigurations"),
    "frontend_ip_configuration": named(
        "frontendIPConfigurations",
        {
            "private_ip_address": "properties.privateIPAddress",
            "private_ip_address_allocation": "properties.privateIPAllocationMethod",
            "public_ip_address_id": "properties.publicIPAddress.id",
            "subnet_id": "properties.subnet.id",
            **leads(
                "private_link_configuration",
                "privateLinkConfiguration",
                "privateLinkConfigurations",
            ),
        },
    ),
    "frontend_port": named("frontendPorts", {}),
    "gateway_ip_configuration": named(
        "gatewayIPConfigurations", {"subnet_id": "properties.subnet.id"}
    ),
    "http_listener": named(
        "httpListeners",
        {
            **FRONTEND,
            "custom_error_configuration": Block("properties.customErrorConfigurations"),
            "firewall_policy_id": "properties.firewallPolicy.id",
            "require_sni": "properties.requireServerNameIndication",
        },
    ),
    # Of the transport layer.
    "backend": named(
        "backendSettingsCollection",
        {
            **leads("probe", "probe", "probes"),
            "client_ip_preservation_enabled": "properties.enableL4ClientIpPreservation",
            "timeout_in_seconds": "properties.timeout",
            "trusted_root_certificate_names": TRUSTED_ROOTS,
        },
    ),
    "listener": named("listeners", FRONTEND),
    "routing_rule": named(
        "routingRules",
        {
            **leads("backend_address_pool", "backendAddressPool", "backendAddressPools"),
            **leads("backend", "backendSettings", "backendSettingsCollection"),
            **leads("listener", "listener", "listeners"),
        },
    ),
    "private_link_configuration": named(
        "privateLinkConfigurations",
        {
            "ip_configuration": Block(
                "properties.ipConfigurations",
                {
                    "name": "name",
                    "private_ip_address": "properties.privateIPAddress",
                    "private_ip_address_allocation": "properties.privateIPAllocationMethod",
                    "subnet_id": "properties.subnet.id",
                },
                inner="properties.",
            )
        },
    ),
    "probe": named(
        "probes",
        {
            "minimum_servers": "properties.minServers",
            "proxy_protocol_header_enabled": "properties.enableProbeProxyProtocolHeader",
            "match": Block("properties.match", {"status_code": "statusCodes"}),
        },
    ),
    "redirect_configuration": named(
        "redirectConfigurations",
        leads("target_listener", "targetListener", "httpListeners"),
    ),
    "request_routing_rule": named(
        "requestRoutingRules",
        {
            **targets(),
            **leads("http_listener", "httpListener", "httpListeners"),
            **leads("url_path_map", "urlPathMap", "urlPathMaps"),
        },
    ),
    "rewrite_rule_set": named(
        "rewriteRuleSets",
        {
            "rewrite_rule": Block(
                "properties.rewriteRules",
                {
                    "condition": Block("conditions"),
                    "request_header_configuration": Block("actionSet.requestHeaderConfigurations"),
                    "response_header_configuration": Block(
                        "actionSet.responseHeaderConfigurations"
                    ),
                    "url": Block(
                        "actionSet.urlConfiguration",
                        {"path": "modifiedPath", "query_string": "modifiedQueryString"},
                    ),
                },
            )
        },
    ),
    "ssl_certificate": named(
        "sslCertificates",
        {
            "data": writes("properties.data"),
            "password": writes("properties.password"),
            "public_cert_data": reads("properties.publicCertData"),
        },
    ),
    "ssl_profile": named(
        "sslProfiles",
        {
            "ssl_policy": Block("properties.sslPolicy", TLS),
            "trusted_client_certificate_names": at(
                "properties.trustedClientCertificates", parts("trustedClientCertificates")
            ),
            "verify_client_certificate_issuer_dn": (
                "properties.clientAuthConfiguration.verifyClientCertIssuerDN"
            ),
            "verify_client_certificate_revocation": (
                "properties.clientAuthConfiguration.verifyClientRevocation"
            ),
        },
    ),
    "trusted_client_certificate": named("trustedClientCertificates", {}),
    "trusted_root_certificate": named(
        "trustedRootCertificates", {"data": writes("properties.data")}
    ),
    "url_path_map": named(
        "urlPathMaps",
        {
            **default_targets(),
            "path_rule": Block(
                "properties.pathRules",
                {
                    "name": "name",
                    "id": reads("id"),
                    "firewall_policy_id": "properties.firewallPolicy.id",
                    **targets(),
                },
                inner="properties.",
            ),
        },
    ),
}

WAF_EXCLUSION: Entries = {
    "excluded_rule_set": Block(
        "exclusionManagedRuleSets.0",
        {
            "type": "ruleSetType",
            "version": "ruleSetVersion",
            "rule_group": Block("ruleGroups", {"excluded_rules": at("rules", wrapped("ruleId"))}),
        },
    ),
}
RESOURCES = {
    "azurerm_application_gateway": Resource(
        id=f"{NETWORK}/applicationGateways/{{name}}",
        api=API,
        fields={
            **PARTS,
            "fips_enabled": "properties.enableFips",
            "firewall_policy_id": "properties.firewallPolicy.id",
            "force_firewall_policy_association": "properties.forceFirewallPolicyAssociation",
            "http2_enabled": "properties.enableHttp2",
            "private_endpoint_connection": Block(
                "properties.privateEndpointConnections", {"id": "id", "name": "name"}
            ),
            "global": Block(
                "properties.globalConfiguration",
                {
                    "request_buffering_enabled": "enableRequestBuffering",
                    "response_buffering_enabled": "enableResponseBuffering",
                },
            ),
            "sku": Block("properties.sku"),
            "ssl_policy": Block("properties.sslPolicy", TLS),
            "waf_configuration": Block(
                "properties.webApplicationFirewallConfiguration",
                {
                    "file_upload_limit_mb": "fileUploadLimitInMb",
                    "max_request_body_size_kb": "maxRequestBodySizeInKb",
                    "disabled_rule_group": Block("disabledRuleGroups"),
                    "exclusion": Block("exclusions"),
                },
            ),
        },
    ),
    "azurerm_web_application_firewall_policy": Resource(
        id=f"{NETWORK}/applicationGatewayWebApplicationFirewallPolicies/{{name}}",
        api=API,
        fields={
            "http_listener_ids": reads("properties.httpListeners", IDS),
            "path_based_rule_ids": reads("properties.pathBasedRules", IDS),
            "custom_rules": Block(
                "properties.customRules",
                {
                    "enabled": at("state", ENABLED),
                    "match_conditions": Block(
                        "matchConditions", {"negation_condition": "negationConditon"}
                    ),
                },
            ),
            "managed_rules": Block(
                "properties.managedRules",
                {
                    "exclusion": Block("exclusions", WAF_EXCLUSION),
                    "managed_rule_set": Block(
                        "managedRuleSets",
                        {
                            "type": "ruleSetType",
                            "version": "ruleSetVersion",
                            "rule_group_override": Block(
                                "ruleGroupOverrides",
                                {
                                    "rule": Block(
                                        "rules", {"id": "ruleId", "enabled": at("state", ENABLED)}
                                    )
                                },
                            ),
                        },
                    ),
                },
            ),
            "policy_settings": Block(
                "properties.policySettings",
                {
                    "enabled": at("state", ENABLED),
                    "js_challenge_cookie_expiration_in_minutes": (
                        "jsChallengeCookieExpirationInMins"
                    ),
                    "request_body_enforcement": "requestBodyEnforcement",
                    "request_body_inspect_limit_in_kb": "requestBodyInspectLimitInKB",
                    "log_scrubbing": Block(
                        "logScrubbing",
                        {
                            "enabled": at("state", ENABLED),
                            "rule": Block("scrubbingRules", {"enabled": at("state", ENABLED)}),
                        },
                    ),
                },
            ),
        },
    ),
}
LIFECYCLES = {"azurerm_application_gateway": ApplicationGateway}
