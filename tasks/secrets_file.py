"""What a person brings along: values in a file that only they can read, and in variables."""

import difflib
import json
import os
import re
import shlex
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tasks.errors import ConfigError

NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")  # What Key Vault takes.
VARIABLE = "SECRET_"
LARGEST = 1_000_000  # Bytes: forty secrets are a hundredth of it.
PRIVATE = stat.S_IRWXG | stat.S_IRWXO
FORMS = "YAML (.yaml, .yml), JSON (.json) or NAME=value lines (.env)"


@dataclass(frozen=True)
class Brought:
    """Where values are looked for; it holds none, so that it may be a parameter of a step."""

    path: str = ""

    def read(self, names: Iterable[str]) -> dict[str, str]:
        """The values of these names; a name in the file that is none of them is refused."""
        known = tuple(names)
        given = {name: os.environ.get(variable(name), "") for name in known}
        given = {name: value for name, value in given.items() if value}
        if not self.path:
            return given
        found = read(Path(self.path).expanduser())
        complaints = [complaint for name in found if (complaint := unknown(name, known))]
        complaints += [
            f"{name}: the file and {variable(name)} say different things; remove one of them."
            for name in sorted(found.keys() & given.keys())
            if found[name] != given[name]
        ]
        if complaints:
            raise refused(self, complaints)
        return given | found

    def __str__(self) -> str:
        return f"the secrets file {self.path}" if self.path else f"{VARIABLE}… of the environment"


def variable(name: str) -> str:
    """The environment variable that may bring a secret."""
    return VARIABLE + name.upper().replace("-", "_")


def unknown(name: str, known: Iterable[str]) -> str:
    """Why a name of the file is no secret of this environment; nothing, if it is one."""
    if name in known:
        return ""
    close = difflib.get_close_matches(name.lower().replace("_", "-"), known, n=1)
    meant = f" Did you mean {close[0]!r}?" if close else ""
    if not NAME.fullmatch(name):
        return f"{name}: Key Vault takes letters, digits and dashes, up to 127 of them.{meant}"
    own = meant or " A secret of your own belongs to `provided_secrets` of the environment first."
    return f"{name}: no secret of this environment.{own}"


def read(path: Path) -> dict[str, str]:
    """The file's names and values; complaints tell names and lines, never values."""
    text = _private_text(path)
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return _flat(path, _parsed_yaml(path, text))
        case ".json":
            return _flat(path, _parsed_json(path, text))
        case ".env":
            return _parsed_lines(path, text)
        case _ if path.name == ".env":
            return _parsed_lines(path, text)
        case other:
            raise ConfigError(
                f"{path} ends with {other or 'nothing'}, so its form is unknown.",
                f"Use {FORMS}.",
            )


def refused(place: object, complaints: Iterable[str]) -> ConfigError:
    told = "\n".join(f"  {complaint}" for complaint in complaints)
    return ConfigError(
        f"What you bring ({place}) cannot be used; nothing was written:\n{told}",
        "Correct it; docs/secrets.md, 'Bring your own', tells forms and rules.",
    )


def _private_text(path: Path) -> str:
    """What is in the file, once nobody else can read it."""
    if path.exists() and not path.is_file():
        raise ConfigError(f"{path} is no file.", "Name a file of secrets.")
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & PRIVATE:
                raise ConfigError(
                    f"{path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}).",
                    f"`chmod 600 {path}`; replace what others may have read.",
                )
            if found.st_size > LARGEST:
                raise ConfigError(f"{path} has {found.st_size} bytes.", "Name a file of secrets.")
            return file.read().decode()
    except OSError as error:
        raise ConfigError(
            f"The secrets file {path} cannot be read: {error.strerror}.",
            "It is read on the machine that runs the flow.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8.", f"Use {FORMS}.") from error


class _Strict(yaml.SafeLoader):
    """Refuses a name that is there twice: only one of two values could be meant."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [
        (loader.construct_object(key), loader.construct_object(value, deep=True))
        for key, value in node.value
    ]
    return _once(pairs)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    names = [name for name, _ in pairs]
    if twice := sorted({str(name) for name in names if names.count(name) > 1}):
        raise ConfigError(f"{', '.join(twice)}: there twice.", "Keep one of them.")
    return dict(pairs)


def _parsed_yaml(path: Path, text: str) -> Any:
    try:
        return yaml.load(text, _Strict)  # noqa: S506 # A SafeLoader that is stricter.
    except yaml.MarkedYAMLError as error:  # Its own text quotes the line.
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise refused(path, [f"line {line} is not YAML"]) from None
    except yaml.YAMLError:
        raise refused(path, ["this is not YAML"]) from None


def _parsed_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise refused(path, [f"line {error.lineno} is not JSON: {error.msg}"]) from None


def _parsed_lines(path: Path, text: str) -> dict[str, str]:
    """`NAME=value`, quoted as in a shell; JWT_SECRET and SECRET_JWT_SECRET mean jwt-secret."""
    pairs, complaints = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line)
        except ValueError:
            words = []
        if words[:1] == ["export"]:
            words = words[1:]
        name, equals, value = words[0].partition("=") if len(words) == 1 else ("", "", "")
        if not equals or not name:
            complaints.append(f"line {number} is not NAME=value; quote a value with spaces or #")
        else:
            pairs.append((_name(name), value))
    if complaints:
        raise refused(path, complaints)
    return _once(pairs)


def _name(word: str) -> str:
    if not word.isupper():
        return word
    return word.removeprefix(VARIABLE).lower().replace("_", "-")


def _flat(path: Path, found: Any) -> dict[str, str]:
    """Texts as they are, and objects as JSON, for secrets that consist of several parts."""
    if not isinstance(found, Mapping):
        raise refused(path, ["there are no names with values in it"])
    texts, complaints = {}, []
    for name, value in found.items():
        match value:
            case str():
                texts[str(name)] = value
            case dict() if value and all(isinstance(part, str) for part in value.values()):
                texts[str(name)] = json.dumps(value, separators=(",", ":"))
            case _:
                complaints.append(f"{name}: its value is no text; quote it")
    if complaints:
        raise refused(path, complaints)
    return texts
