"""Package our charts, byte for byte the same each time, without a helm binary."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tasks.environment import PROJECT
from tasks.errors import ConfigError
from tasks.step import step

CHARTS = PROJECT / "charts"
LEFT_OUT = {"README.md", ".helmignore"}  # For readers of the sources only.


@dataclass(frozen=True)
class Package:
    """A chart as the archive that helm installs."""

    name: str
    version: str
    archive: bytes = field(repr=False)

    @property
    def content(self) -> bytes:
        return gzip.compress(self.archive, compresslevel=9, mtime=0)

    @property
    def digest(self) -> str:
        """Of the archive before compression, since two builds of zlib pack it differently."""
        return hashlib.sha256(self.archive).hexdigest()

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.tgz"


@step("package-charts")
def package(*names: str) -> dict[str, Package]:
    """Package these charts of `charts/`."""
    return {name: pack(CHARTS / name) for name in names}


def pack(chart: Path) -> Package:
    """A reproducible archive: sorted names, no times, no owners."""
    about = chart / "Chart.yaml"
    if not about.is_file():
        raise ConfigError(f"There is no chart in {chart}.", "See charts/ for the known ones.")
    meta = yaml.safe_load(about.read_text())
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(path for path in chart.rglob("*") if path.is_file()):
            if path.name in LEFT_OUT or path.name.startswith("."):
                continue
            content = path.read_bytes()
            entry = tarfile.TarInfo(f"{meta['name']}/{path.relative_to(chart).as_posix()}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return Package(meta["name"], str(meta["version"]), stream.getvalue())
