"""What becomes of each secret: decided on contents alone, before the first write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from tasks.catalogue import Facts, Secret, jwt_set
from tasks.catalogue.rotation import Kind
from tasks.catalogue.secret import compact, properties
from tasks.environment import Every
from tasks.key_vault.data_plane import GENERATION, Stored
from tasks.key_vault.sealed import APPLIED
from tasks.secrets_file import Brought

Reader = Callable[[str | None], str]  # Gets the vault's value, which may still be the right one.
Action = Literal["unchanged", "created", "renewed", "replaced", "kept", "later", "missing"]

MARGIN = timedelta(days=30)  # Between the day on which a secret is due and its end.
IN_USE = "in-use-since"  # The tags that tell about one version, and not about its content.
OF_A_VERSION = {APPLIED, IN_USE}
BY_US: set[Kind] = {
    *("replace", "accepted", "tokens", "account key", "administrator", "on demand", "follows"),
}
KEPT = "differs from what you bring; --overwrite takes yours"


@dataclass(frozen=True)
class Wishes:
    """How a person wants the seeding done."""

    brought: Brought = field(default_factory=Brought)
    generate: bool = True
    overwrite: bool = False
    dry_run: bool = False
    every: Every = field(default_factory=Every)


@dataclass(frozen=True)
class Decision:
    """One secret: what happens, and the value to write if there is one."""

    name: str
    action: Action
    why: str = ""
    value: str | None = field(default=None, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    expires: datetime | None = None


@dataclass
class Decider:
    """Goes through the catalogue once; a secret sees the values of those before it."""

    catalogue: Sequence[Secret]
    held: Mapping[str, Stored]
    brought: Mapping[str, str] = field(repr=False)
    readers: Mapping[str, Reader]
    facts: Facts
    wishes: Wishes
    now: datetime
    vault: str = "…"  # As its commands are told to people.
    values: dict[str, str] = field(default_factory=dict, repr=False)
    complaints: list[str] = field(default_factory=list)
    overdue: list[str] = field(default_factory=list)  # Warnings: what people should see to.

    def decide(self) -> tuple[Decision, ...]:
        """Every secret in its turn; what speaks against it all is told in `complaints`."""
        decisions = tuple(self._one(secret) for secret in self.catalogue)
        for secret, decision in zip(self.catalogue, decisions, strict=True):
            present = self.held.get(secret.name)
            stays = decision.value is None or decision.action == "renewed"
            if present and present.expires and present.expires <= self.now and stays:
                told = self.overdue if secret.rotation.kind in BY_US else self.complaints
                told.append(expired(secret, present.expires, self.vault))
        self.overdue += jwt_set.ending(self.values.get(jwt_set.NAME, ""))
        return decisions

    def _one(self, secret: Secret) -> Decision:
        present, own = self.held.get(secret.name), self._own(secret)
        match secret.origin:
            case "read from Azure":
                wanted, action, why = self._read(secret, present, own)
            case "derived" | "known":
                wanted, action, why = self._follows(secret, present)
                if own is not None and own != wanted:
                    action, why = self._differs(secret, own, wanted, action, why)
            case _:
                wanted, action, why = self._chosen(secret, present, own)
        if wanted is not None:
            self.values[secret.name] = wanted
        if wanted is None or action in ("unchanged", "kept"):
            return Decision(secret.name, action, why)
        tags, expires = self._about(secret, present, action)
        return Decision(secret.name, action, why, wanted, tags, expires)

    # --- Values --------------------------------------------------------------------------------

    def _read(
        self, secret: Secret, present: Stored | None, own: str | None
    ) -> tuple[str | None, Action, str]:
        wanted = self.readers[secret.name](present.value if present else own)
        if own is not None and self.readers[secret.name](own) != own:
            self.complaints.append(f"{secret.name}: Azure knows no such key; leave it to us.")
        return wanted, _compared(present, wanted), "read from Azure"

    def _follows(self, secret: Secret, present: Stored | None) -> tuple[str | None, Action, str]:
        if not all(need in self.values for need in secret.needs):
            return None, "later", f"follows from {', '.join(secret.needs)}"
        if present and secret.fits(present.value, self.values, self.facts):
            return present.value, "unchanged", ""
        wanted = self._made(secret, present.value if present else None)
        if wanted is None:
            return None, "later", "waits until it is known"
        return wanted, _compared(present, wanted), "follows from others"

    def _chosen(
        self, secret: Secret, present: Stored | None, own: str | None
    ) -> tuple[str | None, Action, str]:
        """Generated or provided: what a person brings goes first, what is there stays."""
        if present and own not in (None, present.value):
            if not self.wishes.overwrite:
                stays, action, why = self._follows(secret, present)
                return stays, "kept" if action == "unchanged" else action, why or KEPT
            if secret.rotation.kind == "fixed":
                self.complaints.append(f"{secret.name}: {secret.rotation.why}. It stays.")
            return own, "replaced", "yours"
        if present:
            return self._follows(secret, present)
        if own is not None:
            return own, "created", "yours"
        if secret.origin == "provided" or not (self.wishes.generate or self._by_itself(secret)):
            return None, "missing", "must be provided"
        return self._made(secret, None), "created", "generated"

    def _made(self, secret: Secret, present: str | None) -> str | None:
        found = {} if present is None else {secret.name: present}
        return secret.make(self.values | self._older(secret) | found, self.facts)

    def _own(self, secret: Secret) -> str | None:
        """What a person brings: the whole, or parts of it under names of their own."""
        own = self.brought.get(secret.name)
        parts = {name: self.brought[name] for name in secret.adopts if name in self.brought}
        if own is not None or not parts:
            return own
        present, older = self.held.get(secret.name), self._older(secret)
        if present is None and not self.wishes.overwrite:
            parts = parts | older
        base = (properties(present.value) if present else {}) or older
        return secret.make({secret.name: compact(base | parts)}, self.facts)

    def _older(self, secret: Secret) -> dict[str, str]:
        """What is there under the names that this secret takes over."""
        return {name: self.held[name].value for name in secret.adopts if name in self.held}

    def _by_itself(self, secret: Secret) -> bool:
        """Nothing is invented: it goes on with older values, or only keeps count."""
        return bool(self._older(secret)) or secret.rotation.kind == "follows"

    def _differs(
        self, secret: Secret, own: str, wanted: str | None, action: Action, why: str
    ) -> tuple[Action, str]:
        """A person brings another value for what follows from something else."""
        if any(secret.name in other.adopts for other in self.catalogue):
            return ("kept", KEPT) if action == "unchanged" else (action, why)
        if wanted is not None and not secret.fits(own, self.values, self.facts):
            source = "Terraform" if secret.origin == "known" else ", ".join(secret.needs)
            self.complaints.append(
                f"{secret.name}: it follows from {source}, which says something else; bring none."
            )
        return action, why

    # --- What is written beside a value ----------------------------------------------------------

    def _about(
        self, secret: Secret, present: Stored | None, action: Action
    ) -> tuple[dict[str, str], datetime | None]:
        """A repair goes on with the tags of what it repairs; anything else is new."""
        repaired = present is not None and action == "renewed"
        tags = dict(present.tags) if present and repaired else {}
        tags = {name: text for name, text in tags.items() if name not in OF_A_VERSION}
        tags[GENERATION] = self._generation(secret)
        if present and repaired and present.expires:
            return tags, present.expires
        rotation = secret.rotation
        if rotation.days is None:
            return tags, None
        chosen: int | None = getattr(self.wishes.every, rotation.kind.replace(" ", "_"))
        days = chosen or rotation.days
        return tags, self.now + timedelta(days=days) + MARGIN

    def _generation(self, secret: Secret) -> str:
        """Names that change together agree on it: seeding is no rotation."""
        told = [
            self.held[other.name].tags.get(GENERATION, "")
            for other in self.catalogue
            if other.rotation.unit == secret.rotation.unit and other.name in self.held
        ]
        return str(max((int(text) for text in told if text.isdigit()), default=1))


def flaws(
    catalogue: Sequence[Secret], brought: Mapping[str, str], present: Mapping[str, str] | None
) -> list[str]:
    """Everything wrong with what a person brings; None says that the vault was not asked."""
    found = {
        secret.name: flaw
        for secret in catalogue
        if secret.name in brought and (flaw := secret.flaw(brought[secret.name]))
    }
    if present is not None or "jwt-secret" in brought:
        found = jwt_set.unproven(brought, present or {}) | found
    both = sorted(set(brought) & set(jwt_set.COPIES)) if jwt_set.NAME in brought else []
    return [f"{name}: it {flaw}." for name, flaw in found.items()] + [
        f"{name}: it is a part of {jwt_set.NAME}; bring one of them." for name in both
    ]


def expired(secret: Secret, when: datetime, vault: str) -> str:
    """Key Vault gives out what has expired; whoever issued it may not take it any more."""
    rotation = secret.rotation
    if rotation.kind in BY_US:
        remedy = f"`python -m flows rotate --only {rotation.unit}` makes a new one"
    elif rotation.kind == "provided":
        remedy = "bring a new one with --secrets-file and --overwrite"
    else:
        named = f"--vault-name {vault} --name {secret.name}"
        command = f"az keyvault secret set-attributes {named} --expires …"
        remedy = f"it has to stay ({rotation.why}), so give it a later end: `{command}`"
    return f"{secret.name}: it expired on {when:%Y-%m-%d}; {remedy}."


def _compared(present: Stored | None, wanted: str | None) -> Action:
    if present is None:
        return "created"
    return "unchanged" if present.value == wanted else "renewed"
