"""The Job as a cluster runs it: rendered by Helm, its pod in the network of a private server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from scripts import charts
from tests.database.conftest import accepted, password, passwords
from tests.sandbox.postgresql import conftest as azure

JOB, NAMESPACE = "supabase-database", "supabase"
ALLOWED = "pgcrypto,uuid-ossp,pg_stat_statements,vector"


@dataclass
class Place:
    """A cluster, a server beside it, and what the chart makes of them."""

    lab: azure.Lab
    server: azure.Server
    objects: list[dict[str, Any]]

    def kubectl(self, *words: str, given: Any = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "sandbox", "kubectl", "--state", str(self.lab.state), *words],
            cwd=azure.PROJECT,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )

    def apply(self, *objects: dict[str, Any]) -> None:
        done = self.kubectl(
            "apply", "-f", "-", given={"apiVersion": "v1", "kind": "List", "items": objects}
        )
        assert done.returncode == 0, done.stderr

    def run(self, values: dict[str, str]) -> tuple[str, list[str]]:
        """Run the Job with these values of the Secret: how it ended, and the lines of its log."""
        self.kubectl("delete", "job", JOB, "-n", NAMESPACE, "--ignore-not-found")
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": JOB, "namespace": NAMESPACE},
            "stringData": values,
        }
        self.apply(secret, *self.objects)
        ended: list[str] = []

        def has_ended() -> bool:
            query = "jsonpath={.status.conditions[?(@.status=='True')].type}"
            ended[:] = self.kubectl("get", "job", JOB, "-n", NAMESPACE, "-o", query).stdout.split()
            return bool({"Complete", "Failed"} & {*ended})

        azure.eventually(has_ended)
        log = self.kubectl("logs", f"job/{JOB}", "-n", NAMESPACE, "-c", "database").stdout
        return ended[-1], log.splitlines()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    lab = azure.Lab(tmp_path_factory.mktemp("job").resolve() / "sandbox")
    lab.up()
    try:
        lab.build()
        server = lab.new_server("lab-job")
        lab.make(f"{server.id}/databases/supabase", {"properties": {}})
        server.set("azure.extensions", ALLOWED)
        with charts.helm() as found:
            outputs = {"host": server.host, "name": "supabase"}
            rendering = found.render("supabase", {"database": outputs})
        kinds = {"ConfigMap", "NetworkPolicy", "Job"}
        objects = [
            item
            for item in rendering.objects
            if item["kind"] in kinds and item["metadata"]["name"] == JOB
        ]
        ready = Place(lab, server, objects)
        ready.kubectl("create", "namespace", NAMESPACE)
        yield ready
    finally:
        lab.down()
        lab.tunnels.close()


def of(server: azure.Server, login: str) -> Any:
    """Who a session of a login is."""
    return server.ask(
        "SELECT current_user", user=login, password=password(login), dbname="supabase"
    )


def test_it_prepares_the_server_and_says_how(place: Place) -> None:
    values = passwords() | {"pg-password": azure.PASSWORD}

    ended, log = place.run(values)

    assert (ended, log[-1]) == ("Complete", "verify: as wanted, 1 optional differences"), log
    assert "10-roles: applied" in log
    assert any(
        line.strip().startswith("optional | 40-extensions | extension vector") for line in log
    )
    assert not [
        value for key, value in values.items() if value in "\n".join(log) and key != "pg-username"
    ]
    assert of(place.server, "authenticator_1") == "authenticator"


def test_a_login_counts_as_soon_as_it_is_accepted_and_until_it_is_not(place: Place) -> None:
    old, new = "supabase_auth_admin_1", "supabase_auth_admin_2"
    values = passwords() | {"pg-password": azure.PASSWORD}

    staged = place.run(values | {"pg-auth-accepted": accepted(new, old)})

    assert staged[0] == "Complete", staged[1]
    assert {f"login {new}: open", f"login {old}: unchanged", "10-roles: unchanged"} < {*staged[1]}
    assert {of(place.server, login) for login in (old, new)} == {"supabase_auth_admin"}

    retired = place.run(values | {"pg-auth-accepted": accepted(new)})

    assert retired[0] == "Complete", retired[1]
    assert of(place.server, new) == "supabase_auth_admin"
    with pytest.raises(psycopg.OperationalError):
        of(place.server, old)
