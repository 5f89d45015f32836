"""What a plan tells of resources that are not as they were, or not as the code says."""

from typing import Any

from tasks.terraform.deviations import Deviation, read_deviations

ADDRESS = 'module.data.azurerm_storage_account.this["one"]'
CONFIGURED = {"tier": {"constant_value": "Hot"}, "rules": [{"days": {"references": ["var.days"]}}]}


def shown(
    drift: dict[str, Any] | None = None, change: dict[str, Any] | None = None
) -> dict[str, Any]:
    def entries(one: dict[str, Any] | None) -> list[dict[str, Any]]:
        return [{"address": ADDRESS, "mode": "managed", "change": one}] if one else []

    resources = [{"address": "azurerm_storage_account.this", "expressions": CONFIGURED}]
    return {
        "resource_drift": entries(drift),
        "resource_changes": entries(change),
        "configuration": {
            "root_module": {"module_calls": {"data": {"module": {"resources": resources}}}}
        },
    }


def update(before: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"actions": ["update"], "before": before, "after": after, **more}


def test_an_attribute_that_the_code_sets_is_a_deviation() -> None:
    found = read_deviations(shown(update({"tier": "Hot"}, {"tier": "Cool"})))

    assert found.outside == (Deviation(ADDRESS, "tier", "Hot", "Cool"),)


def test_an_attribute_of_a_block_is_told_by_its_place() -> None:
    change = update({"rules": [{"days": 1, "hash": 2}]}, {"rules": [{"days": 3, "hash": 4}]})

    found = read_deviations(shown(change))

    assert found.outside == (Deviation(ADDRESS, "rules[0].days", "1", "3"),)


def test_what_azure_fills_in_by_itself_is_no_deviation() -> None:
    assert read_deviations(shown(update({"etag": "1"}, {"etag": "2"}))).outside == ()


def test_what_an_apply_would_undo_is_one_though_the_code_is_silent() -> None:
    before, after = {"public": False}, {"public": True}

    found = read_deviations(shown(update(before, after), update(after, before)))

    assert found.outside == (Deviation(ADDRESS, "public", "false", "true"),)
    assert found.pending == (Deviation(ADDRESS, "public", "true", "false"),)


def test_a_sensitive_value_is_named_and_never_shown() -> None:
    mask = {"tier": True}

    found = read_deviations(
        shown(update({"tier": "one"}, {"tier": "two"}, before_sensitive=mask, after_sensitive=mask))
    )

    assert found.outside == (Deviation(ADDRESS, "tier", "(sensitive)", "(sensitive)"),)


def test_a_list_with_something_sensitive_inside_is_not_shown_either() -> None:
    masked = {"rules": [{"key": True}]}
    change = update({"rules": [{"key": "k"}]}, {"rules": []}, before_sensitive=masked)

    (found,) = read_deviations(shown(change)).outside

    assert "k" not in (found.old, found.new)
    assert found.old == "(sensitive)"


def test_nothing_and_an_empty_list_are_the_same_but_false_is_not() -> None:
    before = {"tier": None, "rules": None}

    assert read_deviations(shown(update(before, {"tier": "", "rules": []}))).outside == ()
    assert read_deviations(shown(update(before, {"tier": False, "rules": None}))).outside


def test_what_is_known_after_the_apply_only_is_a_consequence() -> None:
    change = update({"tier": "a"}, {"tier": None}, after_unknown={"tier": True})

    assert read_deviations(shown(change=change)).pending == ()


def test_a_replacement_is_told_with_what_forces_it() -> None:
    change = {"actions": ["delete", "create"], "replace_paths": [["name"]]}

    found = read_deviations(shown(change=change))

    assert found.pending == (Deviation(ADDRESS, "", "there", "replaced for name"),)


def test_what_was_deleted_is_one_deviation() -> None:
    found = read_deviations(shown({"actions": ["delete"], "before": {"tier": "Hot"}}))

    assert found.outside == (Deviation(ADDRESS, "", "there", "absent"),)
    assert found.outside[0].keeps_data
