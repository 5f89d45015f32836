"""What a request wants to do, and which rights that takes."""

from dataclasses import dataclass

from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.errors import StorageError

SERVICES = "Microsoft.Storage/storageAccounts/blobServices"
CONTAINERS = f"{SERVICES}/containers"
BLOBS = f"{CONTAINERS}/blobs"


@dataclass(frozen=True)
class Operation:
    """One operation of the REST interface."""

    name: str
    action: str
    """What Azure RBAC calls it."""
    data: bool = False
    """Is that a data action; those on containers are not."""
    letters: str = ""
    """Each of these permissions of a shared access signature is enough."""
    shared: bool = True
    """May a shared access signature for one container or blob do it."""
    anonymous: bool = False
    """May a container that is public allow it to everybody."""


def on_service(name: str, action: str, letters: str) -> Operation:
    return Operation(name, action, letters=letters, shared=False)


def on_container(name: str, action: str, letters: str, *, anonymous: bool = False) -> Operation:
    return Operation(
        name, f"{CONTAINERS}/{action}", letters=letters, shared=False, anonymous=anonymous
    )


def on_blob(name: str, action: str, letters: str) -> Operation:
    anonymous = action == "read"
    return Operation(name, f"{BLOBS}/{action}", data=True, letters=letters, anonymous=anonymous)


DELEGATION = on_service(
    "Get User Delegation Key", f"{SERVICES}/generateUserDelegationKey/action", ""
)
BATCH = Operation("Blob Batch", "")
INFORMATION = Operation("Get Account Information", f"{SERVICES}/getInfo/action", letters="rwdlacu")
LIST_BLOBS = Operation(
    "List Blobs", f"{BLOBS}/read", data=True, letters="l", shared=True, anonymous=True
)
READ_BLOB = on_blob("Get Blob", "read", "r")
COPY_BLOB = on_blob("Copy Blob", "write", "wc")

# By level, verb and `comp`; HEAD is GET without a body.
TABLE = {
    ("service", "GET", "list"): on_service("List Containers", f"{CONTAINERS}/read", "l"),
    ("service", "GET", "properties"): on_service("Get Properties", f"{SERVICES}/read", "r"),
    ("service", "PUT", "properties"): on_service("Set Properties", f"{SERVICES}/write", "w"),
    ("service", "GET", "stats"): on_service("Get Stats", f"{SERVICES}/read", "r"),
    ("service", "GET", "blobs"): Operation(
        "Find Blobs by Tags", f"{BLOBS}/filter/action", data=True, letters="f", shared=False
    ),
    ("service", "POST", "userdelegationkey"): DELEGATION,
    ("service", "POST", "batch"): BATCH,
    ("container", "PUT", ""): on_container("Create Container", "write", "wc"),
    ("container", "GET", ""): on_container("Get Container", "read", "r", anonymous=True),
    ("container", "DELETE", ""): on_container("Delete Container", "delete", "d"),
    ("container", "GET", "metadata"): on_container("Get Metadata", "read", "r", anonymous=True),
    ("container", "PUT", "metadata"): on_container("Set Metadata", "write", "w"),
    ("container", "GET", "acl"): on_container("Get ACL", "getAcl/action", ""),
    ("container", "PUT", "acl"): on_container("Set ACL", "setAcl/action", ""),
    ("container", "PUT", "lease"): on_container("Lease Container", "write", "wd"),
    ("container", "GET", "list"): LIST_BLOBS,
    ("container", "GET", "blobs"): Operation(
        "Find Blobs by Tags", f"{BLOBS}/filter/action", data=True, letters="f"
    ),
    ("container", "POST", "batch"): BATCH,
    ("blob", "GET", ""): READ_BLOB,
    ("blob", "PUT", ""): on_blob("Put Blob", "write", "wc"),
    ("blob", "DELETE", ""): on_blob("Delete Blob", "delete", "d"),
    ("blob", "GET", "metadata"): on_blob("Get Metadata", "read", "r"),
    ("blob", "PUT", "metadata"): on_blob("Set Metadata", "write", "w"),
    ("blob", "PUT", "properties"): on_blob("Set Properties", "write", "w"),
    ("blob", "PUT", "block"): on_blob("Put Block", "write", "wc"),
    ("blob", "PUT", "blocklist"): on_blob("Put Block List", "write", "wc"),
    ("blob", "GET", "blocklist"): on_blob("Get Block List", "read", "r"),
    ("blob", "PUT", "appendblock"): on_blob("Append Block", "write", "aw"),
    ("blob", "PUT", "page"): on_blob("Put Page", "write", "w"),
    ("blob", "GET", "pagelist"): on_blob("Get Page Ranges", "read", "r"),
    ("blob", "PUT", "lease"): on_blob("Lease Blob", "write", "wd"),
    ("blob", "PUT", "snapshot"): on_blob("Snapshot Blob", "write", "wc"),
    ("blob", "PUT", "copy"): on_blob("Abort Copy Blob", "write", "wc"),
    ("blob", "PUT", "tier"): on_blob("Set Tier", "write", "w"),
    ("blob", "PUT", "undelete"): on_blob("Undelete Blob", "write", "w"),
    ("blob", "GET", "tags"): on_blob("Get Tags", "tags/read", "t"),
    ("blob", "PUT", "tags"): on_blob("Set Tags", "tags/write", "t"),
}


def find(method: str, address: Address) -> Operation:
    """The operation that a request asks for."""
    comp, verb = address.asked("comp"), "GET" if method == "HEAD" else method
    if address.asked("restype") == "account" and comp == "properties" and verb == "GET":
        return INFORMATION
    found = TABLE.get((address.level, verb, comp))
    if found is None:
        known = {kind for level, kind, part in TABLE if (level, part) == (address.level, comp)}
        if known:
            raise StorageError(
                405,
                "UnsupportedHttpVerb",
                "The resource doesn't support specified Http Verb.",
                headers={"Allow": ", ".join(sorted(known))},
            )
        raise StorageError(
            400,
            "InvalidQueryParameterValue",
            "Value for one of the query parameters specified in the request URI is invalid.",
        )
    return found
