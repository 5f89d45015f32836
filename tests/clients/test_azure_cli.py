"""How the tests come by azure-cli."""

from tests.clients import azure_cli


def test_the_lock_file_names_no_index() -> None:
    lines = azure_cli.LOCK.read_text().splitlines()

    assert any(line.startswith("azure-cli==2.91.0") for line in lines)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
