"""The operator's patience: each item waits twice as long after every failure, up to 7 minutes."""

import logging

from sandbox.cluster.controllers.controller import Controller, Surroundings
from sandbox.cluster.controllers.external_secrets.presence import has_arrived, running
from sandbox.cluster.controllers.kinds import Key, Kind, Manifest
from sandbox.cluster.controllers.objects import annotations, labels

log = logging.getLogger(__name__)

FIRST, LAST = 1.0, 420.0  # Seconds, from the operator's rate limiter.
LEAST = 0.1  # Also at instant pace: a refusal must not spin.


class OperatorWorker(Controller):
    """A controller inside the operator's pod: idle without it, forgetful when it restarts."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._failures: dict[Key, int] = {}

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        """Like its watch: status changes of an object are nobody's business."""
        if kind.resource == self.kind.resource and new is not None:
            if old is None or wish(old) != wish(new):
                self.queue.add(Key.of(new))
        elif has_arrived(kind, old, new, "controller"):
            self._failures.clear()
            for manifest in self.cache.find(self.kind):
                self.queue.add(Key.of(manifest))

    @property
    def is_running(self) -> bool:
        return running(self.cache, "controller") is not None

    def postpone(self, key: Key) -> float:
        """Count a failure; the seconds until the next try."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        seconds = min(FIRST * 2 ** min(failures, 20), LAST)
        return max(LEAST, self.latency.scaled(seconds))

    def relax(self, key: Key) -> None:
        self._failures.pop(key, None)

    def _retry(self, key: Key, error: Exception) -> None:
        log.warning("%s %s: %r", type(self).__name__, "/".join(key), error)
        self.queue.add_after(key, self.postpone(key))


def wish(manifest: Manifest) -> tuple[object, ...]:
    """What a user can change about an object."""
    metadata = manifest["metadata"]
    return metadata.get("generation"), annotations(manifest), labels(manifest)
