"""Bring Helm releases to the wanted state through the cluster's own helm."""

from tasks.helm.comparison import Comparison, compare
from tasks.helm.preview import Previewed, page, preview, standing
from tasks.helm.release import Release, Standing, merge, releases_script, values_for
from tasks.helm.steps import install, roll_back, take_back

__all__ = [
    "Comparison",
    "Previewed",
    "Release",
    "Standing",
    "compare",
    "install",
    "merge",
    "page",
    "preview",
    "releases_script",
    "roll_back",
    "standing",
    "take_back",
    "values_for",
]
