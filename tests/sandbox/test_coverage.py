"""The coverage tables say what the application does, and the document says what they say."""

from pathlib import Path

import pytest

from sandbox import coverage
from sandbox.coverage.registered import Registered
from sandbox.coverage.tables import Service

WRITE = "python -m sandbox coverage --write"
KIND = "Microsoft.Lab/things"
ITEM = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Lab/things/{name}"


def test_the_tables_and_the_routes_of_the_application_are_the_same() -> None:
    complaints = coverage.complaints(coverage.load(), coverage.registered())

    assert not complaints, "\n\n".join([*complaints, f"Then: {WRITE}"])


def test_the_document_is_what_the_tables_say() -> None:
    written = coverage.DOCUMENT.read_text()

    assert written == coverage.render(coverage.load()), f"The document is stale: {WRITE}"


def service(**entry: object) -> Service:
    one = {"operation": "things", "state": "implemented", "fidelity": "verified"} | entry
    return Service.model_validate(
        {"service": "Lab", "host": "<name>.lab", "operations": [one], "file": "lab/coverage.yaml"}
    )


def arm(verb: str, path: str = ITEM) -> Registered:
    return Registered(("management.azure.com",), f"{verb} {path}")


def test_a_type_stands_for_the_routes_of_its_verbs_and_actions() -> None:
    wanted = service(type=KIND, verbs=["GET", "LIST"], actions="listKeys")
    collection = ITEM.removesuffix("/{name}")
    found = [arm("GET"), arm("GET", collection), arm("POST", ITEM + "/listKeys")]

    assert coverage.complaints([wanted], found) == []


def test_a_route_without_an_entry_is_reported_with_what_to_paste() -> None:
    (said,) = coverage.complaints([service(type=KIND, verbs="GET")], [arm("GET"), arm("PATCH")])

    assert "Extend an entry of lab/coverage.yaml" in said
    assert f"    type: {KIND}\n    verbs: [PATCH]\n    state: " in said


def test_an_entry_without_a_route_is_reported() -> None:
    (said,) = coverage.complaints([service(routes="GET /gone")], [])

    assert said.startswith("lab/coverage.yaml: things: *.lab has no route 'GET /gone'.")


def test_only_what_is_refused_or_a_part_of_another_may_have_no_route() -> None:
    assert coverage.complaints([service(state="refused")], []) == []
    assert "which operation it is a part `of`" in coverage.complaints([service()], [])[0]
    assert "this table does not have" in coverage.complaints([service(of="nothing")], [])[0]
    assert coverage.complaints([service(of="things")], []) == []


def test_two_entries_may_share_only_a_route_that_catches_all() -> None:
    one = Registered(("*.lab",), "GET /things")
    rest = Registered(("*.lab",), "GET /{rest:path}")
    both = service(routes=["GET /things", "GET /{rest:path}"])

    said = coverage.complaints([both, both], [one, rest])

    assert said == [
        "'GET /things' is covered 2 times: lab/coverage.yaml: things; lab/coverage.yaml: things."
    ]


def test_a_misspelled_key_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "coverage.yaml").write_text("service: Lab\nhost: lab\noperation: []\n")

    with pytest.raises(coverage.CoverageError, match=r"coverage\.yaml is not a coverage table"):
        coverage.load(tmp_path)
