"""Shared access signatures: a part of somebody's rights, signed into an address."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.cloud.storage.blob import signatures
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.errors import (
    NOT_AUTHORIZED,
    StorageError,
    no_permission,
    not_authenticated,
    unsupported,
)
from sandbox.cloud.storage.blob.operations import COPY_BLOB, Operation

OLDEST = "2018-11-09"  # Of the versions that are read here.
ENCRYPTION_SCOPES, CORRELATION = "2020-12-06", "2020-02-10"
DELEGATED_USERS, REQUEST_PARTS = "2025-07-05", "2026-04-06"
OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")
DELEGATED = ("skoid", "sktid", "skt", "ske", "sks", "skv")
PARAMETERS = {"sv", "ss", "srt", "sp", "st", "se", "sip", "spr", "si", "sr", "ses", "sdd", "sig"}
PARAMETERS |= {"saoid", "suoid", "scid", "skdutid", "sduoid", "srh", "srq", *DELEGATED}


def moment(text: str, what: str) -> float:
    """A time in any of the forms that signatures have, all of them in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise not_authenticated(f"{what} is not a valid time: {text}") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Signature:
    """What the query of a request says about its own rights."""

    address: Address

    def get(self, name: str) -> str:
        return self.address.asked(name)

    @property
    def of_account(self) -> bool:
        return bool(self.get("ss"))

    @property
    def delegated(self) -> bool:
        """Signed with a key that Storage gave to a principal of Entra."""
        return bool(self.get("skoid"))

    def check_form(self) -> None:
        """What is needed is there, and the sandbox can read it."""
        for name in ("sv", "se", "sp", *(("srt",) if self.of_account else ("sr",))):
            if self.get("si"):
                raise unsupported("Stored access policies (si) are not simulated.")
            if not self.get(name):
                raise not_authenticated(f"{name} is mandatory. Cannot be empty")
        if self.get("sv") < OLDEST:
            raise unsupported(f"Signatures of versions before {OLDEST} are not simulated.")
        if not self.of_account and self.get("sr") not in ("b", "bs", "c"):
            raise unsupported(f"Signatures for sr={self.get('sr')} are not simulated.")

    def check_time(self, now: float, start: str, end: str) -> None:
        since = moment(start, "Signed start") if start else 0.0
        until = moment(end, "Signed expiry")
        if not since <= now < until:
            current = datetime.fromtimestamp(now, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
            raise not_authenticated(
                "Signature not valid in the specified time frame: "
                f"Start [{start or '-'}] - Expiry [{end}] - Current [{current}]"
            )

    def check_signed(self, keys: Iterable[bytes]) -> None:
        """One of the keys has signed it."""
        text = self.account_text() if self.of_account else self.resource_text()
        if not any(signatures.matches(self.get("sig"), key, text) for key in keys):
            raise not_authenticated(f"Signature did not match. String to sign used was {text}")

    def account_text(self) -> str:
        names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
        if self.get("sv") >= ENCRYPTION_SCOPES:
            names.append("ses")
        return "\n".join((self.address.account, *map(self.get, names), ""))

    def resource_text(self) -> str:
        """The text for one container or blob; a blob's covers its own address only."""
        version, kind = self.get("sv"), self.get("sr")
        place = f"/blob/{self.address.account}/{self.address.container}"
        if kind != "c":
            place += f"/{self.address.blob}"
        lines = [self.get("sp"), self.get("st"), self.get("se"), place]
        if self.delegated:
            lines += map(self.get, DELEGATED)
            if version >= CORRELATION:
                lines += map(self.get, ("saoid", "suoid", "scid"))
            if version >= DELEGATED_USERS:
                lines += map(self.get, ("skdutid", "sduoid"))
        else:
            lines.append(self.get("si"))
        snapshot = self.get("snapshot") if kind == "bs" else ""
        lines += [self.get("sip"), self.get("spr"), version, kind, snapshot]
        if version >= ENCRYPTION_SCOPES:
            lines.append(self.get("ses"))
        if self.delegated and version >= REQUEST_PARTS:
            lines += ["", ""]
        return "\n".join((*lines, *map(self.get, OVERRIDES)))

    def check_rights(self, operation: Operation, *, secure: bool, client: str) -> None:
        """The signature is genuine; is it for this."""
        if self.get("spr") == "https" and not secure:
            raise StorageError(
                403, "AuthorizationProtocolMismatch", f"{NOT_AUTHORIZED} using this protocol."
            )
        if self.get("sip") and not within(self.get("sip"), client):
            raise StorageError(
                403,
                "AuthorizationSourceIPMismatch",
                f"{NOT_AUTHORIZED} using this source IP {client}.",
            )
        if self.of_account:
            if "b" not in self.get("ss"):
                raise StorageError(
                    403, "AuthorizationServiceMismatch", f"{NOT_AUTHORIZED} using this service."
                )
            level = {"service": "s", "container": "c", "blob": "o"}[self.address.level]
            if level not in self.get("srt"):
                raise StorageError(
                    403,
                    "AuthorizationResourceTypeMismatch",
                    f"{NOT_AUTHORIZED} using this resource type.",
                )
        elif not operation.shared:
            raise no_permission()
        if operation.name == COPY_BLOB.name and self.get("sr") == "bs":
            raise no_permission()
        if not set(operation.letters) & set(self.get("sp")):
            raise no_permission()


def within(allowed: str, client: str) -> bool:
    first, _, last = allowed.partition("-")
    try:
        ends = [ipaddress.ip_address(one) for one in (first, last or first)]
        return int(ends[0]) <= int(ipaddress.ip_address(client)) <= int(ends[1])
    except ValueError:
        return False
