"""Probes: simulated containers are asked, all others are taken to be well."""

from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.simulated.container import Container, Outside, Question
from sandbox.cluster.controllers.simulated.images import behaviour

KINDS = {"startupProbe": "Startup", "readinessProbe": "Readiness"}
HEALTHY = range(200, 400)


def watches(spec: Manifest) -> bool:
    """Does somebody who is simulated answer for the readiness of a container."""
    return "readinessProbe" in spec and behaviour(spec.get("image", "")) is not None


def period(spec: Manifest) -> float:
    return float(spec["readinessProbe"].get("periodSeconds", 10))


def patience(spec: Manifest) -> int:
    """How many failures in a row make a container unready."""
    return int(spec["readinessProbe"].get("failureThreshold", 3))


async def failure(
    spec: Manifest, container: Container, address: str, outside: Outside
) -> str | None:
    """The first complaint of a container's probes, as the kubelet words it."""
    for field, name in KINDS.items():
        probe = spec.get(field)
        if probe:
            complaint = await ask(probe, spec, container, address, outside)
            if complaint:
                return f"{name} probe failed: {complaint}"
    return None


async def ask(
    probe: Manifest, spec: Manifest, container: Container, address: str, outside: Outside
) -> str | None:
    found = behaviour(container.image)
    action = probe.get("httpGet") or probe.get("tcpSocket")
    if found is None or not action:
        return None  # What `exec` runs is inside an image that is not here.
    port = port_number(action["port"], spec)
    if port not in found.listens(container):
        return f"dial tcp {address}:{port}: connect: connection refused"
    if "httpGet" not in probe:
        return None
    path, _, query = str(action.get("path") or "/").partition("?")
    headers = {item["name"].lower(): item["value"] for item in action.get("httpHeaders") or []}
    question = Question("GET", path, query, headers, port=port)
    code = (await found.answer(container, question, outside)).status
    return None if code in HEALTHY else f"HTTP probe failed with statuscode: {code}"


def port_number(port: int | str, spec: Manifest) -> int:
    """A probe may name one of the container's ports; an unknown name is no port at all."""
    if isinstance(port, int) or port.isdigit():
        return int(port)
    named = {item.get("name"): item["containerPort"] for item in spec.get("ports") or []}
    return int(named.get(port, 0))
