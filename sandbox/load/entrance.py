"""Where clients of a platform come in, and the keys that its owner has given them."""

import base64
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import yaml

ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"
SECRETS = "/api/v1/namespaces/{namespace}/secrets/{release}-test"
SERVICES = "/api/v1/namespaces/{namespace}/services/{release}-gateway"
NEEDED = ("anon-key", "service-role-key")


class NoPlatformError(Exception):
    """There is no platform to ask; the sentence says what is missing."""


@dataclass(frozen=True)
class Entrance:
    """The address of a platform, the way to it, and what applications hold of it from then on."""

    url: str
    proxy: str = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)
    look_up: Callable[[], Mapping[str, str]] = field(repr=False)
    """The keys of now, for people whose password has changed."""

    @classmethod
    def find(cls, kubeconfig: str, outside: str, namespace: str, release: str) -> Self:
        """
        By the cluster's own word: the name that a route publishes, else the gateway's Service.

        `outside` is the proxy of the internet, on which published names are; without one, the
        only clients are those in the cluster's network.
        """
        document = yaml.safe_load(kubeconfig)
        (cluster,) = (one["cluster"] for one in document["clusters"])
        (user,) = (one["user"] for one in document["users"])
        trust = trusting(base64.b64decode(cluster["certificate-authority-data"]))

        def read(path: str) -> dict[str, Any]:
            """An object of the cluster; empty where there is none."""
            with httpx.Client(
                base_url=cluster["server"],
                proxy=cluster["proxy-url"],
                verify=trust,
                trust_env=False,
                headers={"Authorization": f"Bearer {user['token']}"},
            ) as api:
                answer = api.get(path.format(namespace=namespace, release=release))
            if answer.status_code == httpx.codes.NOT_FOUND:
                return {}
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

        def look_up() -> dict[str, str]:
            data = read(SECRETS).get("data") or {}
            return {name: base64.b64decode(value).decode() for name, value in data.items()}

        keys, service = look_up(), read(SERVICES)
        missing = [name for name in NEEDED if not keys.get(name)]
        missing += [] if service else [f"{release}-gateway"]
        if missing:
            raise NoPlatformError(
                f"The namespace {namespace} has no platform: {', '.join(missing)} cannot be found."
            )
        routes = read(ROUTES).get("items", [])
        names = [name for route in routes for name in route["spec"].get("hostnames") or []]
        if names:
            return cls(f"https://{names[0]}", outside, trust, keys, look_up)
        port = service["spec"]["ports"][0]["port"]
        inside = f"http://{release}-gateway.{namespace}.svc:{port}"
        return cls(inside, cluster["proxy-url"], trust, keys, look_up)


def trusting(authority: bytes) -> ssl.SSLContext:
    with tempfile.NamedTemporaryFile() as file:
        file.write(authority)
        file.flush()
        return ssl.create_default_context(cafile=file.name)
