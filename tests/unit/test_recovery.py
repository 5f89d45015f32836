"""A vault whose readers lag behind: what it holds and does not show is never made anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tasks import key_vault
from tasks.catalogue import CATALOGUE, Facts
from tasks.errors import NotReadyError
from tasks.key_vault import seeding

NAME = "realtime-enc-key"
ONE = tuple(secret for secret in CATALOGUE if secret.name == NAME)


@dataclass
class Lagging:
    """It holds or has deleted one name, and its readers do not know of it."""

    deleted: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    written: list[str] = field(default_factory=list)

    def get_secret(self, _name: str, _version: str | None = None) -> None:
        raise ResourceNotFoundError

    def update_secret_properties(self, name: str) -> None:
        if name not in self.held:
            raise ResourceNotFoundError(response=SimpleNamespace(status_code=404, reason=""))

    def list_deleted_secrets(self) -> Iterator[SimpleNamespace]:
        for name in self.deleted:
            level = SimpleNamespace(recovery_level="Recoverable")
            yield SimpleNamespace(name=name, scheduled_purge_date=None, properties=level)

    def begin_recover_deleted_secret(self, name: str) -> SimpleNamespace:
        self.deleted.remove(name)
        self.held.add(name)
        return SimpleNamespace(wait=lambda: None)

    def set_secret(self, name: str, _value: str, **_about: object) -> SimpleNamespace:
        self.written.append(name)
        return SimpleNamespace(properties=SimpleNamespace(version="1"))


def seed(vault: Lagging, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(_uri: str) -> Iterator[Lagging]:
        yield vault

    monkeypatch.setattr(seeding, "opened", opened)
    key_vault.keep.fn("https://demo-kv.vault.azure.net", ONE, Facts(""), {})


def test_a_recovered_name_is_waited_for_in_this_try_and_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vault = Lagging(deleted={NAME})

    for _ in range(2):
        with pytest.raises(NotReadyError, match=f"holds {NAME}, and does not show it yet"):
            seed(vault, monkeypatch)

    assert vault.written == []


def test_a_name_that_nobody_holds_gets_its_first_value(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Lagging()

    seed(vault, monkeypatch)

    assert vault.written == [NAME]
