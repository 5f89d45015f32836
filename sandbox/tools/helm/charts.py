"""Commands about charts: they need no cluster."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import helm_python
import yaml

from sandbox.tools.helm import printer, values
from sandbox.tools.helm.flags import Arguments, Flag, UsageError

SOURCE = (Flag("version"), Flag("repo"), Flag("plain-http", "switch"), Flag("devel", "switch"))
SEVERITY = ("UNKNOWN", "INFO", "WARNING", "ERROR")
FAILED = 3

TEMPLATE = (
    *values.FLAGS,
    *SOURCE,
    Flag("show-only", "list", short="s"),
    Flag("include-crds", "switch"),
    Flag("no-hooks", "switch"),
    Flag("is-upgrade", "switch"),
    Flag("dependency-update", "switch"),
)
LINT = (*values.FLAGS, Flag("strict", "switch"), Flag("quiet", "switch"), Flag("kube-version"))
PACKAGE = (Flag("destination", short="d"), Flag("version"), Flag("app-version"))
PULL = (*SOURCE, Flag("destination", short="d"), Flag("untar", "switch"), Flag("untardir"))
LOGIN = (
    Flag("username", short="u"),
    Flag("password", short="p"),
    Flag("password-stdin", "switch"),
    Flag("plain-http", "switch"),
    Flag("insecure", "switch"),
)


def template(arguments: Arguments) -> None:
    name, reference = _name_and_chart(arguments.words)
    tree = values.merged(arguments)
    with local(reference, arguments) as path, helm_python.Chart.load(path) as chart:
        texts = [crd["data"] for crd in chart.crds] if arguments.on("include-crds") else []
        namespace = arguments.text("namespace") or "default"
        with helm_python.Config(namespace=namespace) as config:
            plan = config.install(path, name, tree, dry_run="client")
        texts.append(plan["manifest"].strip())
        if not arguments.on("no-hooks"):
            rendered = chart.render(tree, name=name, namespace=namespace)
            texts += [f"# Source: {file}\n{text}" for file, text in hooks(rendered)]
    documents = [text.strip().removeprefix("---").strip() for text in texts]
    chosen = _only(documents, arguments.texts("show-only"))
    for text in chosen:
        printer.say(f"---\n{text}")


def hooks(rendered: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The documents that Helm runs around a release, apart from the release itself."""
    for file, text in sorted(rendered.items()):
        if not file.endswith((".yaml", ".yml", ".json")):
            continue
        for part in f"\n{text}".split("\n---"):
            document = yaml.safe_load(part)
            if not isinstance(document, dict):
                continue
            annotations = (document.get("metadata") or {}).get("annotations") or {}
            if "helm.sh/hook" in annotations:
                yield file, part.strip()


def lint(arguments: Arguments) -> None:
    failed = 0
    paths = arguments.words or ["."]
    for path in paths:
        report = helm_python.lint(
            path,
            values.merged(arguments) or None,
            strict=arguments.on("strict") or None,
            kube_version=arguments.text("kube-version"),
            namespace=arguments.text("namespace"),
        )
        printer.say(f"==> Linting {path}")
        for message in report["messages"]:
            if message["severity"] > 1 or not arguments.on("quiet"):
                label = SEVERITY[message["severity"]]
                printer.say(f"[{label}] {message['path']}: {message['error']}")
        for error in report["errors"] if not report["messages"] else []:
            printer.say(f"Error {error}")
        worst = max((message["severity"] for message in report["messages"]), default=0)
        failed += worst >= (FAILED - arguments.on("strict")) or bool(report["errors"])
        printer.say("")
    summary = f"{len(paths)} chart(s) linted, {failed} chart(s) failed"
    if failed:
        raise helm_python.HelmChartInvalidError(summary)
    printer.say(summary)


def package(arguments: Arguments) -> None:
    for path in _some(arguments.words, "package", "path"):
        saved = helm_python.package(
            path,
            destination=arguments.text("destination") or ".",
            version=arguments.text("version"),
            app_version=arguments.text("app-version"),
        )
        printer.say(f"Successfully packaged chart and saved it to: {Path(saved).resolve()}")


def pull(arguments: Arguments) -> None:
    folder = Path(arguments.text("destination") or ".")
    for reference in _some(arguments.words, "pull", "chart reference"):
        known = set(folder.glob("*.tgz"))
        with client(arguments) as signed_in:
            helm_python.pull(
                reference,
                client=signed_in,
                destination=folder,
                version=arguments.text("version"),
                repo_url=arguments.text("repo"),
                untar=arguments.on("untar"),
                untar_dir=arguments.text("untardir"),
                plain_http=arguments.on("plain-http"),
            )
        for archive in set(folder.glob("*.tgz")) - known:
            announce("Pulled", reference, archive, arguments)


