"""Build the Azure side: the foundation first, so that roles propagate while the platform grows."""

from tasks.terraform.deviations import Deviation, Deviations, deviations
from tasks.terraform.forecast import Forecast, Planned, assumed, foresee
from tasks.terraform.locks import Lock
from tasks.terraform.plans import Change, Plan
from tasks.terraform.preview import Preview, preview
from tasks.terraform.stacks import (
    Edge,
    EdgeController,
    Foundation,
    Platform,
    RoleAssignment,
    Stack,
    bootstrap,
    foundation,
    platform,
)
from tasks.terraform.steps import apply, holds, outputs, plan

__all__ = [
    "Change",
    "Deviation",
    "Deviations",
    "Edge",
    "EdgeController",
    "Forecast",
    "Foundation",
    "Lock",
    "Plan",
    "Planned",
    "Platform",
    "Preview",
    "RoleAssignment",
    "Stack",
    "apply",
    "assumed",
    "bootstrap",
    "deviations",
    "foresee",
    "foundation",
    "holds",
    "outputs",
    "plan",
    "platform",
    "preview",
]
