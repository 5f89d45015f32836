"""Websockets by the pods that they go through: none outlives its pod."""

from collections import defaultdict

from sandbox.cluster.controllers.simulated.container import Partner, Say


class Held:
    """A partner in a pod, let go of when its client leaves."""

    def __init__(self, partner: Partner, open_lines: dict["Held", Say]) -> None:
        self._partner = partner
        self._open = open_lines

    def hear(self, text: str) -> None:
        self._partner.hear(text)

    def leave(self) -> None:
        self._open.pop(self, None)
        self._partner.leave()


class Lines:
    """What is open through each pod; a websocket through the gateway belongs to two."""

    def __init__(self) -> None:
        self._open: defaultdict[str, dict[Held, Say]] = defaultdict(dict)

    def hold(self, pod: str, partner: Partner, say: Say) -> Partner:
        held = Held(partner, self._open[pod])
        self._open[pod][held] = say
        return held

    def hang_up(self, pod: str) -> None:
        """The pod has ended: its clients see their websockets closed."""
        for say in self._open.pop(pod, {}).values():
            say(None)
