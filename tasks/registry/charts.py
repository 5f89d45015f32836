"""Publish our charts as Helm would have pushed them."""

import json
import tempfile
from pathlib import Path

from tasks import wait
from tasks.charts import Package, Public, stamped
from tasks.registry.session import Session, translated
from tasks.step import step

FOLDER = "charts"
CONFIG = "application/vnd.cncf.helm.config.v1+json"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"


@step("publish-charts")
def publish(server: str, *packages: Package) -> dict[str, Public]:
    """Return where the cluster finds each chart; what is published already stays as it is."""
    session = Session(server)
    found: dict[str, Public] = {}
    for package in map(stamped, packages):
        repository, version = f"{FOLDER}/{package.name}", package.version
        tag = version.replace("+", "_")  # As Helm does it: a tag has no plus sign.
        if not session.holds(repository, tag):
            push(session, package, f"{server}/{repository}:{tag}")
            wait.logger().info("Chart %s %s is published.", package.name, version)
            wait.changed(f"**Registry**: chart {package.name} {version}")
        found[package.name] = place(server, package)
    return found


def place(server: str, package: Package) -> Public:
    """Where the cluster finds a stamped chart once it is published."""
    return Public(f"oci://{server}/{FOLDER}/{package.name}", package.version)


def push(session: Session, package: Package, target: str) -> None:
    """The archive and what it says of itself, then the manifest that names both."""
    with tempfile.TemporaryDirectory(prefix="chart-") as name, translated(session.server):
        archive, config = Path(name) / package.file, Path(name) / "config.json"
        archive.write_bytes(package.content)
        config.write_text(json.dumps(package.meta))
        session.client().push(
            target,
            files=[f"{archive}:{LAYER}"],
            manifest_config=f"{config}:{CONFIG}",
            disable_path_validation=True,  # The folder is ours.
            quiet=True,
        ).raise_for_status()
