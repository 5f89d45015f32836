"""Commands that only read releases."""

from typing import Any

import helm_python
import yaml

from sandbox.tools.helm import printer
from sandbox.tools.helm.flags import Arguments, Flag, UsageError

OUTPUT = Flag("output", short="o")
REVISION = Flag("revision", "number")

LIST = (
    OUTPUT,
    Flag("all", "switch", short="a"),
    Flag("all-namespaces", "switch", short="A"),
    Flag("filter", short="f"),
    Flag("max", "number", short="m"),
    Flag("short", "switch", short="q"),
    Flag("deployed", "switch"),
    Flag("failed", "switch"),
    Flag("pending", "switch"),
    Flag("uninstalled", "switch"),
    Flag("superseded", "switch"),
)
STATUS = (OUTPUT, REVISION)
HISTORY = (OUTPUT, Flag("max", "number"))
GET = (OUTPUT, REVISION, Flag("all", "switch", short="a"))


def connect(arguments: Arguments) -> helm_python.Config:
    """The cluster of KUBECONFIG, or of the flags."""
    return helm_python.Config(
        kubeconfig_path=arguments.text("kubeconfig"),
        kube_context=arguments.text("kube-context"),
        namespace=arguments.text("namespace"),
    )


def list_releases(arguments: Arguments) -> None:
    form = printer.checked_format(arguments.text("output"))
    states = [name for name in ("deployed", "failed", "uninstalled") if arguments.on(name)]
    states += ["superseded"] if arguments.on("superseded") else []
    with connect(arguments) as config:
        found = config.list(
            all_states=True,
            all_namespaces=arguments.on("all-namespaces"),
            limit=arguments.number("max"),
            name_filter=arguments.text("filter"),
        )
    if states or arguments.on("pending"):
        found = [
            one
            for one in found
            if one["status"] in states
            or (arguments.on("pending") and one["status"].startswith("pending-"))
        ]
    rows = [
        {
            "name": one["name"],
            "namespace": one["namespace"],
            "revision": str(one["revision"]),
            "updated": printer.list_time(one["deployed_at"]),
            "status": one["status"],
            "chart": f"{one['chart_name']}-{one['chart_version']}",
            "app_version": one.get("app_version", ""),
        }
        for one in sorted(found, key=lambda one: one["name"])
    ]
    if arguments.on("short") and form == "table":
        printer.say("\n".join(row["name"] for row in rows)) if rows else None
    elif form == "table":
        heads = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"]
        printer.table(heads, [list(row.values()) for row in rows])
    else:
        printer.document([row["name"] for row in rows] if arguments.on("short") else rows, form)


def status(arguments: Arguments) -> None:
    form = printer.checked_format(arguments.text("output"))
    name = one_release(arguments, "status")
    with connect(arguments) as config:
        found = config.get_all(name, revision=arguments.number("revision"))
    if form == "table":
        printer.release(found)
    else:
        printer.document(as_json(found), form)


def history(arguments: Arguments) -> None:
    form = printer.checked_format(arguments.text("output"))
    name = one_release(arguments, "history")
    with connect(arguments) as config:
        revisions = config.history(name)[-(arguments.number("max") or 256) :]
        details = [config.get_all(name, revision=one["revision"]) for one in revisions]
    rows = [
        {
            "revision": one["summary"]["revision"],
            "updated": one["info"].get("last_deployed", ""),
            "status": one["summary"]["status"],
            "chart": f"{one['summary']['chart_name']}-{one['summary']['chart_version']}",
            "app_version": one["summary"].get("app_version", ""),
            "description": one["info"].get("description", ""),
        }
        for one in details
    ]
    if form == "table":
        heads = ["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"]
        shown = [{**row, "updated": printer.status_time(row["updated"])} for row in rows]
        printer.table(heads, [[str(cell) for cell in row.values()] for row in shown])
    else:
        printer.document(rows, form)


def get(arguments: Arguments) -> None:
    """`get values|manifest|hooks|notes|metadata NAME`."""
    part, *rest = arguments.words or [""]
    name = one_release(Arguments(words=rest), f"get {part}")
    revision = arguments.number("revision")
    with connect(arguments) as config:
        if part == "values":
            _values(config, name, arguments)
        elif part == "metadata":
            found = config.get_metadata(name, revision=revision)
            printer.document(found, _form(arguments))
        elif part in ("manifest", "hooks", "notes"):
            found = config.get_all(name, revision=revision)
            if part == "manifest":
                printer.say(found["summary"]["manifest"])
            elif part == "notes":
                printer.say(f"NOTES:\n{found['info'].get('notes', '')}")
            else:
                for hook in found.get("hooks") or []:
                    printer.say(f"---\n# Source: {hook['path']}\n{hook['manifest']}")
        else:
            raise UsageError(f'unknown command "{part}" for "helm get"')


def _values(config: helm_python.Config, name: str, arguments: Arguments) -> None:
    every = arguments.on("all")
    found = config.get_values(name, all_values=every, revision=arguments.number("revision"))
    form = printer.checked_format(arguments.text("output"))
    if form == "table":
        printer.say("COMPUTED VALUES:" if every else "USER-SUPPLIED VALUES:")
        printer.say(yaml.safe_dump(found or None, default_flow_style=False).removesuffix("...\n"))
    else:
        printer.document(found or (None if not every else {}), form)


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    """One release as `helm status -o json` shows it; the chart itself is left out, as there."""
    summary = found["summary"]
    return {
        "name": summary["name"],
        "info": found["info"],
        "config": found.get("config") or {},
        "manifest": summary.get("manifest", ""),
        "hooks": found.get("hooks") or [],
        "version": summary["revision"],
        "namespace": summary["namespace"],
    }


def one_release(arguments: Arguments, command: str) -> str:
    if len(arguments.words) != 1:
        raise UsageError(f'"helm {command}" requires 1 argument: a release')
    return arguments.words[0]


def _form(arguments: Arguments) -> str:
    chosen = printer.checked_format(arguments.text("output"))
    return "yaml" if chosen == "table" else chosen
