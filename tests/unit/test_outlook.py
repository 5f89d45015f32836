from flows.plan import planned
from tasks.outlook import Outlook, Part, folded
from tasks.terraform import Change, Plan

GONE = Change("azurerm_resource_group.this", "replace", "must be replaced: location: a → b")
NEW = [Change(f"module.net.azurerm_subnet.this[{i}]", "create") for i in range(6)]


def test_nothing_to_do_is_said_in_one_sentence() -> None:
    found = Outlook("dev", (Part("provision", "foundation"), Part("release", "supabase")))

    assert found.empty
    assert str(found) == "A deploy of dev would change nothing."


def test_what_cannot_be_known_is_no_reason_to_say_that_nothing_happens() -> None:
    found = Outlook("dev", (Part("release", "supabase", unknown="there is no cluster yet"),))

    assert not found.empty
    assert "not known yet: there is no cluster yet" in found.markdown()


def test_what_destroys_comes_first_and_new_things_are_folded_by_kind() -> None:
    part = planned("provision", "foundation", Plan("foundation", (*NEW, GONE)))

    page = Outlook("dev", (part,)).markdown()

    lines = [line for line in page.splitlines() if line.startswith("- ")]
    assert lines[0].startswith("- **replace `azurerm_resource_group.this`: must be replaced")
    assert lines[1].startswith("- create 6 of `azurerm_subnet`: ")
    assert lines[1].endswith(" and 2 more")
    assert "1 of them destroy" in page


def test_outputs_that_change_are_told_although_no_resource_does() -> None:
    part = planned("provision", "foundation", Plan("foundation", (), outputs_only=True))

    assert part.changes == ("write outputs that changed; no resource does",)


def test_few_things_are_all_named() -> None:
    assert folded("import", [("image", "a"), ("image", "b")]) == ["import 2 of `image`: a, b"]
