import copy

from tasks import grafana

FACTS = {
    name: f"the-{name}"
    for name in ("namespace", "subscription", "group", "database", "account", "vault", "workspace")
}


def test_what_grafana_adds_is_no_difference() -> None:
    (board, *_) = grafana.boards(FACTS)
    theirs = copy.deepcopy(board) | {"id": 1, "version": 9, "annotations": {"list": []}}
    theirs["panels"][1]["pluginVersion"] = "12.3.1"
    theirs["schemaVersion"] += 1

    assert grafana.same(board, theirs)


def test_what_is_missing_or_changed_is_one() -> None:
    (board, *_) = grafana.boards(FACTS)
    changed = copy.deepcopy(board)
    changed["panels"][1]["title"] = "Mine"

    assert not grafana.same(board, None)
    assert not grafana.same(board, changed)
    assert not grafana.same(board, board | {"panels": board["panels"][:-1]})


def test_constants_are_filled_with_the_names_of_this_environment() -> None:
    for board in grafana.boards(FACTS):
        constants = [one for one in board["templating"]["list"] if one["type"] == "constant"]

        assert {one["name"]: one["query"] for one in constants} == FACTS


def test_without_grafana_nothing_is_published() -> None:
    assert grafana.publish.fn("", FACTS) == ()
