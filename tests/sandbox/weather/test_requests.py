"""What clients meet when requests are hit."""

import os
import socket
import time
from collections import Counter

import httpx
import pytest

from tests.sandbox.weather.conftest import MANAGEMENT, VERSION, Sandbox, until

GROUPS = "/subscriptions/{}/resourceGroups"


@pytest.fixture
def groups(sandbox: Sandbox) -> str:
    return GROUPS.format(sandbox.environment["ARM_SUBSCRIPTION_ID"])


def test_an_answer_takes_the_place_of_the_services_own(sandbox: Sandbox, groups: str) -> None:
    sandbox.add("""
      when: {method: GET, host: "management.*", path: "*/RESOURCEGROUPS"}
      then:
        answer:
          status: 429
          code: SubscriptionRequestsThrottled
          message: "'{subscription}' after '{retry_after}'"
          headers: {x-ms-ratelimit-remaining-subscription-reads: "0"}
          retry_after: 30
    """)

    answer = sandbox.arm("GET", groups)
    other = sandbox.arm("GET", groups.rpartition("/")[0])

    subscription = sandbox.environment["ARM_SUBSCRIPTION_ID"]
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"  # Nothing takes time, and less is not written.
    assert answer.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    error = {"code": "SubscriptionRequestsThrottled", "message": f"'{subscription}' after '1'"}
    assert answer.json() == {"error": error}
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("effect", "body"),
    [
        ("{status: 503}", '{"error":{"code":"ServiceUnavailable","message":""}}'),
        (
            "{status: 400, wrapped: false, code: X, message: m}",
            '{"code":"X","message":"m"}',
        ),
        (
            "{status: 403, code: Forbidden, message: m, inner: ForbiddenByRbac}",
            '{"error":{"code":"Forbidden","message":"m","innererror":{"code":"ForbiddenByRbac"}}}',
        ),
        ('{status: 502, body: "<html>Bad Gateway</html>"}', "<html>Bad Gateway</html>"),
        ("{status: 200, body: {value: []}}", '{"value":[]}'),
    ],
)
def test_an_error_has_the_shape_that_is_asked_for(
    sandbox: Sandbox, groups: str, effect: str, body: str
) -> None:
    sandbox.add(f"then: {{answer: {effect}}}")

    assert sandbox.arm("GET", groups).text == body


@pytest.mark.parametrize(
    ("calls", "hit"),
    [
        ("2", [2]),
        ("[1, 4]", [1, 4]),
        ("2..4", [2, 3, 4]),
        ("5..", [5, 6]),
        ("every 3", [3, 6]),
    ],
)
def test_only_the_chosen_calls_are_hit(
    sandbox: Sandbox, groups: str, calls: str, hit: list[int]
) -> None:
    sandbox.add(f"{{calls: {calls}, then: {{answer: {{status: 503}}}}}}")

    statuses = [sandbox.arm("GET", groups).status_code for _ in range(6)]

    assert [number for number, status in enumerate(statuses, 1) if status == 503] == hit
    assert (sandbox.faults[0]["hits"], sandbox.faults[0]["seen"]) == (len(hit), 6)


def test_the_same_luck_comes_back_with_the_same_fault(sandbox: Sandbox, groups: str) -> None:
    plan = "{id: coin, probability: 0.5, then: {answer: {status: 503}}}"

    def flips() -> list[int]:
        sandbox.add(plan)
        return [sandbox.arm("GET", groups).status_code for _ in range(12)]

    first, second = flips(), flips()

    assert first == second
    assert set(Counter(first)) == {200, 503}


def test_a_principal_is_known_by_id_application_and_name(sandbox: Sandbox, groups: str) -> None:
    for name in (sandbox.environment["ARM_CLIENT_ID"], "Deployer"):
        sandbox.add(f"{{id: them, when: {{principal: {name}}}, then: {{answer: {{status: 503}}}}}}")
        assert sandbox.arm("GET", groups).status_code == 503
        sandbox.add("{id: them, when: {principal: another}, then: {answer: {status: 503}}}")
        assert sandbox.arm("GET", groups).status_code == 200


