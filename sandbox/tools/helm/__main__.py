"""`python -m sandbox.tools.helm`: find the command, run it, and end the way Helm ends."""

import os
import re
import sys
from collections.abc import Callable, Sequence

import helm_python

from sandbox.tools.helm import charts, printer, queries, releases
from sandbox.tools.helm.flags import Arguments, Flag, UsageError, parse
from sandbox.tools.helm.values import ValuesFileError

EVERYWHERE = (
    Flag("namespace", short="n"),
    Flag("kubeconfig"),
    Flag("kube-context"),
    Flag("debug", "switch"),
    Flag("help", "switch", short="h"),
)
VERSION = (Flag("short", "switch"), Flag("template"), Flag("client", "switch", short="c"))

Command = Callable[[Arguments], None]


def version(arguments: Arguments) -> None:
    facts = {
        "Version": helm_python.helm_sdk_version(),
        "GitCommit": "",
        "GitTreeState": "clean",
        "GoVersion": "",
        "KubeClientVersion": "",
    }
    shape = arguments.text("template")
    if shape is not None:
        # A Go template without a line end prints none: `$(helm version --template ...)`.
        sys.stdout.write(
            re.sub(r"{{\s*\.(\w+)\s*}}", lambda found: facts.get(found[1], "<no value>"), shape)
        )
    elif arguments.on("short"):
        printer.say(facts["Version"])
    else:
        fields = ", ".join(f'{name}:"{value}"' for name, value in facts.items())
        printer.say(f"version.BuildInfo{{{fields}}}")


COMMANDS: dict[str, tuple[Command, Sequence[Flag]]] = {
    "get": (queries.get, queries.GET),
    "history": (queries.history, queries.HISTORY),
    "install": (releases.install, releases.INSTALL),
    "lint": (charts.lint, charts.LINT),
    "list": (queries.list_releases, queries.LIST),
    "package": (charts.package, charts.PACKAGE),
    "pull": (charts.pull, charts.PULL),
    "push": (charts.push, charts.SOURCE),
    "registry": (charts.registry, charts.LOGIN),
    "rollback": (releases.rollback, releases.ROLLBACK),
    "show": (charts.show, charts.SOURCE),
    "status": (queries.status, queries.STATUS),
    "template": (charts.template, charts.TEMPLATE),
    "test": (releases.test, releases.TEST),
    "uninstall": (releases.uninstall, releases.UNINSTALL),
    "upgrade": (releases.upgrade, releases.UPGRADE),
    "version": (version, VERSION),
}
ALIASES = {"ls": "list", "hist": "history", "delete": "uninstall", "un": "uninstall"}


def main(argv: Sequence[str]) -> int:
    name, rest = _command(argv)
    if name in ("", "help"):
        printer.say("Helm as a library, for the sandbox. Commands: " + ", ".join(COMMANDS))
        return 0
    if name not in COMMANDS:
        printer.complain(f'Error: unknown command "{name}" for "helm"')
        return 1
    action, flags = COMMANDS[name]
    try:
        arguments = parse(rest, (*flags, *EVERYWHERE))
        for warning in arguments.warnings:
            printer.complain(warning)
        if arguments.on("help"):
            printer.say(_usage(name, (*flags, *EVERYWHERE)))
            return 0
        if arguments.text("namespace") is None and os.environ.get("HELM_NAMESPACE"):
            arguments.flags["namespace"] = os.environ["HELM_NAMESPACE"]
        action(arguments)
    except (UsageError, ValuesFileError, releases.PrefixedError, helm_python.HelmError) as error:
        printer.complain(f"Error: {error}")
        return 1
    return 0


def _command(argv: Sequence[str]) -> tuple[str, list[str]]:
    """The first word is the command; flags such as `-n prod` may stand before it."""
    rest = list(argv)
    position = 0
    valued = {text for flag in EVERYWHERE for text in (f"--{flag.name}", f"-{flag.short}")}
    valued -= {"--debug", "--help", "-h", "-"}
    while position < len(rest) and rest[position].startswith("-"):
        if rest[position] in ("-h", "--help"):
            return "help", []
        position += 2 if rest[position] in valued else 1
    if position >= len(rest):
        return "", []
    name = rest.pop(position)
    return ALIASES.get(name, name), rest


def _usage(name: str, flags: Sequence[Flag]) -> str:
    shown = [f"-{flag.short}, --{flag.name}" if flag.short else f"--{flag.name}" for flag in flags]
    return f"Usage: helm {name} [flags]\n\nFlags:\n" + "\n".join(f"  {text}" for text in shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
