"""The real psql: of a Job inside the cluster, and of the one who works here."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from tests.sandbox.postgresql.conftest import LOGIN, PASSWORD, PATIENCE, PROJECT, Server

pytestmark = pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not on PATH")


def tool(server: Server, *words: str, given: str = "") -> str:
    """What a command of the sandbox that goes on as another program prints."""
    name, *rest = words
    argv = [sys.executable, "-m", "sandbox", name, "--state", str(server.lab.state)]
    done = subprocess.run(
        [*argv, "--cluster", "aks", *rest],
        cwd=PROJECT,
        input=given,
        env=os.environ | {"PGPASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout + done.stderr


def test_psql_runs_here_as_if_it_were_inside_the_network(server: Server) -> None:
    statement = ["-U", LOGIN, "-d", "postgres", "-AtXc", "SHOW listen_addresses; SELECT 6 * 7"]

    assert tool(server, "psql", server.name, *statement).split() == ["42"]


def test_psql_is_told_why_a_server_takes_no_connections(server: Server) -> None:
    said = tool(server, "psql", "nobody", "-U", LOGIN, "-d", "postgres", "-c", "SELECT 1")

    assert "no PostgreSQL server nobody" in said
    assert server.name in said


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
def test_a_job_in_the_cluster_asks_the_database(server: Server) -> None:
    variables = {
        "PGHOST": server.host,
        "PGUSER": LOGIN,
        "PGPASSWORD": PASSWORD,
        "PGDATABASE": "postgres",
        "PGSSLMODE": "require",
    }
    container = {
        "name": "psql",
        "image": "postgres:17",
        "command": ["psql", "-AtXc", "SELECT 'asked by ' || current_user"],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "ask", "namespace": "default"},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }

    said = tool(server, "kubectl", "apply", "-f", "-", given=json.dumps(job))
    assert "created" in said, said

    deadline = time.monotonic() + PATIENCE
    while f"asked by {LOGIN}" not in (said := tool(server, "kubectl", "logs", "job/ask")):
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