def push(arguments: Arguments) -> None:
    archive, remote = _exactly(arguments.words, 2, "push", "a chart archive and a remote")
    plain = arguments.on("plain-http")
    with client(arguments) as signed_in:
        helm_python.push(archive, remote, client=signed_in, plain_http=plain)
    with helm_python.Chart.load(archive) as chart:
        announce("Pushed", f"{remote.rstrip('/')}/{chart.name}", Path(archive), arguments)


def announce(deed: str, reference: str, archive: Path, arguments: Arguments) -> None:
    """Tell, beside the result, which chart it was; only registries give digests."""
    if not reference.startswith("oci://"):
        return
    with helm_python.Chart.load(archive) as chart:
        tag = chart.version.replace("+", "_")
    name = f"{reference.removeprefix('oci://')}:{tag}"
    with client(arguments) as signed_in:
        digest = signed_in.resolve(f"oci://{name}")["digest"]
    printer.complain(f"{deed}: {name}\nDigest: {digest}")


def show(arguments: Arguments) -> None:
    part, reference = _exactly(arguments.words, 2, "show", "all, chart, values, readme or crds")
    if part not in ("all", "chart", "values", "readme", "crds"):
        raise UsageError(f'unknown command "{part}" for "helm show"')
    with local(reference, arguments) as path:
        text = helm_python.show(path, output_format=part)
    printer.say(text.rstrip("\n"))


def registry(arguments: Arguments) -> None:
    verb, host = _exactly(arguments.words, 2, "registry", "login or logout, and a host")
    with client(arguments) as signed_in:
        if verb == "logout":
            signed_in.logout(host)
            printer.complain(f"Removing login credentials for {host}")
            return
        if verb != "login":
            raise UsageError(f'unknown command "{verb}" for "helm registry"')
        password = arguments.text("password") or ""
        if arguments.on("password-stdin"):
            password = sys.stdin.read().strip()
        signed_in.login(
            host,
            arguments.text("username") or "",
            password,
            insecure=arguments.on("insecure"),
            plain_http=arguments.on("plain-http"),
        )
    printer.complain("Login Succeeded")


def client(arguments: Arguments) -> helm_python.RegistryClient:
    """Signed in as `HELM_REGISTRY_CONFIG` says, which the library by itself does not read."""
    return helm_python.RegistryClient(
        plain_http=arguments.on("plain-http"),
        credentials_file=os.environ.get("HELM_REGISTRY_CONFIG") or None,
    )


@contextmanager
def local(reference: str, arguments: Arguments) -> Iterator[str]:
    """A path for any chart reference; what was fetched for it is removed again."""
    if Path(reference).exists() or not (
        reference.startswith("oci://") or arguments.text("repo") is not None
    ):
        yield reference
        return
    with tempfile.TemporaryDirectory(prefix="helm-") as folder, client(arguments) as signed_in:
        helm_python.pull(
            reference,
            client=signed_in,
            destination=folder,
            version=arguments.text("version"),
            repo_url=arguments.text("repo"),
            plain_http=arguments.on("plain-http"),
        )
        archive = next(Path(folder).glob("*.tgz"))
        announce("Pulled", reference, archive, arguments)
        yield str(archive)


def _name_and_chart(words: list[str]) -> tuple[str, str]:
    if len(words) == 1:
        return "release-name", words[0]
    name, chart = _exactly(words, 2, "template", "a name and a chart")
    return name, chart


def _only(documents: list[str], wanted: list[str]) -> list[str]:
    """Keep what `--show-only` names; a file is named as in `# Source:`, without the chart."""
    if not wanted:
        return documents
    parts = [part.strip() for text in documents for part in f"\n{text}".split("\n---")]
    chosen = []
    for name in wanted:
        matches = [part for part in parts if f"/{name}\n" in f"{part.splitlines()[0]}\n"]
        if not matches:
            raise UsageError(f"could not find template {name} in chart")
        chosen += matches
    return chosen


def _exactly(words: list[str], count: int, command: str, what: str) -> list[str]:
    if len(words) != count:
        raise UsageError(f'"helm {command}" requires {count} arguments: {what}')
    return words


def _some(words: list[str], command: str, what: str) -> list[str]:
    if not words:
        raise UsageError(f'"helm {command}" requires at least 1 argument: a {what}')
    return words
