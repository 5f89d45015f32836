"""What a namespace lets in: defaults and bounds of its limit ranges, pod security, quotas."""

from sandbox.cluster.api.admission.gate import Admission

__all__ = ["Admission"]
