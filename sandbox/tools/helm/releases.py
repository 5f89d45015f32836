"""Commands that change releases in a cluster."""

import signal
import threading
from collections.abc import Callable
from typing import Any

import helm_python

from sandbox.tools.helm import charts, printer, queries, values
from sandbox.tools.helm.flags import Arguments, Flag, UsageError

WAIT = Flag("wait", "optional", bare="watcher")
TIMEOUT = Flag("timeout", "duration")
DEFAULT_TIMEOUT = 300
WAITS = {"watcher": "watcher", "legacy": "legacy", "hookOnly": "hookOnly", "true": "watcher"}

INSTALL = (
    *values.FLAGS,
    *charts.SOURCE,
    WAIT,
    TIMEOUT,
    Flag("create-namespace", "switch"),
    Flag("rollback-on-failure", "switch"),
    Flag("atomic", "switch", instead="rollback-on-failure"),
    Flag("description"),
    Flag("labels", short="l"),
    Flag("dry-run", "optional", bare="client"),
    Flag("output", short="o"),
)
UPGRADE = (
    *INSTALL,
    Flag("install", "switch", short="i"),
    Flag("history-max", "number"),
    Flag("reset-values", "switch"),
    Flag("reuse-values", "switch"),
    Flag("cleanup-on-fail", "switch"),
)
ROLLBACK = (WAIT, TIMEOUT, Flag("dry-run", "optional", bare="client"))
UNINSTALL = (
    WAIT,
    TIMEOUT,
    Flag("ignore-not-found", "switch"),
    Flag("keep-history", "switch"),
    Flag("dry-run", "switch"),
    Flag("description"),
)
TEST = (TIMEOUT, Flag("logs", "switch"), Flag("hide-notes", "switch"), Flag("filter", "list"))


class PrefixedError(Exception):
    """A failure that Helm's command line introduces with a word of its own."""


def install(arguments: Arguments) -> None:
    name, chart = _name_and_chart(arguments.words, "install")
    with queries.connect(arguments) as config:
        try:
            done = _install(config, arguments, name, chart)
        except helm_python.HelmError as error:
            raise PrefixedError(f"INSTALLATION FAILED: {error}") from error
        _report(config, arguments, done)


def upgrade(arguments: Arguments) -> None:
    name, chart = _name_and_chart(arguments.words, "upgrade")
    form = printer.checked_format(arguments.text("output"))
    with queries.connect(arguments) as config:
        if arguments.on("install") and not _exists(config, name):
            if form == "table":
                printer.say(f'Release "{name}" does not exist. Installing it now.')
            done = _install(config, arguments, name, chart)
            _report(config, arguments, done)
            return
        try:
            done = _upgrade(config, arguments, name, chart)
        except helm_python.HelmError as error:
            raise PrefixedError(f"UPGRADE FAILED: {error}") from error
        if form == "table":
            printer.say(f'Release "{name}" has been upgraded. Happy Helming!')
        _report(config, arguments, done)


def rollback(arguments: Arguments) -> None:
    name, *revision = arguments.words or [""]
    if not name or len(revision) > 1 or not all(word.isdigit() for word in revision):
        raise UsageError('"helm rollback" requires a release and at most one revision number')
    with queries.connect(arguments) as config:
        config.rollback(
            name,
            version=int(revision[0]) if revision else None,
            timeout=_timeout(arguments),
            wait=_wait(arguments),
            dry_run=arguments.text("dry-run"),
        )
    printer.say("Rollback was a success! Happy Helming!")


def uninstall(arguments: Arguments) -> None:
    if not arguments.words:
        raise UsageError('"helm uninstall" requires at least 1 argument: a release')
    with queries.connect(arguments) as config:
        for name in arguments.words:
            if arguments.on("ignore-not-found") and not _exists(config, name):
                printer.say(f'release "{name}" uninstalled')
                continue
            answer = config.uninstall(
                name,
                keep_history=arguments.on("keep-history"),
                timeout=_timeout(arguments),
                wait=_wait(arguments),
                dry_run=arguments.on("dry-run"),
                description=arguments.text("description"),
            )
            if answer.get("info"):
                printer.say(answer["info"])
            printer.say(f'release "{name}" uninstalled')


