"""Bring every secret of the catalogue into the vault: all is decided before the first write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import HttpResponseError
from azure.keyvault.secrets import SecretClient

from tasks import azure, wait
from tasks.catalogue import Facts, Secret
from tasks.errors import ConfigError, DeployError, NotReadyError, RefusedError
from tasks.key_vault import deletion
from tasks.key_vault.data_plane import Stored, exists, opened, present, put
from tasks.key_vault.decisions import Decider, Decision, Reader, Wishes, flaws
from tasks.key_vault.telling import lacking, table
from tasks.secrets_file import refused
from tasks.step import step

DISABLED = "SecretDisabled"


@dataclass(frozen=True)
class Kept:
    """One secret as it stands: never its value."""

    name: str
    version: str
    action: str  # As decided, or "recovered"; in a dry run what would be done.


@step("keep-secrets")
def keep(
    vault_uri: str,
    catalogue: tuple[Secret, ...],
    facts: Facts,
    readers: Mapping[str, Reader],
    wishes: Wishes = Wishes(),  # noqa: B008 # A frozen value.
) -> tuple[Kept, ...]:
    """
    Bring every secret of the catalogue to a value that fits; one that fits gets no new version.

    `readers` fetch what Azure alone knows. What a person brings is read here, so that no value is
    ever a parameter. A deleted name is recovered: a new value would cut off every client, and
    everything that the old one had encrypted.
    """
    names = [secret.name for secret in catalogue]
    given = wishes.brought.read(names)
    with opened(vault_uri) as vault:
        held = observed(vault, {*names, *(name for secret in catalogue for name in secret.adopts)})
        if complaints := flaws(catalogue, given, {name: one.value for name, one in held.items()}):
            raise refused(wishes.brought, complaints)
        absent = [name for name in names if name not in held]
        lost = [one.name for one in deletion.lost(vault, absent)]
        if not wishes.dry_run:
            held |= observed(vault, deletion.recover(vault, lost))
            waiting(set(lost) - set(held))
        now = datetime.now(UTC)
        decider = Decider(catalogue, held, given, readers, facts, wishes, now, called(vault_uri))
        decisions = decider.decide()
        check(decisions, decider.complaints, catalogue)
        for late in decider.overdue:
            wait.logger().warning("Secret %s", late)
        if wishes.dry_run:
            wait.logger().info("Nothing is written. It would be:\n%s", table(decisions, lost))
            return tuple(Kept(one.name, "", one.action) for one in decisions)
        free(vault_uri, [one.name for one in decisions if one.value and one.name not in held])
        versions = write(vault, vault_uri, decisions)
    return tuple(told(decisions, held, versions, lost))


def called(vault_uri: str) -> str:
    return vault_uri.removeprefix("https://").partition(".")[0]


def observed(vault: SecretClient, names: Iterable[str]) -> dict[str, Stored]:
    """What the vault holds of these; all that it does not show is told at once."""
    held, disabled = {}, []
    for name in names:
        try:
            found = present(vault, name)
        except HttpResponseError as error:
            if azure.inner_code(error) != DISABLED:
                raise
            disabled.append(name)
            continue
        if found:
            held[name] = found
    if disabled:
        where = f"--vault-name {called(vault.vault_url)}"
        commands = [
            f"az keyvault secret set-attributes {where} --enabled true --name {n}" for n in disabled
        ]
        raise RefusedError(
            f"Somebody has disabled {', '.join(disabled)} in the vault; nothing was written.",
            "Enable them: `" + "`, `".join(commands) + "`. For new values, delete them and seed "
            "with `--deleted purge`: otherwise they are recovered, disabled as they were.",
        )
    return held


def free(vault_uri: str, names: Sequence[str]) -> None:
    """A name gets its first value only where there is none that readers merely do not see yet."""
    with opened(vault_uri) as vault:  # Another connection: the first one's node may be behind.
        waiting({name for name in names if exists(vault, name)})


def waiting(hidden: Collection[str]) -> None:
    if hidden:
        raise NotReadyError(
            f"The vault holds {', '.join(sorted(hidden))}, and does not show it yet: somebody has "
            "just recovered or written it. Nothing was written over it.",
            "Its nodes agree after a while; then run again.",
        )


def check(
    decisions: Sequence[Decision], complaints: Sequence[str], catalogue: Sequence[Secret]
) -> None:
    """Raise with all that speaks against writing anything."""
    missing = [one.name for one in decisions if one.action == "missing"]
    if complaints:
        told_ = "\n".join(f"  {complaint}" for complaint in complaints)
        raise ConfigError(
            f"The secrets do not fit together; nothing was written:\n{told_}",
            "docs/secrets.md, 'Bring your own', tells what may be brought.",
        )
    if missing:
        wait.logger().info("What is written, once nothing is missing:\n%s", table(decisions))
        raise RefusedError(*lacking(missing, catalogue))


def write(vault: SecretClient, vault_uri: str, decisions: Sequence[Decision]) -> dict[str, str]:
    """The decided versions one after the other; a failure tells how far it came."""
    todo = [one for one in decisions if one.value is not None]
    versions: dict[str, str] = {}
    for one in todo:
        try:
            with azure.translated(f"Key Vault {called(vault_uri)}, secret {one.name}"):
                versions[one.name] = put(vault, one.name, one.value or "", one.tags, one.expires)
        except DeployError as error:
            rest = [other.name for other in todo if other.name not in versions]
            story = (
                f"Written: {', '.join(versions) or 'nothing'}. Not written: {', '.join(rest)}. "
                "Running again goes on from there."
            )
            error.also(story)
            wait.logger().warning("Stopped at %s. %s", one.name, story)
            raise
    return versions


def told(
    decisions: Sequence[Decision],
    held: Mapping[str, Stored],
    versions: Mapping[str, str],
    recovered: Iterable[str],
) -> list[Kept]:
    """The result of each secret, in the log where something has happened."""
    log, back = wait.logger(), set(recovered)
    kept = []
    for one in decisions:
        action = "recovered" if one.action == "unchanged" and one.name in back else one.action
        version = versions.get(one.name) or (held[one.name].version if one.name in held else "")
        kept.append(Kept(one.name, version, action))
        if action == "kept":
            log.warning("Secret %s: kept; it %s.", one.name, one.why)
        elif action != "unchanged":
            log.info("Secret %s: %s.", one.name, action)
    changed = [f"{one.name}: {one.action}" for one in kept if one.name in {*versions, *back}]
    if changed:
        wait.changed("**Key Vault**: " + ", ".join(changed))
    return kept
