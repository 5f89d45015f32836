"""What `terraform graph` prints, as a question: who waits for whom."""

import re

NODE = re.compile(r'^\s*"(?:\[root\] )?([^"]+)" \[label', re.MULTILINE)
EDGE = re.compile(r'^\s*"(?:\[root\] )?([^"]+)" -> "(?:\[root\] )?([^"]+)"', re.MULTILINE)


class Graph:
    """Which resource waits for which, directly or not."""

    def __init__(self, text: str) -> None:
        self.edges: dict[str, set[str]] = {node: set() for node in NODE.findall(text)}
        for later, earlier in EDGE.findall(text):
            self.edges.setdefault(later, set()).add(earlier)
            self.edges.setdefault(earlier, set())

    def waits_for(self, address: str) -> set[str]:
        assert address in self.edges, sorted(self.edges)
        found: set[str] = set()
        front = {address}
        while front:
            front = {earlier for one in front for earlier in self.edges[one]} - found
            found |= front
        return found
