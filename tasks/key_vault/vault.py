"""One vault, as a step of another tool is given it: an address, and what can be done there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from tasks.key_vault import data_plane
from tasks.key_vault.data_plane import Stored


@dataclass(frozen=True)
class Vault:
    """Values pass through it and stay nowhere."""

    uri: str

    def read(self, names: Collection[str]) -> dict[str, Stored]:
        return data_plane.read(self.uri, names)

    def version(self, name: str, version: str) -> Stored | None:
        return data_plane.version(self.uri, name, version)

    def write(
        self, name: str, value: str, tags: Mapping[str, str], expires: datetime | None
    ) -> str:
        return data_plane.write(self.uri, name, value, tags, expires)

    def tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        data_plane.tag(self.uri, name, version, tags)
