"""What is not as it was decided: found, told once, and followed until it is resolved."""

from tasks.drift.access import access
from tasks.drift.answers import Answers
from tasks.drift.cluster import Seen, cluster, look
from tasks.drift.finding import Finding, counted
from tasks.drift.history import Chronicle, continued
from tasks.drift.ignore import Sifted, sift
from tasks.drift.infrastructure import infrastructure
from tasks.drift.publish import concluded, doubtful, looked_away, remember, remembered, show
from tasks.drift.releases import Wished
from tasks.drift.secrets import Place, describe, synced, vault
from tasks.drift.support import database, kubernetes

__all__ = [
    "Answers",
    "Chronicle",
    "Finding",
    "Place",
    "Seen",
    "Sifted",
    "Wished",
    "access",
    "cluster",
    "concluded",
    "continued",
    "counted",
    "database",
    "describe",
    "doubtful",
    "infrastructure",
    "kubernetes",
    "look",
    "looked_away",
    "remember",
    "remembered",
    "show",
    "sift",
    "synced",
    "vault",
]
