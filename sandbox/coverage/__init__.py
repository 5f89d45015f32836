"""What the sandbox answers, and how faithfully: data beside each service, checked against it."""

from sandbox.coverage.check import complaints
from sandbox.coverage.document import DOCUMENT, render
from sandbox.coverage.registered import registered
from sandbox.coverage.tables import CoverageError, load

__all__ = ["DOCUMENT", "CoverageError", "complaints", "load", "registered", "render"]
