"""AKS says no in a shape of its own: without the `error` envelope of the rest of Azure."""

from sandbox.arm import ArmError
from sandbox.store import Resource

PENDING = "See https://aka.ms/aks-pending-operation for more details"
OPERATIONS = {
    "Creating": "Creating",
    "Updating": "Updating",
    "Deleting": "Deleting",
    "Starting": "Starting",
    "Stopping": "Stopping",
}


def refusal(status: int, code: str, message: str, subcode: str = "") -> ArmError:
    error = ArmError(status, code, message, wrapped=False)
    error.body |= {"details": None, "subcode": subcode}
    return error


def not_allowed(message: str) -> ArmError:
    return refusal(409, "OperationNotAllowed", message)


def cluster_busy(cluster: Resource) -> ArmError:
    """One operation on a cluster at a time."""
    return not_allowed(
        f"Operation is not allowed: Another operation ({doing(cluster)}) is in progress, please "
        f"wait for it to finish before starting a new operation. {PENDING}"
    )


def pool_busy(pool: Resource) -> ArmError:
    return not_allowed(
        f"Operation is not allowed: Another agentpool operation ({doing(pool)}) is in progress, "
        f"please wait for it to finish before starting a new operation. {PENDING}"
    )


def cluster_waits_for(pool: Resource) -> ArmError:
    """A cluster cannot change while one of its pools does."""
    return not_allowed(
        f"Managed cluster operation is not allowed: another operation ({doing(pool)}) in progress "
        f"on agent pool ({pool.name}), please wait for it to finish before starting a new "
        f"operation. {PENDING}"
    )


def wrong_power(
    cluster: Resource, power: str, wanted: str, started: str, elapsed: float
) -> ArmError:
    return not_allowed(
        f"managed cluster is in Provisioning State({cluster.state}) and Power State({power}), "
        f"{wanted} cannot be performed The previous operation started at '{started}' and elapsed "
        f"time is: '{elapsed:.0f}s'"
    )


def invalid(parameter: str, message: str) -> ArmError:
    return refusal(
        400, "InvalidParameter", f"The value of parameter {parameter} is invalid. {message}"
    )


def doing(resource: Resource) -> str:
    return OPERATIONS.get(resource.state, resource.state)
