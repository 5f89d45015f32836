"""Many questions side by side: what each found, or that it could not be asked."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tasks import wait
from tasks.drift.finding import Finding, blind
from tasks.errors import DeployError

ROLE = "azurerm_role_assignment."  # In the address of what `access` tells better.


class Future(Protocol):
    """A step at work."""

    def result(self) -> Any: ...


@dataclass
class Answers:
    """Collects findings by source; a source that fails becomes a finding, not a failure."""

    findings: list[Finding] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)

    @property
    def blind(self) -> frozenset[str]:
        """The sources about which nothing is known this time."""
        failed = {one.source for one in self.findings if one.kind == "could-not-look"}
        return frozenset(failed | self.skipped)

    def skip(self, *sources: str) -> None:
        """What stands on a source that failed cannot be asked either, and that is told once."""
        self.skipped.update(sources)

    def ask(self, source: str, question: Callable[[], Any]) -> Any:
        """The answer of a question that others build on; None when there is none."""
        try:
            return question()
        except DeployError as error:
            self.failed(source, error.message.splitlines()[0], error.hint)
        except Exception as error:  # noqa: BLE001 # The other sources go on, and this one is told of.
            wait.logger().exception("%s could not be read.", source)
            self.failed(
                source, f"An unexpected {type(error).__name__}.", "Read the log of the run."
            )
        return None

    def take(self, source: str, question: Callable[[], Iterable[Finding]]) -> None:
        """What a question has found, marked with its source."""
        found = self.ask(source, lambda: list(question()))
        self.findings += [one if one.source else replace(one, source=source) for one in found or ()]

    def failed(self, source: str, what: str, remedy: str) -> None:
        self.findings.append(blind(source, what, remedy))

    def told(self) -> Iterator[Finding]:
        """Each thing once: an assignment that is gone is missing, and deleted beside Terraform."""
        known = "access" not in self.blind
        for one in self.findings:
            if not (known and one.kind == "deleted-outside" and ROLE in one.where):
                yield one
