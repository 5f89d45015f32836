"""Write what follows from the catalogue: what the cluster gets, what it may read, and the page."""

import sys
from collections.abc import Iterator
from pathlib import Path

from tasks import catalogue
from tasks.catalogue import CATALOGUE, OPTIONAL, Consumer, Rotation, Secret

PROJECT = Path(__file__).parents[1]
BEGIN, END = "begin of what scripts/catalogue.py writes", "end of what scripts/catalogue.py writes"
VALUES = PROJECT / "charts" / "platform" / "values.yaml"
PAGE = PROJECT / "docs" / "secrets.md"
READ = PROJECT / "terraform" / "foundation" / "secrets.yaml"


def values() -> str:
    """The Secrets as the chart's `externalSecrets`, one key a line."""
    lines = ["externalSecrets:"]
    for consumer in catalogue.consumers(CATALOGUE):
        lines += [f"  - name: {consumer.secret}", "    data:"]
        lines += [f"      - {{ {_entry(entry)} }}" for entry in consumer.values()["data"]]
    return "\n".join(lines)


def _entry(entry: dict[str, str]) -> str:
    return ", ".join(f"{key}: {value}" for key, value in entry.items())


def read() -> str:
    """Every name that somebody in the cluster may read, with all components."""
    readers = catalogue.consumers(catalogue.of(OPTIONAL))
    names = {key.remote for reader in readers for key in reader.keys}
    return "\n".join(f"- {name}" for name in sorted(names))


def page() -> str:
    """Two tables: the names in the vault with their rotation, and the Secrets in the cluster."""
    always = [_row(secret, "") for secret in CATALOGUE]
    optional = [_row(secret, name) for name, secrets in OPTIONAL.items() for secret in secrets]
    everything = catalogue.of(OPTIONAL)
    return "\n".join(
        [
            "| in the vault | form | origin | follows from | read by | rotation |",
            "|---|---|---|---|---|---|",
            *always,
            *optional,
            "",
            "| Secret in the cluster | keys |",
            "|---|---|",
            *(_consumer(consumer) for consumer in catalogue.consumers(everything)),
        ]
    )


def _row(secret: Secret, component: str) -> str:
    name = f"`{secret.name}`" + (f" (with {component})" if component else "")
    needs = ", ".join(f"`{need}`" for need in secret.needs) or "-"
    readers = ", ".join(secret.readers) or "operators, from the vault"
    cells = (name, secret.form, secret.origin, needs, readers, _rotation(secret.rotation))
    return f"| {' | '.join(cells)} |"


def _rotation(rotation: Rotation) -> str:
    if rotation.kind == "follows":
        return f"with `{rotation.unit}`: {rotation.why}"
    if rotation.days is not None:
        return f"{rotation.kind}, {rotation.days} days"
    return f"{rotation.kind}: {rotation.why}"


def _consumer(consumer: Consumer) -> str:
    return f"| `{consumer.secret}` | {', '.join(f'`{key.name}`' for key in consumer.keys)} |"


def written() -> Iterator[tuple[Path, str]]:
    """Each file as it should be."""
    for path, text in ((VALUES, values()), (PAGE, page()), (READ, read())):
        before, begin, rest = path.read_text().partition(BEGIN)
        first, newline, inner = rest.partition("\n")
        _, end, after = inner.partition(END)
        if not end:
            raise ValueError(f"{path} lacks the lines '{BEGIN}' and '{END}'.")
        last = inner[: len(inner) - len(after) - len(end)].rpartition("\n")[2]
        yield path, f"{before}{begin}{first}{newline}{text}\n{last}{end}{after}"


def main() -> int:
    """Write; with `--check`, say what is out of date instead."""
    stale = [(path, text) for path, text in written() if path.read_text() != text]
    for path, text in stale:
        sys.stdout.write(f"{path.relative_to(PROJECT)}\n")
        if "--check" not in sys.argv:
            path.write_text(text)
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
