"""Our charts, packaged byte for byte the same each time, without a helm binary; those of others."""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasks.environment import PROJECT
from tasks.errors import ConfigError
from tasks.step import step

CHARTS = PROJECT / "charts"
LEFT_OUT = {"README.md", "UPGRADE.md", ".helmignore"}  # For readers of the sources only.


@dataclass(frozen=True)
class Public:
    """A chart that the cluster pulls from a registry."""

    reference: str
    version: str


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
    def meta(self) -> dict[str, Any]:
        """What Chart.yaml says."""
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as archive:
            member = archive.extractfile(f"{self.name}/Chart.yaml")
            return dict(yaml.safe_load(member.read() if member else b"{}"))

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


def stamped(package: Package) -> Package:
    """The same chart, whose version tells its content: one version may have had several."""
    version = f"{package.version}+{package.digest[:12]}"
    stream = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(package.archive)) as source,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry in source:
            file = source.extractfile(entry)
            content = file.read() if file else b""
            if entry.name == f"{package.name}/Chart.yaml":
                content = re.sub(rb"(?m)^version:.*$", f"version: {version}".encode(), content)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return Package(package.name, version, stream.getvalue())


def images(name: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Every image that the chart can start with these values over its defaults."""
    defaults = yaml.safe_load((CHARTS / name / "values.yaml").read_text())
    return tuple(sorted(set(_images(defaults, values))))


def _images(defaults: Any, values: Any) -> Iterator[str]:
    """The values under a key `image`; what is not enabled starts nothing."""
    if not isinstance(defaults, Mapping):
        defaults = {}
    if not isinstance(values, Mapping):
        values = {}
    if values.get("enabled", defaults.get("enabled", True)) is False:
        return
    image = values.get("image", defaults.get("image"))
    if isinstance(image, str) and image:
        yield image
    for key in {*defaults, *values} - {"image"}:
        yield from _images(defaults.get(key), values.get(key))
