"""psql, from where a server is reached: inside the network of a cluster."""

import asyncio
import os
import shutil
import signal
import sys

from sandbox.cluster.controllers.kubelet import tunnel
from sandbox.commands.control import found, told, way_into
from sandbox.commands.terminal import StateDirectory, err
from sandbox.commands.tools import OneCluster, Words, only_cluster
from sandbox.state import DEFAULT, Running, SandboxError, State

SUFFIX = ".postgres.database.azure.com"
KIND = "Microsoft.DBforPostgreSQL/flexibleServers"


def psql(*words: Words, cluster: OneCluster = "", state: StateDirectory = DEFAULT) -> None:
    """Run psql against a flexible server, from inside the network of a cluster.

    The first word is the server; psql asks for the password, or takes PGPASSWORD. For example:

        python -m sandbox psql supabase-sandbox-pg -U pgadmin -d supabase
        python -m sandbox psql --cluster supabase-sandbox-aks supabase-sandbox-pg \
            -U pgadmin -d postgres -c 'SHOW wal_level'
    """
    if not words:
        raise SandboxError("Which server?", "python -m sandbox psql SERVER -U LOGIN -d DATABASE")
    program = shutil.which("psql")
    if program is None:
        raise SandboxError("There is no program psql.", "Install PostgreSQL's client.")
    kept = State(state)
    running = found(kept)
    demand(running, words[0])
    proxy = way_into(running, cluster or only_cluster(running))
    host = words[0] if "." in words[0] else f"{words[0]}{SUFFIX}"
    variables = {
        "PGHOST": host,
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": kept.environment(running)["SSL_CERT_FILE"],
    }
    sys.exit(asyncio.run(through(proxy, host, [program, *words[1:]], variables)))


def demand(running: Running, server: str) -> None:
    """Refuse a server that does not exist; a name of a private zone may be anybody's."""
    name = server.lower().removesuffix(SUFFIX)
    groups = told(running, "/status")["groups"]
    found = (one for group in groups for one in group["resources"] if one["type"] == KIND)
    known = sorted(str(one["name"]) for one in found)
    if "." not in name and name not in known:
        names = f"There are: {', '.join(known)}." if known else "None is built yet."
        raise SandboxError(f"The sandbox has no PostgreSQL server {server}.", names)


async def through(proxy: str, host: str, argv: list[str], variables: dict[str, str]) -> int:
    """Run a client of PostgreSQL to its end, with a way to one server."""
    async with tunnel.through(proxy, host, tunnel.PORT, err.print) as address:
        client = await asyncio.create_subprocess_exec(
            *argv, env=os.environ | variables | {"PGHOSTADDR": address}
        )
        # Ctrl+C is for psql: it ends a query, not the session.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)
        return await client.wait()
