"""The options of the last start, which the next one goes on with."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from sandbox.files import write_private
from sandbox.latency import Profile
from sandbox.state import MARKER, SandboxError, State

FILE = "options.json"


@dataclass(frozen=True)
class Options:
    """How a sandbox starts; `clear` and `reset` leave it as it is."""

    port: int = 7878
    profile: Profile = "typical"
    scale: float = 0.05
    seed: int = 1
    duration: tuple[str, ...] = ()

    @classmethod
    def kept(cls, state: State) -> Self:
        """Those of the last start from here, or the defaults."""
        file = state.folder / FILE
        if not (state.folder / MARKER).is_file() or not file.is_file():
            return cls()
        try:
            known = cls(**json.loads(file.read_text()))
            return replace(known, duration=tuple(known.duration))
        except (OSError, ValueError, TypeError) as error:
            raise damaged(file) from error

    def given(self, **words: Any) -> Self:
        """These, with what was said this time."""
        return replace(self, **{name: said for name, said in words.items() if said is not None})

    def keep(self, state: State) -> None:
        write_private(state.folder / FILE, json.dumps(asdict(self), indent=2).encode())

    def words(self) -> list[str]:
        """All of them, as they are typed."""
        return [word for one in fields(self) for word in self._typed(one.name)]

    def remembered(self, **words: Any) -> str:
        """What comes from last time: not said this time, and not the default."""
        names = [
            one.name
            for one in fields(self)
            if words.get(one.name) is None and getattr(self, one.name) != one.default
        ]
        return shlex.join(word for name in names for word in self._typed(name))

    def _typed(self, name: str) -> Iterator[str]:
        value = getattr(self, name)
        for one in value if isinstance(value, tuple) else (value,):
            yield f"--{name}"
            yield str(one)


def damaged(file: Path) -> SandboxError:
    return SandboxError(f"{file} is damaged.", "Remove it; the sandbox starts with its defaults.")
