"""New secrets for old, while everybody who works with them goes on working."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from flows import configure, release, seed_secrets
from tasks import access, announce, approval, database, report, rotation, smoke, terraform, turn
from tasks import environment as environments
from tasks import wait as waiting
from tasks.access import Site
from tasks.environment import Environment, Wait
from tasks.errors import DeployError
from tasks.key_vault import Sealed, Vault
from tasks.rotation import LEGACY, MOVES, Move, Policy, Round, Safe, Standing, Unit
from tasks.stage import nested, stage
from tasks.terraform import Foundation
from tasks.wait import patient

ROTATED, FAILED = "supabase.secret.rotated", "supabase.secret.rotation-failed"
SHORT = timedelta(minutes=15)  # An overlap that a run sits out; a longer one is the next run's.
OUTSIDE = ("tokens", "on demand")  # Kinds whose old values others than our services may hold.
LEFT_AS_IT_IS = {
    "retire": "The new values stay in use; their old ones may be refused already. Run `rotate` "
    "again.",
    "other": "There was no new value to take back; run `rotate` again.",
}
IDENTITY = "S3Proxy signs in with an identity, so nobody uses the account's keys"


@dataclass(frozen=True)
class Work:
    """What the rounds of one run share."""

    wanted: Environment
    site: Site
    safe: Safe
    units: tuple[Unit, ...]  # All of the environment: what is written for one restarts with others.


@stage
def rotate(environment: str, only: list[str] | None = None, dry_run: bool = False) -> str:
    """
    Replace the secrets that are due, or those that are named, without an outage.

    What a killed run has begun is read from the vault; the next run goes on from there.

    Args:
        environment: Name of a file in deployments/.
        only: Secrets to replace now, due or not; a pattern (`pg-*`) means what rotates by age. An
            older value that is still accepted beside the present one ends at once.
        dry_run: Show what is due, and what would restart; change nothing.
    """
    with failure_announced(environment) if not dry_run else nullcontext():
        wanted = environments.load(environment)
        units = everything(wanted)
        chosen = rotation.chosen(units, only or [])
        if dry_run:
            return foresee(wanted, units)
        return carried_out(wanted, units, chosen, {unit.name for unit in chosen if only})


def carried_out(
    wanted: Environment, units: tuple[Unit, ...], chosen: tuple[Unit, ...], named: set[str]
) -> str:
    """All moves for which it is time, of what was chosen."""
    with turn.hold(wanted), report.told(wanted), nested():
        seed_secrets.seed_secrets(wanted.name)  # What follows from a dead run's writes is there.
        site = access.enter(wanted)
        work = Work(wanted, site, opened(wanted, site.foundation), units)
        before = survey(work)
        early = rotation.early(before, named)
        begin = rotation.begun(before, named, datetime.now(UTC)) | {one.unit.name for one in early}
        agree(wanted, begin)
        agree_to_end(wanted, early)
        rounds = [carry_on(work, before), end_early(work, early)]
        rounds += [make(work, move, chosen, begin) for move in MOVES]
        say_what_was_finished(named - begin)
        return conclude(work, [one for one in rounds if one])


def everything(wanted: Environment) -> tuple[Unit, ...]:
    """All units of this environment; where an identity signs in, the account's key is none."""
    units = rotation.units(seed_secrets.secrets(wanted))
    if not configure.signs_in_by_identity(wanted):
        return units
    return tuple(
        replace(unit, kind="fixed", why=IDENTITY) if unit.kind == "account key" else unit
        for unit in units
    )


def opened(wanted: Environment, built: Foundation) -> Safe:
    auth = configure.values(wanted, "supabase", {}).get("auth") or {}
    policy = Policy(wanted.rotation, auth.get("tokenSeconds", Policy.token_seconds))
    return Safe(Vault(built.vault_uri), seed_secrets.account_keys(wanted, built), policy)


def foresee(wanted: Environment, units: tuple[Unit, ...]) -> str:
    """The table of what is due, for a terminal and on the page of the run."""
    built = terraform.outputs(terraform.foundation(wanted), Foundation)
    look = patient(rotation.survey, wanted.waits.vault_access)
    rows = rotation.outlook(look(opened(wanted, built), units), units, datetime.now(UTC))
    return rotation.show(wanted.name, rows, "What is due, and what would restart")


def survey(work: Work) -> tuple[Standing, ...]:
    return patient(rotation.survey, work.wanted.waits.vault_access)(work.safe, work.units)


def agree(wanted: Environment, begin: set[str]) -> None:
    """Nobody accepts two secrets of the old kind: a person has to want what that means."""
    if LEGACY in begin:
        text = (
            "All access tokens, `anon-key`, `service-role-key` and signed URLs of Storage end at "
            "once: users sign in again, clients that hold one of these keys need the new one, and "
            "whoever was given such a URL needs another."
        )
        approval.ask(wanted, f"Replace the {LEGACY} of {wanted.name}?", text)


def agree_to_end(wanted: Environment, early: Sequence[Standing]) -> None:
    """Clients outside were promised time for the change: a person has to want that it is over."""
    now = datetime.now(UTC)
    ends = [
        f"- {one.unit.name}: its old value, promised until {rotation.day(one.due)}, ends at once"
        for one in early
        if one.unit.kind in OUTSIDE and one.due and one.due > now
    ]
    if ends:
        text = "Whoever still holds it, or a token that it signed, is refused:\n" + "\n".join(ends)
        approval.ask(wanted, f"End old values of {wanted.name} before their time?", text)


