"""Bring Helm releases to the wanted state through the cluster's own helm."""

from tasks.helm.comparison import Comparison, compare
from tasks.helm.release import Release, merge, releases_script, values_for
from tasks.helm.steps import install, roll_back, take_back

__all__ = [
    "Comparison",
    "Release",
    "compare",
    "install",
    "merge",
    "releases_script",
    "roll_back",
    "take_back",
    "values_for",
]