def test_a_window_opens_and_closes(sandbox: Sandbox, groups: str) -> None:
    sandbox.add("{id: later, window: {from: 3600, wall: true}, then: {answer: {status: 503}}}")
    sandbox.add("{id: gone, window: {until: 0.001}, then: {answer: {status: 503}}}")
    time.sleep(0.01)

    answer = sandbox.arm("GET", groups)

    assert answer.status_code == 200
    assert [one["state"] for one in sandbox.faults] == ["waiting", "over"]


def test_a_delay_comes_before_the_services_own_answer(sandbox: Sandbox, groups: str) -> None:
    sandbox.add("then: {delay: 0.4}")
    began = time.monotonic()

    answer = sandbox.arm("GET", groups)

    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.4


def test_a_reset_connection_has_done_nothing(sandbox: Sandbox) -> None:
    path = f"{sandbox.group}-never"
    sandbox.add(f"{{when: {{method: PUT, path: {path}}}, then: {{reset: request}}}}")

    with pytest.raises(httpx.TransportError):
        sandbox.arm("PUT", path, {"location": "westeurope"})

    assert sandbox.arm("GET", path).status_code == 404


def test_a_lost_answer_has_done_everything(sandbox: Sandbox) -> None:
    path = f"{sandbox.group}-done"
    sandbox.add(f"{{when: {{method: PUT, path: {path}}}, then: {{reset: answer}}}}")

    with pytest.raises(httpx.TransportError):
        sandbox.arm("PUT", path, {"location": "westeurope"})

    assert sandbox.arm("GET", path).status_code == 200


def test_the_reset_is_one_on_the_wire(sandbox: Sandbox) -> None:
    sandbox.add("then: {reset: request}")
    port = int(sandbox.running["port"])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        raw.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\n\r\n")
        assert b" 200 " in raw.recv(4096)
        with sandbox.trust.wrap_socket(raw, server_hostname="management.azure.com") as line:
            line.sendall(b"GET /metadata/endpoints HTTP/1.1\r\nHost: management.azure.com\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                read_to_end(line.fileno())  # Below TLS, for that hides how it ended.


def read_to_end(descriptor: int) -> None:
    os.set_blocking(descriptor, True)
    while os.read(descriptor, 4096):
        pass


def test_a_cut_answer_promises_more_than_arrives(sandbox: Sandbox) -> None:
    sandbox.add("then: {truncate: 10}")

    with (
        sandbox.client() as client,
        pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"),
    ):
        client.get(f"{MANAGEMENT}/metadata/endpoints", params=VERSION)


def test_the_log_tells_which_fault_answered(sandbox: Sandbox) -> None:
    path = f"{sandbox.group}-logged"
    sandbox.add(
        f"{{id: mine, when: {{path: {path}}}, calls: 1, then: {{answer: {{status: 503}}}}}}"
    )

    sandbox.arm("GET", path)
    sandbox.arm("GET", path)

    until(lambda: len(sandbox.logged(path)) == 2)
    first, second = sandbox.logged(path)
    assert (first["status"], first["fault"]) == (503, "mine")
    assert "fault" not in second


def test_a_connection_that_is_refused_says_so(sandbox: Sandbox) -> None:
    sandbox.add("{when: {host: management.azure.com}, then: {unreachable: refused}}")

    with sandbox.client() as client, pytest.raises(httpx.ProxyError, match="connection refused"):
        client.get(f"{MANAGEMENT}/metadata/endpoints")


def test_a_connection_that_times_out_takes_its_time(sandbox: Sandbox) -> None:
    sandbox.add("{when: {host: management.azure.com}, then: {unreachable: timeout, delay: 0.3}}")
    began = time.monotonic()

    with sandbox.client() as client, pytest.raises(httpx.ProxyError, match="i/o timeout"):
        client.get(f"{MANAGEMENT}/metadata/endpoints")

    assert time.monotonic() - began >= 0.3


def test_connections_that_are_open_break_with_the_outage(sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        address = f"{MANAGEMENT}/metadata/endpoints"
        assert client.get(address, params=VERSION).status_code == 200
        sandbox.add("{when: {host: management.azure.com}, then: {unreachable: refused}}")

        with pytest.raises(httpx.TransportError):
            client.get(address, params=VERSION)
