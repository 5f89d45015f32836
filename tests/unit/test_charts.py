import io
import tarfile
from pathlib import Path

import pytest

from tasks import charts
from tasks.errors import ConfigError


@pytest.mark.parametrize("name", ["platform", "s3proxy", "supabase"])
def test_the_same_chart_gives_the_same_bytes(name: str) -> None:
    first, second = (charts.pack(charts.CHARTS / name) for _ in range(2))

    assert first.content == second.content
    assert first.digest == second.digest


def test_an_archive_holds_the_chart_in_a_folder_of_its_name() -> None:
    package = charts.pack(charts.CHARTS / "platform")

    with tarfile.open(fileobj=io.BytesIO(package.content)) as archive:
        names = archive.getnames()

    assert "platform/Chart.yaml" in names
    assert all(name.startswith("platform/") for name in names)
    assert names == sorted(names)


def test_times_and_owners_of_the_sources_leave_no_trace(tmp_path: Path) -> None:
    chart = tmp_path / "one"
    chart.mkdir()
    (chart / "Chart.yaml").write_text("name: one\nversion: 1.2.3\n")
    before = charts.pack(chart)
    (chart / "Chart.yaml").chmod(0o600)
    (chart / "Chart.yaml").touch()

    assert charts.pack(chart).content == before.content
    assert before.file == "one-1.2.3.tgz"


def test_a_folder_without_a_chart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no chart"):
        charts.pack(tmp_path)


def test_a_published_chart_tells_its_content_by_its_version() -> None:
    plain = charts.pack(charts.CHARTS / "s3proxy")

    stamped = charts.stamped(plain)

    assert stamped.version == f"{plain.version}+{plain.digest[:12]}"
    assert stamped.meta == plain.meta | {"version": stamped.version}
    assert charts.stamped(plain) == stamped
