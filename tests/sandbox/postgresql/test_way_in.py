"""Who reaches a server, and how a session starts."""

import contextlib
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.sandbox.postgresql.conftest import PATIENCE, Lab, Server, eventually


def test_the_administrator_signs_in_over_tls_with_the_certificate_of_the_server(
    server: Server,
) -> None:
    with server.connect() as session:
        assert session.pgconn.ssl_in_use
        assert session.info.server_version >= 160000


def test_a_server_is_found_by_its_name_in_the_private_zone_too(server: Server) -> None:
    host = f"{server.name}.lab.private.postgres.database.azure.com"

    assert server.ask("SELECT 1", host=host) == 1


def test_a_session_without_tls_is_refused_as_postgresql_refuses_it(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError) as refusal:
        server.connect(sslmode="disable")

    expected = 'no pg_hba.conf entry for host "10.224.0.4", user "pgadmin", database "postgres", '
    assert f"{expected}no encryption" in str(refusal.value)


def test_encryption_that_is_no_longer_demanded_is_a_choice(server: Server) -> None:
    server.set("require_secure_transport", "off")
    try:
        assert server.ask("SELECT 1", sslmode="disable") == 1
    finally:
        server.set("require_secure_transport", "on")


def test_a_wrong_password_is_refused_by_the_engine(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.connect(password="Wrong-Horse-9")


def test_the_superuser_of_the_service_lets_nobody_in(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        server.connect(user="azuresu")


def test_tls_older_than_the_server_demands_is_refused(server: Server) -> None:
    server.set("ssl_min_protocol_version", "TLSv1.3")
    try:
        with pytest.raises(psycopg.OperationalError):
            server.connect(ssl_max_protocol_version="TLSv1.2")
    finally:
        server.set("ssl_min_protocol_version", "TLSv1.2")


def test_a_statement_that_runs_can_be_cancelled(server: Server) -> None:
    with server.connect() as session, ThreadPoolExecutor(1) as beside:
        sleeping = beside.submit(session.execute, "SELECT pg_sleep(60)")
        running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)'"
        eventually(lambda: server.ask(running))

        session.cancel_safe()

        with pytest.raises(psycopg.errors.QueryCanceled):
            sleeping.result(PATIENCE)


def test_much_data_goes_both_ways(server: Server) -> None:
    text = "x" * 3_000_000

    with server.connect() as session:
        row = session.execute("SELECT %s::text || repeat('y', 3000000)", [text]).fetchone()

    assert row is not None
    assert row[0] == text + "y" * 3_000_000


def test_from_the_internet_a_private_server_is_not_there(server: Server) -> None:
    assert server.refusal() == (
        f"HTTP/1.1 403 {server.host} is private: it is reached from inside its virtual network, "
        "and you are outside."
    )


def test_a_cluster_in_another_network_does_not_reach_a_private_server(
    lab: Lab, server: Server
) -> None:
    lab.new_cluster("elsewhere")

    assert "the network of elsewhere leads elsewhere" in server.refusal("elsewhere")


def test_a_server_that_does_not_exist_has_no_address(lab: Lab) -> None:
    missing = Server(lab, "missing", "")

    assert "missing.postgres.database.azure.com does not exist" in missing.refusal("aks")


def test_a_public_server_lets_in_whom_a_firewall_rule_names(lab: Lab) -> None:
    server = lab.new_server("lab-public", public=True)
    rule = f"{server.id}/firewallRules/azure"
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry for host.*SSL"):
        server.connect()

    lab.make(rule, {"properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"}})

    assert server.ask("SELECT 1") == 1
    lab.arm("DELETE", rule)
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry for host.*SSL"):
        server.connect()


def test_a_private_server_takes_no_firewall_rules(lab: Lab, server: Server) -> None:
    properties = {"startIpAddress": "1.2.3.4", "endIpAddress": "1.2.3.4"}

    answer = lab.arm("PUT", f"{server.id}/firewallRules/me", {"properties": properties})

    assert answer.status_code == httpx.codes.BAD_REQUEST


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\n\r\n", struct.pack("!II", 8, 80877103) * 2])
def test_what_is_no_start_of_a_session_ends_the_connection(server: Server, start: bytes) -> None:
    address = server.lab.tunnels.address(server.lab.way("aks"), server.host)

    with socket.create_connection((address, 5432), PATIENCE) as line:
        line.sendall(start)
        line.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):  # Broken off: as good.
            while line.recv(100):
                pass

    assert server.ask("SELECT 1") == 1
