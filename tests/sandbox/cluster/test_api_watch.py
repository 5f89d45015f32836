"""Watches: what a client sees while objects change."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.storage import REMEMBERED, Storage
from tests.sandbox.cluster.conftest import Kube


@contextmanager
def watching(kube: Kube, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of a watch on the ConfigMaps of the namespace, as they arrive."""
    request = kube.http.stream(
        "GET", kube.path("configmaps"), params={"watch": "1", "timeoutSeconds": "5", **query}
    )
    with request as answer:
        assert answer.status_code == 200, answer.read()
        yield (json.loads(line) for line in answer.iter_lines())


def create(kube: Kube, name: str, **labels: str) -> str:
    """Make a ConfigMap; returns its resourceVersion."""
    body = {"metadata": {"name": name, "labels": labels}}
    made = kube.http.post(kube.path("configmaps"), json=body).raise_for_status().json()
    return str(made["metadata"]["resourceVersion"])


def label(kube: Kube, name: str, **labels: str | None) -> None:
    kube.http.patch(
        kube.path("configmaps", name),
        json={"metadata": {"labels": labels}},
        headers={"Content-Type": "application/merge-patch+json"},
    ).raise_for_status()


def seen(event: dict[str, Any]) -> tuple[str, str]:
    return event["type"], event["object"]["metadata"]["name"]


def test_a_watch_without_a_version_begins_with_what_is_there(kube: Kube) -> None:
    create(kube, "one")

    with watching(kube) as events:
        first = seen(next(events))
        create(kube, "two")
        second = seen(next(events))

    assert [first, second] == [("ADDED", "one"), ("ADDED", "two")]


def test_a_watch_from_a_version_catches_up_with_what_it_missed(kube: Kube) -> None:
    version = create(kube, "one")
    create(kube, "two")
    kube.http.delete(kube.path("configmaps", "one"))

    with watching(kube, resourceVersion=version) as events:
        missed = [seen(next(events)) for _ in range(2)]

    assert missed == [("ADDED", "two"), ("DELETED", "one")]


def test_leaving_the_selector_looks_like_a_deletion(kube: Kube) -> None:
    create(kube, "one", tier="front")

    with watching(kube, labelSelector="tier=front") as events:
        kinds = [next(events)["type"]]
        label(kube, "one", more="yes")
        kinds.append(next(events)["type"])
        label(kube, "one", tier=None)
        gone = next(events)
        label(kube, "one", tier="front")
        kinds += [gone["type"], next(events)["type"]]

    assert kinds == ["ADDED", "MODIFIED", "DELETED", "ADDED"]
    assert gone["object"]["metadata"]["labels"]["tier"] == "front"


def test_a_streaming_list_says_where_it_ends(kube: Kube) -> None:
    create(kube, "one")

    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    with watching(kube, **query, allowWatchBookmarks="true") as events:
        first, bookmark = next(events), next(events)

    assert seen(first) == ("ADDED", "one")
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_only_the_first_table_names_its_columns(kube: Kube) -> None:
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    create(kube, "one")
    create(kube, "two")

    with kube.http.stream(
        "GET", kube.path("configmaps"), params={"watch": "1"}, headers=accept
    ) as answer:
        lines = answer.iter_lines()
        tables = [json.loads(next(lines))["object"] for _ in range(2)]

    assert tables[0]["columnDefinitions"][0]["name"] == "Name"
    assert tables[1]["columnDefinitions"] is None
    assert tables[1]["rows"][0]["cells"][:2] == ["two", 0]


def test_the_latest_changes_are_remembered_and_older_ones_refused() -> None:
    storage = Storage()
    resource = ("", "configmaps")
    for number in range(REMEMBERED + 5):
        storage.put(resource, {"metadata": {"name": "one"}, "data": {"n": str(number)}})

    remembered = storage.since(resource, storage.version - 3)
    with pytest.raises(ApiError) as refused:
        storage.since(resource, storage.version - REMEMBERED - 4)

    assert (refused.value.code, refused.value.reason) == (410, "Expired")
    assert [change.new["data"]["n"] for change in remembered] == [
        str(number) for number in range(REMEMBERED + 2, REMEMBERED + 5)
    ]


def test_a_write_without_effect_wakes_nobody(kube: Kube) -> None:
    create(kube, "one", tier="front")
    before = kube.http.get(kube.path("configmaps", "one")).json()

    with watching(kube, resourceVersion=before["metadata"]["resourceVersion"]) as events:
        label(kube, "one", tier="front")
        create(kube, "two")
        first = seen(next(events))

    assert first == ("ADDED", "two")
    assert kube.http.get(kube.path("configmaps", "one")).json() == before
