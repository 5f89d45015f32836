"""The log of requests, as it is read."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox import request_log
from sandbox.request_log import BLOCK, FURTHEST, Entry, Filter, Journal, Tail, last, older

NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
ONE: dict[str, Any] = {
    "time": NOW,
    "method": "GET",
    "host": "lab-kv.vault.azure.net",
    "path": "/secrets/one",
    "status": 403,
    "caller": "c0ffee00-0000-0000-0000-000000000000",
    "name": "external-secrets",
    "milliseconds": 12.5,
    "fault": "",
}


def test_the_last_entries_are_found_in_a_log_of_many_blocks(tmp_path: Path) -> None:
    file = tmp_path / "log"
    count = 3 * BLOCK // len(json.dumps(ONE))
    lines = [json.dumps(ONE | {"path": f"/{at}"}) for at in range(count)]
    file.write_text("\n".join(lines) + "\n")

    found = last(file, Filter(), count + 10)

    assert [entry.path for entry in found] == [f"/{at}" for at in range(count)]
    assert [entry.path for entry in last(file, Filter(path="/1"), 1)] != ["/1"]  # A part of many.
    assert [entry.path for entry in last(file, Filter(path="/[1]"), 1)] == ["/1"]


def test_half_a_line_and_what_is_no_entry_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text(f'nonsense\n[]\n{json.dumps(ONE | {"later": 1})}\n{{"time": "2026')

    assert last(file, Filter(), 10) == [Entry(**ONE)]
    assert last(tmp_path / "absent", Filter(), 10) == []


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(status="403"),
        Filter(status="4xx"),
        Filter(method="get"),
        Filter(host="VAULT"),
        Filter(path="*/secrets/*"),
        Filter(principal="external"),
        Filter(principal="c0ffee*"),
        Filter(slow=12),
        Filter(since=time.time() - 60),
    ],
)
def test_a_filter_takes_what_fits(wanted: Filter) -> None:
    assert wanted(Entry(**ONE))


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(status="5xx"),
        Filter(status="40"),
        Filter(method="PUT"),
        Filter(host="vault.azure.com"),
        Filter(path="secrets/*/x"),
        Filter(principal="deployer"),
        Filter(fault="?*"),
        Filter(slow=13),
        Filter(since=time.time() + 60),
        Filter(status="403", method="PUT"),
    ],
)
def test_a_filter_leaves_what_does_not(wanted: Filter) -> None:
    assert not wanted(Entry(**ONE))


def test_a_long_address_is_brief_without_its_guids() -> None:
    subscription = "/subscriptions/00000000-0000-0000-0000-00000000babe"
    entry = Entry(
        host="lab-1.7bd91987-7ab4-5a88-9cec-5fb51b2a8083.privatelink.westeurope.azmk8s.io",
        path=f"{subscription}/resourceGroups/lab/providers/Microsoft.KeyVault/vaults/one",
    )

    assert entry.brief == ("lab-1…azmk8s.io", "/…/lab/providers/Microsoft.KeyVault/vaults/one")


def test_a_tail_keeps_the_last_entries_of_a_log_that_grows_and_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "log"
    tail = Tail(file, Filter(path="/[0-9]*"), 3)

    def write(*paths: str) -> list[str]:
        with file.open("a") as log:
            log.writelines(json.dumps(ONE | {"path": path}) + "\n" for path in paths)
        return [entry.path for entry in tail.look()]

    assert tail.look() == []
    assert write("/1", "/other", "/2") == ["/1", "/2"]
    assert write() == ["/1", "/2"]
    assert write("/3", "/4") == ["/2", "/3", "/4"]
    with file.open("a") as log:
        log.write(json.dumps(ONE | {"path": "/5"}) + "\n")
    file.replace(older(file))
    assert [entry.path for entry in tail.look()] == ["/2", "/3", "/4"]
    assert write("/6") == ["/4", "/5", "/6"]
    assert [entry.path for entry in Tail(file, Filter(), 2).look()] == ["/5", "/6"]


def test_the_log_goes_on_after_a_restart_though_a_kill_cut_its_last_line(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    for path in ("/first", "/second"):
        journal = Journal(file)
        journal.write(ONE | {"path": path})
        journal.close()
        with file.open("a") as cut:
            cut.write('{"time": ')

    assert [entry.path for entry in last(file, Filter(), 9)] == ["/first", "/second"]


def test_a_log_that_is_too_long_is_read_on_in_its_older_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "requests.jsonl"
    monkeypatch.setattr(request_log, "LONGEST", 2.5 * len(json.dumps(ONE)))
    journal = Journal(file)
    for at in range(6):
        journal.write(ONE | {"path": f"/{at}"})
    journal.close()

    assert len(file.read_text().splitlines()) == 3
    assert [entry.path for entry in last(file, Filter(), 5)] == [f"/{at}" for at in range(1, 6)]
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "requests.1.jsonl",
        "requests.jsonl",
    ]


def test_a_network_or_the_internet_can_be_asked_for() -> None:
    inside, outside = Entry(**ONE | {"network": "lab-aks"}), Entry(**ONE)

    assert [Filter(network="LAB*")(one) for one in (inside, outside)] == [True, False]
    assert [Filter(network="")(one) for one in (inside, outside)] == [False, True]


@pytest.mark.parametrize(
    ("other", "routine"),
    [
        ({}, True),
        ({"method": "POST", "host": "login.microsoftonline.com"}, True),
        ({"status": 403}, False),
        ({"network": ""}, False),
        ({"method": "PUT"}, False),
        ({"fault": "mine"}, False),
        ({"host": "lab-1.privatelink.westeurope.azmk8s.io"}, False),
    ],
)
def test_routine_is_what_a_cluster_reads_without_trouble(
    other: dict[str, Any], routine: bool
) -> None:
    entry = Entry(**ONE | {"status": 200, "network": "lab-aks"} | other)

    assert entry.routine == routine


def test_a_tail_waits_for_the_rest_of_a_line(tmp_path: Path) -> None:
    file, line = tmp_path / "log", json.dumps(ONE)
    tail = Tail(file, Filter(), 3)

    file.write_text(line[:20])
    assert tail.look() == []
    file.write_text(f"{line}\n")

    assert tail.look() == [Entry(**ONE)]


def test_a_tail_does_not_go_back_further_than_some_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "log"
    filler = json.dumps(ONE | {"path": "/" * 1_000_000}) + "\n"
    old = json.dumps(ONE | {"path": "/old"}) + "\n"
    file.write_text(old + filler * (FURTHEST // len(filler) + 1) + json.dumps(ONE) + "\n")

    assert [entry.path for entry in Tail(file, Filter(path="/[os]*"), 9).look()] == [ONE["path"]]
