"""What a run did, what it waited for, and what it proved: one page worth reading."""

from tasks.report.publish import told, versions
from tasks.report.record import Record, Span, Wait

__all__ = ["Record", "Span", "Wait", "told", "versions"]
