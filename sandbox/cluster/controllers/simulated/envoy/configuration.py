"""Envoy's bootstrap file, read into what decides about a request."""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

LUA, RBAC = "envoy.filters.http.lua", "envoy.filters.http.rbac"
BASIC_AUTH, CORS = "envoy.filters.http.basic_auth", "envoy.filters.http.cors"
Address = tuple[str, int]  # Host and port; an empty host is Envoy's own administration.


@dataclass(frozen=True)
class Origins:
    """From which pages browsers may call, and what they may send."""

    patterns: tuple[re.Pattern[str], ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)

    def allow(self, origin: str) -> bool:
        return any(pattern.fullmatch(origin) for pattern in self.patterns)


@dataclass(frozen=True)
class Route:
    """Which paths it is for, what each filter is told about it, and where it leads."""

    kind: str  # `path`, `prefix` or `path_separated_prefix`.
    path: str
    clusters: tuple[tuple[str, int], ...]  # With their weights; none where Envoy itself answers.
    status: int  # Of its own answer.
    text: str
    rewrite: str | None
    host: str
    added: Mapping[str, str]
    removed: tuple[str, ...]
    told: Mapping[str, Any]  # What the script is told.
    password: bool  # Is a person asked for one.
    roles: re.Pattern[str] | None  # Who passes; None lets everybody pass.
    origins: Origins

    def matches(self, path: str) -> bool:
        if self.kind == "path":
            return path == self.path
        if self.kind == "prefix":
            return path.startswith(self.path)
        return path == self.path or path.startswith(f"{self.path}/")

    def rewritten(self, path: str) -> str:
        return path if self.rewrite is None else self.rewrite + path[len(self.path) :]


@dataclass(frozen=True)
class Listener:
    """A port, the filters on it, and its routes in their order."""

    port: int
    filters: tuple[str, ...]
    users: str  # The variable with those who may sign in.
    routes: tuple[Route, ...]
    rejects_slashes: bool
    rejects_underscores: bool


@dataclass(frozen=True)
class Configuration:
    listeners: tuple[Listener, ...]
    clusters: Mapping[str, Address]

    def listener(self, port: int) -> Listener | None:
        return next((one for one in self.listeners if one.port == port), None)


@functools.lru_cache(maxsize=16)
def read(text: str) -> Configuration:
    """Raises `ValueError` or `LookupError` for what Envoy would not start with."""
    try:
        static = yaml.safe_load(text)["static_resources"]
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(f"the configuration cannot be read: {error}") from error
    clusters = {one["name"]: address(one) for one in static["clusters"]}
    listeners = tuple(listener(one) for one in static["listeners"])
    for one in listeners:
        for route in one.routes:
            unknown = [name for name, _ in route.clusters if name not in clusters]
            if unknown:
                raise ValueError(f"route: unknown cluster '{unknown[0]}'")
    return Configuration(listeners, clusters)


def address(cluster: Mapping[str, Any]) -> Address:
    (group,) = cluster["load_assignment"]["endpoints"]
    (one,) = group["lb_endpoints"]
    found = one["endpoint"]["address"].get("socket_address")
    return (found["address"], int(found["port_value"])) if found else ("", 0)


def listener(given: Mapping[str, Any]) -> Listener:
    manager = given["filter_chains"][0]["filters"][0]["typed_config"]
    filters = {one["name"]: one.get("typed_config", {}) for one in manager["http_filters"]}
    (host,) = manager["route_config"]["virtual_hosts"]
    common = {
        "added": dict(added(host)),
        "origins": origins(host.get("typed_per_filter_config", {}).get(CORS)),
        "roles": roles(filters[RBAC]) if RBAC in filters else None,
        "password": BASIC_AUTH in filters,
    }
    return Listener(
        port=int(given["address"]["socket_address"]["port_value"]),
        filters=tuple(filters),
        users=filters.get(BASIC_AUTH, {}).get("users", {}).get("environment_variable", ""),
        routes=tuple(route(one, common) for one in host["routes"]),
        rejects_slashes=manager.get("path_with_escaped_slashes_action") == "REJECT_REQUEST",
        rejects_underscores=manager.get("common_http_protocol_options", {}).get(
            "headers_with_underscores_action"
        )
        == "REJECT_REQUEST",
    )


def route(given: Mapping[str, Any], common: Mapping[str, Any]) -> Route:
    ((kind, path),) = given["match"].items()
    to, own = given.get("route", {}), given.get("direct_response", {})
    filters = given.get("typed_per_filter_config", {})
    rbac = filters.get(RBAC)
    return Route(
        kind=kind,
        path=path,
        clusters=tuple(targets(to)),
        status=int(own.get("status", 0)),
        text=own.get("body", {}).get("inline_string", ""),
        rewrite=to.get("prefix_rewrite"),
        host=to.get("host_rewrite_literal", ""),
        added=common["added"] | dict(added(given)),
        removed=tuple(given.get("request_headers_to_remove", ())),
        told=given.get("metadata", {}).get("filter_metadata", {}).get(LUA, {}),
        password=common["password"] and not filters.get(BASIC_AUTH, {}).get("disabled"),
        roles=common["roles"] if rbac is None else roles(rbac.get("rbac", {})),
        origins=origins(filters[CORS]) if CORS in filters else common["origins"],
    )


def targets(to: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if "cluster" in to:
        yield to["cluster"], 100
    for one in to.get("weighted_clusters", {}).get("clusters", ()):
        yield one["name"], int(one["weight"])


def added(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in given.get("request_headers_to_add", ()):
        yield one["header"]["key"].lower(), str(one["header"]["value"])


def roles(given: Mapping[str, Any]) -> re.Pattern[str] | None:
    """The roles that pass, as the metadata matcher of the only policy has them."""
    if not given.get("rules"):
        return None
    (policy,) = given["rules"]["policies"].values()
    (principal,) = policy["principals"]
    matcher = principal["sourced_metadata"]["metadata_matcher"]
    return re.compile(matcher["value"]["string_match"]["safe_regex"]["regex"])


def origins(given: Mapping[str, Any] | None) -> Origins:
    if given is None:
        return Origins()
    patterns = [
        re.compile(re.escape(one["exact"]) if "exact" in one else one["safe_regex"]["regex"])
        for one in given["allow_origin_string_match"]
    ]
    shown = {
        f"access-control-{name.replace('_', '-')}": str(given[name])
        for name in ("allow_methods", "allow_headers", "expose_headers", "max_age")
        if name in given
    }
    return Origins(tuple(patterns), shown)
