"""Build the Azure side: the foundation first, so that roles propagate while the platform grows."""

from tasks.terraform.plans import Change, Plan
from tasks.terraform.stacks import Foundation, Platform, RoleAssignment, Stack, foundation, platform
from tasks.terraform.steps import apply, holds, outputs, plan

__all__ = [
    "Change",
    "Foundation",
    "Plan",
    "Platform",
    "RoleAssignment",
    "Stack",
    "apply",
    "foundation",
    "holds",
    "outputs",
    "plan",
    "platform",
]
