"""Shares of requests, as Azure counts them; and locks, which the same gate keeps."""

import pytest

from sandbox import throttle
from sandbox.latency import Latency
from sandbox.throttle import Limit, Throttle, Throttled
from tests.sandbox.conftest import Azure, Clock, error_of

LEFT = "x-ms-ratelimit-remaining-subscription-reads"
LOCK = "/providers/Microsoft.Authorization/locks/keep"


def test_every_answer_tells_how_many_requests_are_left(slow_azure: Azure) -> None:
    before = slow_azure.arm("GET", slow_azure.group)
    after = slow_azure.arm("GET", slow_azure.group)

    assert int(after.headers[LEFT]) == int(before.headers[LEFT]) - 1
    changed = slow_azure.arm("PUT", slow_azure.group, {"location": "westeurope"})
    assert "x-ms-ratelimit-remaining-subscription-writes" in changed.headers


def test_who_asks_too_much_waits_and_others_do_not(slow_azure: Azure) -> None:
    reader = slow_azure.new_identity("reader")["principalId"]
    slow_azure.grant("Reader", reader, slow_azure.group)
    slow_azure.pass_time(181)
    token, other = slow_azure.bearer(), slow_azure.of(reader)
    left = int(slow_azure.arm("GET", slow_azure.group, headers=token).headers[LEFT])
    for _ in range(left):
        slow_azure.arm("GET", slow_azure.group, headers=token)

    refused = slow_azure.arm("GET", slow_azure.group, headers=token)
    somebody_else = slow_azure.arm("GET", slow_azure.group, headers=other)
    slow_azure.pass_time(int(refused.headers["Retry-After"]))
    later = slow_azure.arm("GET", slow_azure.group, headers=token)

    assert error_of(refused) == (429, "SubscriptionRequestsThrottled")
    assert refused.headers[LEFT] == "0"
    assert (somebody_else.status_code, later.status_code) == (200, 200)


def test_the_cluster_service_counts_its_own_requests(slow_azure: Azure) -> None:
    path = "Microsoft.ContainerService/managedClusters/lab-aks"
    answers = [slow_azure.arm("PUT", path, {"location": "westeurope"}) for _ in range(21)]

    assert {one.status_code for one in answers[:20]} == {400}
    assert (answers[20].status_code, answers[20].json()["code"]) == (429, "Throttled")
    assert int(answers[20].headers["Retry-After"]) == 60


def test_where_nothing_takes_time_nobody_waits(azure: Azure) -> None:
    token = azure.bearer()

    answers = {azure.arm("GET", azure.group, headers=token).status_code for _ in range(300)}

    assert answers == {200}


@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_buckets_fill_at_the_pace_of_the_sandbox(scale: float) -> None:
    clock, limit = Clock(), Limit(2, 1.0)
    counted = Throttle(Latency("typical", scale), clock)
    for _ in range(2):
        counted.take(limit, "somebody")
    with pytest.raises(Throttled):
        counted.take(limit, "somebody")

    clock.time += scale * 1.01  # Moments of a clock are not exact.

    assert counted.take(limit, "somebody") == 0


def test_a_bucket_never_holds_more_than_its_size() -> None:
    clock = Clock()
    counted = Throttle(Latency("typical"), clock)
    counted.take(throttle.VAULT, "vault")

    clock.time += 3600

    assert counted.take(throttle.VAULT, "vault") == throttle.VAULT.size - 1


# --- Locks -----------------------------------------------------------------------------------


def lock(azure: Azure, scope: str, level: str) -> None:
    made = azure.arm("PUT", scope + LOCK, {"properties": {"level": level}})
    assert made.status_code in (200, 201), made.text


def test_a_locked_group_is_not_deleted_nor_what_is_in_it(azure: Azure) -> None:
    network = f"{azure.group}/providers/Microsoft.Network/virtualNetworks/net"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    azure.arm("PUT", network, {"location": "westeurope", "properties": space})
    lock(azure, azure.group, "CanNotDelete")

    refused = azure.arm("DELETE", network)
    changed = azure.arm("PATCH", network, {"tags": {"a": "b"}})

    assert error_of(refused) == (409, "ScopeLocked")
    assert (
        "cannot perform delete operation because following scope(s) are locked: "
        in (refused.json()["error"]["message"])
    )
    assert changed.status_code == 200
    azure.arm("DELETE", azure.group + LOCK)
    assert azure.arm("DELETE", network).status_code in (200, 202, 204)


def test_a_lock_on_something_inside_keeps_the_group(azure: Azure) -> None:
    vault = azure.new_vault()
    lock(azure, vault, "CanNotDelete")

    refused = azure.arm("DELETE", azure.group)

    assert error_of(refused) == (409, "ScopeLocked")


def test_a_read_only_scope_is_not_changed(azure: Azure) -> None:
    vault = azure.new_vault()
    lock(azure, vault, "ReadOnly")

    refused = azure.arm("PATCH", vault, {"tags": {"a": "b"}})

    assert error_of(refused) == (409, "ScopeLocked")
    assert azure.arm("GET", vault).status_code == 200
