"""The command line, and what works without a cluster."""

import json
from pathlib import Path

import pytest
import yaml

from sandbox.tools.helm import flags, values
from tests.sandbox.helm.conftest import Shell

KNOWN = (
    flags.Flag("namespace", short="n"),
    flags.Flag("values", "list", short="f"),
    flags.Flag("wait", "optional", bare="watcher"),
    flags.Flag("timeout", "duration"),
    flags.Flag("install", "switch", short="i"),
    flags.Flag("new", "switch"),
    flags.Flag("old", "switch", instead="new"),
)


def test_flags_stand_anywhere_and_in_every_form() -> None:
    line = "-i web -n=prod --wait ./chart -fa.yaml --values b.yaml --timeout=1m30s"

    found = flags.parse(line.split(), KNOWN)

    assert found.words == ["web", "./chart"]
    assert found.texts("values") == ["a.yaml", "b.yaml"]
    assert (found.text("namespace"), found.text("wait")) == ("prod", "watcher")
    assert (found.number("timeout"), found.on("install")) == (90, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--nonsense", "unknown flag: --nonsense"),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("--namespace", "flag needs an argument: --namespace"),
        ("--timeout soon", 'invalid duration "soon"'),
    ],
)
def test_a_bad_flag_is_refused_in_helms_words(line: str, said: str) -> None:
    with pytest.raises(flags.UsageError, match=said):
        flags.parse(line.split(), KNOWN)


def test_a_deprecated_flag_works_and_warns() -> None:
    found = flags.parse(["--old"], KNOWN)

    assert found.on("new")
    assert found.warnings == ["Flag --old has been deprecated, use --new instead"]


def test_later_values_win_and_null_is_kept_for_helm_to_remove(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: {x: 1, z: 2}\nlist: [{size: 1}, {size: 2}]\n")
    (tmp_path / "b.yaml").write_text("a: {x: 3, z: null}\n")
    files = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    chosen = {"values": files, "set": ["list[1].size=5,text=yes"], "set-string": ["number=1"]}

    found = values.merged(flags.Arguments(flags=dict(chosen)))

    assert found["a"] == {"x": 3, "z": None}
    assert found["list"] == [{"size": 1}, {"size": 5}]
    assert (found["text"], found["number"]) == ("yes", "1")


def test_the_version_is_told_in_three_forms(shell: Shell) -> None:
    whole = shell.helm("version").out
    short = shell.helm("version", "--short").out
    shaped = shell.helm("version", "--template", "{{.Version}}").out

    assert whole.startswith('version.BuildInfo{Version:"v4.')
    assert short == f"{shaped}\n"


def test_an_unknown_flag_or_command_ends_with_1(shell: Shell) -> None:
    flag = shell.helm("upgrade", "web", "hello", "--frobnicate")
    command = shell.helm("frobnicate")

    assert (flag.code, flag.err) == (1, "Error: unknown flag: --frobnicate\n")
    assert (command.code, command.err) == (1, 'Error: unknown command "frobnicate" for "helm"\n')


def test_a_template_shows_the_release_and_its_hooks(shell: Shell) -> None:
    more = shell.write("more.yaml", "greeting: hi\nnested: {gone: null}\n")

    found = shell.helm("template", "web", "hello", "-f", more, "--set", "list={c}")

    objects = {one["kind"]: one for one in yaml.safe_load_all(found.out)}
    assert set(objects) == {"ConfigMap", "Deployment", "Pod"}
    used = json.loads(objects["ConfigMap"]["data"]["all"])
    assert (used["greeting"], used["list"], used["nested"]) == ("hi", ["c"], {"kept": 1})


def test_a_broken_template_says_where(shell: Shell) -> None:
    shell.write("hello/templates/broken.yaml", "a: {{ .Values.missing.key }}")

    found = shell.helm("template", "web", "hello")

    assert found.code == 1
    assert "templates/broken.yaml:1" in found.err


def test_lint_counts_and_fails(shell: Shell) -> None:
    good = shell.helm("lint", "hello")
    shell.write("hello/Chart.yaml", "{apiVersion: v2, name: hello}")

    bad = shell.helm("lint", "hello")

    assert (good.code, "1 chart(s) linted, 0 chart(s) failed" in good.out) == (0, True)
    assert (bad.code, bad.err) == (1, "Error: 1 chart(s) linted, 1 chart(s) failed\n")


def test_a_package_can_be_shown(shell: Shell) -> None:
    packed = shell.helm("package", "hello", "-d", "dist")

    shown = shell.helm("show", "chart", "dist/hello-1.2.3.tgz")

    assert "Successfully packaged chart" in packed.out
    assert yaml.safe_load(shown.out)["version"] == "1.2.3"
