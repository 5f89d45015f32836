"""The secrets of one vault: versions, soft deletion, recovery. No HTTP and no authorization."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from sandbox.arm import ArmError
from sandbox.cloud.key_vault.content import attributes_of, bad, tags_of

NAME = re.compile(r"^[0-9a-zA-Z-]{1,127}$")
VALUE_LIMIT = 25600  # Bytes.
TYPE_LIMIT = 255
LONGEST = 90  # Days of retention at most; fewer are the vault's own choice.


@dataclass
class Version:
    """One value that a secret has, or had."""

    id: str
    value: str = field(repr=False)
    content_type: str | None
    tags: dict[str, str]
    attributes: dict[str, Any]


@dataclass
class Secret:
    """One secret with all its versions, oldest first; times are in seconds."""

    name: str
    versions: list[Version] = field(default_factory=list)
    deleted: float = 0.0
    visible: float = 0.0  # From then on the last deletion or recovery shows its effect.

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def version(self, wanted: str) -> Version:
        for version in self.versions:
            if wanted in ("", version.id):
                return self.latest if not wanted else version
        raise not_found(f"{self.name}/{wanted}")


def not_found(name: str) -> ArmError:
    return ArmError(
        404,
        "SecretNotFound",
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted "
        "this secret you may be able to recover it using the correct recovery command. For help "
        "resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182",
    )


def conflict(name: str, message: str, inner: str) -> ArmError:
    return ArmError(409, "Conflict", f"Secret {name} is currently {message}", inner=inner)


def check_value(body: dict[str, Any]) -> str:
    value = body.get("value")
    if not isinstance(value, str):
        raise bad("The request body has no 'value': a secret is a string.")
    if len(value.encode()) > VALUE_LIMIT:
        raise bad(f"Secret value is longer than {VALUE_LIMIT} bytes.")
    return value


def check_type(body: dict[str, Any]) -> str | None:
    found = body.get("contentType")
    if found is not None and not isinstance(found, str):
        raise bad("The content type is a string.")
    if found and len(found) > TYPE_LIMIT:
        raise bad(f"The content type is longer than {TYPE_LIMIT} characters.")
    return found


@dataclass
class Safe:
    """All secrets of one vault, by name in lower case."""

    secrets: dict[str, Secret] = field(default_factory=dict)
    retention: int = LONGEST
    protected: bool = False  # Nothing is purged before its time.

    @property
    def recovery(self) -> dict[str, Any]:
        """What a secret tells of its life after deletion."""
        customized = "Customized" if self.retention < LONGEST else ""
        purgeable = "" if self.protected else "+Purgeable"
        return {
            "recoveryLevel": f"{customized}Recoverable{purgeable}",
            "recoverableDays": self.retention,
        }

    def dump(self) -> dict[str, Any]:
        """As JSON, with every value."""
        kept = {
            key: vars(secret) | {"versions": [vars(version) for version in secret.versions]}
            for key, secret in self.secrets.items()
        }
        return vars(self) | {"secrets": kept}

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        kept = {
            key: Secret(**one | {"versions": [Version(**version) for version in one["versions"]]})
            for key, one in data["secrets"].items()
        }
        return cls(**data | {"secrets": kept})

    def put(self, name: str, body: dict[str, Any], now: float) -> Secret:
        """Add a version."""
        if not NAME.match(name):
            raise bad(
                f"The request URI contains an invalid name: {name}. "
                "A name is 1 to 127 letters, digits and dashes."
            )
        value, content_type = check_value(body), check_type(body)
        given, tags = attributes_of(body), tags_of(body)
        secret = self.secrets.get(name.lower())
        if secret and secret.deleted:
            if now < secret.visible:
                raise conflict(name, "being deleted.", "ObjectIsBeingDeleted")
            raise conflict(
                name,
                "in a deleted but recoverable state, and its name cannot be reused; in this "
                "state, the secret can only be recovered or purged.",
                "ObjectIsDeletedButRecoverable",
            )
        if secret and now < secret.visible:
            raise conflict(name, "being recovered.", "ObjectIsBeingRecovered")
        secret = self.secrets.setdefault(name.lower(), Secret(name))
        attributes = {
            "enabled": True,
            **given,
            "created": int(now),
            "updated": int(now),
            **self.recovery,
        }
        version = Version(uuid.uuid4().hex, value, content_type, tags or {}, attributes)
        secret.versions.append(version)
        return secret

    def update(self, name: str, version: str, body: dict[str, Any], now: float) -> Version:
        """Change everything about a version but its value."""
        content_type, given, tags = check_type(body), attributes_of(body), tags_of(body)
        found = self.get(name, now).version(version)
        found.attributes |= given | {"updated": int(now)}
        if "contentType" in body:
            found.content_type = content_type
        if tags is not None:
            found.tags = tags
        return found

    def get(self, name: str, now: float) -> Secret:
        found = self.secrets.get(name.lower())
        if found is None or found.deleted or now < found.visible:
            raise not_found(name)
        return found

    def get_deleted(self, name: str, now: float) -> Secret:
        """A deleted secret; it shows only some time after its deletion."""
        found = self.secrets.get(name.lower())
        if found is None or not found.deleted or now < found.visible:
            raise ArmError(404, "SecretNotFound", f"Deleted Secret not found: {name}")
        return found

    def delete(self, name: str, now: float, delay: float) -> Secret:
        found = self.get(name, now)
        found.deleted, found.visible = now, now + delay
        return found

    def recover(self, name: str, now: float, delay: float) -> Secret:
        found = self.get_deleted(name, now)
        found.deleted, found.visible = 0.0, now + delay
        return found

    def purge(self, name: str, now: float) -> None:
        found = self.get_deleted(name, now)
        if self.protected:
            raise ArmError(
                403,
                "Forbidden",
                'Operation "purge" is not enabled for this vault.',
                inner="OperationNotAllowed",
            )
        del self.secrets[found.name.lower()]

    def listed(self, now: float, *, deleted: bool = False) -> list[Secret]:
        """The secrets, or the deleted ones, in the order of their names."""
        read: Callable[[Secret], bool] = lambda one: bool(one.deleted) is deleted  # noqa: E731
        found = (one for one in self.secrets.values() if read(one) and now >= one.visible)
        return sorted(found, key=lambda one: one.name.lower())