def test(arguments: Arguments) -> None:
    name = queries.one_release(arguments, "test")
    chosen = [text.partition("=") for text in arguments.texts("filter")]
    with queries.connect(arguments) as config:
        answer: dict[str, Any] = {}
        try:
            answer = config.test(
                name,
                timeout=_timeout(arguments),
                logs=arguments.on("logs"),
                include_names=[value for key, _, value in chosen if key == "name"] or None,
                exclude_names=[value for key, _, value in chosen if key == "!name"] or None,
            )
        finally:
            if _exists(config, name):
                printer.release(config.get_all(name), with_notes=not arguments.on("hide-notes"))
        if answer.get("logs"):
            printer.say("\n" + answer["logs"])


def _install(
    config: helm_python.Config, arguments: Arguments, name: str, chart: str
) -> dict[str, Any]:
    tree = values.merged(arguments)
    with charts.local(chart, arguments) as path:
        return cancellable(
            lambda context: config.install(
                path,
                name,
                tree,
                context=context,
                create_namespace=arguments.on("create-namespace"),
                **_common(arguments),
            )
        )


def _upgrade(
    config: helm_python.Config, arguments: Arguments, name: str, chart: str
) -> dict[str, Any]:
    tree = values.merged(arguments)
    kept = arguments.number("history-max")
    with charts.local(chart, arguments) as path:
        return cancellable(
            lambda context: config.upgrade(
                path,
                name,
                tree,
                context=context,
                max_history=10 if kept is None else kept,
                reset_values=arguments.on("reset-values"),
                reuse_values=arguments.on("reuse-values"),
                cleanup_on_fail=arguments.on("cleanup-on-fail"),
                **_common(arguments),
            )
        )


def _common(arguments: Arguments) -> dict[str, Any]:
    rollback_on_failure = arguments.on("rollback-on-failure")
    labels = dict(
        pair.split("=", 1) for pair in (arguments.text("labels") or "").split(",") if pair
    )
    return {
        "timeout": _timeout(arguments),
        "wait": _wait(arguments) or ("watcher" if rollback_on_failure else None),
        "dry_run": arguments.text("dry-run"),
        "rollback_on_failure": rollback_on_failure,
        "description": arguments.text("description"),
        "labels": labels or None,
    }


def cancellable(action: Callable[[helm_python.HelmContext], dict[str, Any]]) -> dict[str, Any]:
    """Run an action so that SIGTERM and SIGINT end it in good order: the release becomes failed."""
    context = helm_python.HelmContext()
    outcome: list[dict[str, Any] | BaseException] = []

    def work() -> None:
        try:
            outcome.append(action(context))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the main thread.
            outcome.append(error)

    def cancel(_signal: int, _frame: object) -> None:
        context.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, cancel)
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()  # A signal handler runs while the main thread waits here.
    result = outcome[0]
    if isinstance(result, BaseException):
        raise result
    return result


def _report(config: helm_python.Config, arguments: Arguments, done: dict[str, Any]) -> None:
    form = printer.checked_format(arguments.text("output"))
    if arguments.text("dry-run") not in (None, "none"):
        found = {"summary": done, "info": {"description": "Dry run complete"}}
        printer.release({**found, "hooks": []})
        printer.say(f"HOOKS:\nMANIFEST:\n{done['manifest'].strip()}")
        return
    found = config.get_all(done["name"], revision=done["revision"])
    if form == "table":
        printer.release(found)
    else:
        printer.document(queries.as_json(found), form)


def _exists(config: helm_python.Config, name: str) -> bool:
    try:
        revisions = config.history(name)
    except helm_python.HelmNotFoundError:
        return False
    return bool(revisions) and revisions[-1]["status"] != "uninstalled"


def _name_and_chart(words: list[str], command: str) -> tuple[str, str]:
    try:
        name, chart = words
    except ValueError as error:
        raise UsageError(f'"helm {command}" requires 2 arguments: a name and a chart') from error
    return name, chart


def _timeout(arguments: Arguments) -> int:
    chosen = arguments.number("timeout")
    return DEFAULT_TIMEOUT if chosen is None else chosen


def _wait(arguments: Arguments) -> str | None:
    chosen = arguments.text("wait")
    if chosen in (None, "false"):
        return None
    if chosen not in WAITS:
        raise UsageError(
            f'invalid argument "{chosen}" for "--wait" flag: '
            "invalid wait input. Valid inputs are true, false, hookOnly, legacy and watcher"
        )
    return WAITS[str(chosen)]