def end_early(work: Work, early: Sequence[Standing]) -> Round | None:
    """Room for the next value: two are accepted at a time, and the older one goes."""
    units = [one.unit for one in early]
    return moved_on(work, "retire", units, {unit.name for unit in units})


def say_what_was_finished(left: set[str]) -> None:
    """A name that began nothing gets a word: its value may be the one that has leaked."""
    if left:
        waiting.logger().warning(
            "%s: an earlier run had begun, and this one has gone on from there. To replace what is "
            "in use now, name it again.",
            ", ".join(sorted(left)),
        )


def carry_on(work: Work, before: Sequence[Standing]) -> Round | None:
    """Bring into the cluster what a dead run has only written."""
    left = tuple(one for one in before if not one.settled)
    if not left:
        return None
    told = ", ".join(one.unit.name for one in left)
    waiting.logger().warning("An earlier run has died on the way with %s: going on.", told)
    return brought(work, None, left)


def make(work: Work, move: Move, chosen: Sequence[Unit], begin: set[str]) -> Round | None:
    """One move of all units for which it is time, and nothing where it is for none."""
    sit_out_overlaps(work, move, chosen)
    return moved_on(work, move, chosen, begin if move != "retire" else set())


def moved_on(work: Work, move: Move, chosen: Sequence[Unit], begin: set[str]) -> Round | None:
    with or_back(work, move):
        moved = patient(rotation.make, work.wanted.waits.azure)(work.safe, chosen, move, begin)
        if moved and move == "switch":
            seed_secrets.seed_secrets(work.wanted.name)  # Connection strings and copies follow.
    return brought(work, move, moved) if moved else None


def sit_out_overlaps(work: Work, move: Move, chosen: Sequence[Unit]) -> None:
    """A short overlap is worth waiting for: what was begun is then finished in one run."""
    names, now = {unit.name for unit in chosen}, datetime.now(UTC)
    midway = [one for one in survey(work) if one.unit.name in names and one.phase != "at rest"]
    ends = [one.due for one in midway if one.move == move]
    soon = [end for end in ends if end and now < end <= now + SHORT]
    if soon:
        patience = Wait(first=1, every=60, at_most=SHORT.total_seconds() * 2)
        patient(rotation.overlap, patience)(max(soon))


def brought(work: Work, move: Move | None, moved: tuple[Standing, ...]) -> Round:
    """The cluster uses what the vault holds, and answers; else the old values are presented."""
    start = time.monotonic()
    with or_back(work, move):
        patient(rotation.expect, work.wanted.waits.azure)(work.safe, work.units)
        into_the_cluster(work)
    arrived = settled(work)
    return Round(move, moved, arrived, time.monotonic() - start)


def into_the_cluster(work: Work) -> None:
    """Synced, released, proved: the database's Job first, then who reads a Secret that changed."""
    wanted, site = work.wanted, work.site
    synced = configure.secrets_in_place(wanted, site)
    patient(database.set_password, wanted.waits.azure)(
        str(wanted.subscription),
        site.foundation.resource_group_name,
        site.platform.database_server_name,
        Sealed(site.foundation.vault_uri, "pg-password"),
        wanted.polling.resource,
    )
    release.bring(wanted, site, release.releases(wanted, site, synced.revisions))
    test = patient(smoke.verify, wanted.waits.health)
    test(site.cluster, "supabase", wanted.namespace, wanted.name)


def settled(work: Work) -> tuple[Standing, ...]:
    return patient(rotation.settle, work.wanted.waits.vault_access)(work.safe, work.units)


@contextmanager
def or_back(work: Work, move: Move | None) -> Iterator[None]:
    """Whatever fails in here: the old values are presented again where new ones were not proved."""
    try:
        yield
    except DeployError as error:
        go_back(work, move, error)
        raise


def go_back(work: Work, move: Move | None, error: DeployError) -> None:
    """Until a new value was seen to work, its old one is accepted, or written once more."""
    try:
        back = patient(rotation.go_back, work.wanted.waits.vault_access)(work.safe, work.units)
    except DeployError as second:
        error.also(f"New values may be in use, and could not be taken back: {first_line(second)}")
        return
    if not back:
        error.also(LEFT_AS_IT_IS["retire" if move == "retire" else "other"])
        return
    error.also(f"The old values are presented again: {', '.join(back)}.")
    try:
        seed_secrets.seed_secrets(work.wanted.name)  # What follows them goes back, too.
        into_the_cluster(work)
        settled(work)
    except DeployError as second:
        error.also(f"The cluster has not taken them up yet: {first_line(second)}")


def first_line(error: DeployError) -> str:
    return error.message.splitlines()[0]


def conclude(work: Work, rounds: Sequence[Round]) -> str:
    """What rotated, and when what is next; the table is the run's, the sentence the log's."""
    after = survey(work)
    for one in after:
        if one.unit.kind == "provided" and one.is_due(datetime.now(UTC)):
            waiting.logger().warning("%s is old: %s.", one.unit.name, one.unit.why)
    rows = rotation.done(rounds, after)
    rotation.show(work.wanted.name, rows, "What was rotated")
    arrived = [one for turn in rounds for one in turn.arrived]
    if arrived:
        facts = {one.unit.name: f"generation {one.generation}" for one in arrived}
        announce.announce(ROTATED, work.wanted.name, {"rotated": facts})
    said = rotation.summary(arrived, after)
    waiting.logger().info("%s", said)
    return said


@contextmanager
def failure_announced(environment: str) -> Iterator[None]:
    """Whatever ends the run is told, a turn that never came and a wrong name, too."""
    try:
        yield
    except Exception as error:
        announce.announce(FAILED, environment, announce.reason(error))
        raise
