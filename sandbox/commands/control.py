"""How commands talk to a sandbox that runs."""

import http.client
import json
from typing import Any

from sandbox.state import Running, SandboxError, State


def found(kept: State) -> Running:
    """The sandbox of a state directory, or what to do without one."""
    running = kept.running()
    if running is None:
        raise SandboxError(
            f"No sandbox runs from {kept.folder}.", "Start one: python -m sandbox up"
        )
    return running


def ask(running: Running, method: str, path: str, sent: Any = None) -> bytes:
    """Ask a running sandbox for something; what it refuses, it explains."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {running.token}"}
        connection.request(method, path, None if sent is None else json.dumps(sent), headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SandboxError(
            f"The sandbox on port {running.port} does not answer: {error}.",
            f"Stop it with: kill {running.pid}",
        ) from error
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST and answer.headers.get_content_subtype() == "json":
        raise SandboxError(str(json.loads(body).get("error")))
    if answer.status >= http.client.BAD_REQUEST:
        raise SandboxError(
            f"Port {running.port} does not belong to the sandbox of this state directory.",
            "Remove running.json from it and start again.",
        )
    return body


def told(running: Running, path: str) -> Any:
    """What a running sandbox tells, read."""
    return json.loads(ask(running, "GET", path))


def way_into(running: Running, cluster: str) -> str:
    """The address of the proxy for those inside the network of a cluster; it holds a secret."""
    networks: dict[str, str] = told(running, "/networks")
    if cluster.lower() not in networks:
        known = f"There are: {', '.join(sorted(networks))}." if networks else "None is built yet."
        raise SandboxError(f"The sandbox has no cluster {cluster}.", known)
    return networks[cluster.lower()]
