"""Is the subscription there, and does it take work."""

from collections.abc import Mapping
from typing import Any

from tasks import azure
from tasks.preflight.complaints import Complaint
from tasks.step import step

VERSION = "2022-12-01"
WORKING = {"Enabled", "PastDue"}  # Past due: Azure warns, and takes work for a while.


@step("check-subscription")
def subscription(wanted: str) -> tuple[Complaint, ...]:
    """A subscription that is disabled refuses every change, and says so late and unclearly."""
    with azure.translated(f"Subscription {wanted}"):
        return judge(wanted, azure.arm(f"/subscriptions/{wanted}", VERSION))


def judge(wanted: str, found: Mapping[str, Any] | None) -> tuple[Complaint, ...]:
    if found is None:
        return (
            Complaint(
                f"Subscription {wanted} is not there, or these credentials may not see it.",
                "Correct `subscription:` in the environment's file, or sign in to its tenant.",
            ),
        )
    state = str(found.get("state", "Enabled"))
    if state in WORKING:
        return ()
    return (
        Complaint(
            f"Subscription {wanted} ({found.get('displayName', '')}) is {state}; Azure makes "
            "changes only in one that is Enabled.",
            "Reactivate it in the portal (Subscriptions, Overview), or choose another one.",
        ),
    )
