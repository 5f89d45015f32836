"""What is not as it was decided: looked for, told once, followed until it is resolved."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows import configure, plan, release, rotate, seed_secrets
from tasks import announce, charts, external_secrets, key_vault, role_assignments, terraform, turn
from tasks import drift as drifting
from tasks import environment as environments
from tasks.access import Site, way
from tasks.catalogue import Consumer
from tasks.drift import Answers, Chronicle, Finding, Seen, Sifted, Wished
from tasks.environment import Environment
from tasks.external_secrets import Content, Expectation, Source
from tasks.key_vault import Described
from tasks.rotation import Policy
from tasks.stage import stage
from tasks.terraform import Deviations, Foundation, Platform
from tasks.wait import patient

COPY = "drift"  # A working copy of its own: a deploy may be at work in the other.
MOST = 50  # Fingerprints in one event.
Questions = dict[str, Callable[[], Iterable[Finding]]]  # By source; each waits for its step.
Held = Mapping[str, Described]


@stage
def drift(environment: str) -> Any:
    """
    Look for what is not as it was decided, in Azure, the vault and the cluster; change nothing.

    Drift is no failure: the run completes as Drifted, and what is new is announced once. While
    another run changes the environment, this one looks away.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted, now = environments.load(environment), datetime.now(UTC)
    if busy := turn.holder(wanted):
        return drifting.looked_away(busy)
    answers = look(wanted, now)
    sifted = drifting.sift(tuple(answers.told()), wanted.ignore, wanted.name, now.date())
    if busy := turn.holder(wanted):
        drifting.show(wanted.name, sifted, doubt=f"Uncertain: {busy}")
        return drifting.doubtful(sifted.counted, busy)
    chronicle = drifting.continued(
        drifting.remembered(wanted.name), sifted, now, blind=answers.blind
    )
    drifting.show(wanted.name, sifted, chronicle)
    drifting.remember(wanted.name, chronicle)
    tell(wanted, sifted, chronicle)
    return drifting.concluded(sifted.counted, chronicle)


def tell(wanted: Environment, sifted: Sifted, chronicle: Chronicle) -> None:
    """Only news: who acts on events acts once."""
    counts = drifting.counted(sifted.counted)
    if new := chronicle.new:
        marks = [one.fingerprint for one in new][:MOST]
        fresh = drifting.counted(new)  # The worst comes first.
        facts: dict[str, Any] = {"severity": next(iter(fresh)), "new": fresh, "open": counts}
        announce.announce("supabase.drift.detected", wanted.name, facts | {"fingerprints": marks})
    if ended := chronicle.resolved:
        marks = [one.fingerprint for one in ended][:MOST]
        facts = {"resolved": len(ended), "open": counts}
        announce.announce("supabase.drift.resolved", wanted.name, facts | {"fingerprints": marks})


def look(wanted: Environment, now: datetime) -> Answers:
    """Ask everything at once; what cannot be asked is a finding, and the rest goes on."""
    answers = Answers()
    base = replace(terraform.foundation(wanted), copy=COPY)
    built = answers.ask("foundation", lambda: terraform.outputs(base, Foundation))
    if built is None:
        answers.skip("platform", "vault", "access", "cluster", "kubernetes", "database")
        return answers
    patience = wanted.waits.look
    compare = patient(terraform.deviations, patience)
    below = compare.submit(base)
    describe = patient(drifting.describe, patience).submit(key_vault.described, built.vault_uri)
    asked: Questions = {"foundation": lambda: resources(wanted, below.result())}

    top = replace(terraform.platform(wanted, built), copy=COPY)
    grown = answers.ask("platform", lambda: terraform.outputs(top, Platform))
    held: Held | None = answers.ask("vault", describe.result)
    if held is not None:
        asked["vault"] = lambda: vault(wanted, built.vault_name, held, now)
    else:
        answers.skip("cluster/contents", "cluster/digests")
    if grown is None:
        answers.skip("access", "cluster", "kubernetes", "database")
    else:
        above = compare.submit(top)
        asked["platform"] = lambda: resources(wanted, above.result())
        asked |= questions(wanted, built, grown, now)
        asked["cluster"] = inside(wanted, built, grown, held, now)
    for source, question in asked.items():
        answers.take(source, question)
    return answers


def questions(wanted: Environment, built: Foundation, grown: Platform, now: datetime) -> Questions:
    """What Azure is asked beside Terraform, all at work when this returns."""
    patience, tfvars = wanted.waits.look, tfvars_of(wanted)
    place = (str(wanted.subscription), built.location)
    assigned = patient(role_assignments.compare, patience).submit(
        str(wanted.subscription),
        (*built.role_assignments, *grown.role_assignments),
        built.resource_group_id,
        (built.deployer_object_id,),
    )
    kubernetes = patient(drifting.kubernetes, patience).submit(*place, grown.cluster_id, tfvars)
    database = patient(drifting.database, patience).submit(
        *place, grown.database_server_id, tfvars, now.date()
    )
    return {
        "access": lambda: drifting.access(
            *assigned.result(), wanted.name, assigns=built.roles_assigned
        ),
        "kubernetes": kubernetes.result,
        "database": database.result,
    }


def resources(wanted: Environment, found: Deviations) -> Iterator[Finding]:
    return drifting.infrastructure(found.outside, found.pending, wanted.name, tfvars_of(wanted))


def tfvars_of(wanted: Environment) -> str:
    """As a remedy names it."""
    return str(Path("terraform") / wanted.tfvars_file)


def vault(wanted: Environment, name: str, held: Held, now: datetime) -> Iterator[Finding]:
    policy = Policy(wanted.rotation)
    periods = {
        member.name: days
        for unit in rotate.everything(wanted)
        if (days := policy.days(unit))
        for member in unit.members
    }
    place = drifting.Place(wanted.name, name)
    return drifting.vault(seed_secrets.secrets(wanted), held, periods, place, now)


def inside(
    wanted: Environment, built: Foundation, grown: Platform, held: Held | None, now: datetime
) -> Callable[[], Iterator[Finding]]:
    """The one command in the cluster, at work when this returns."""
    readers = configure.consumers(wanted)
    cluster = way(wanted, built.resource_group_name, grown.cluster_name)
    wishes = wished(wanted, Site(built, grown, cluster), readers, held)
    expected = Expectation(Source(built.vault_uri, present(readers, held), key_vault.read))
    seen = patient(drifting.look, wanted.waits.look).submit(
        cluster, wanted.namespace, wishes, expected if held else None
    )

    def judged() -> Iterator[Finding]:
        found: Seen = seen.result()
        yield from drifting.cluster(found, wishes, wanted.name, now)
        yield from drifting.synced(found, readers, held or {}, wanted.name)

    return judged


def present(readers: Sequence[Consumer], held: Held | None) -> tuple[Consumer, ...]:
    """Readers of what the vault has; what it lacks is told by itself."""
    names = {name for name, one in (held or {}).items() if one.enabled}
    return tuple(
        replace(one, keys=tuple(key for key in one.keys if key.remote in names)) for one in readers
    )


def wished(
    wanted: Environment, site: Site, readers: Sequence[Consumer], held: Held | None
) -> tuple[Wished, ...]:
    """Every release as the files want it; without the vault, what follows from it is unknown."""
    packages = charts.package("platform", *release.CHARTS)
    sources = {name: plan.source(wanted, site, package) for name, package in packages.items()}
    ground = [one for group in configure.base_releases(wanted, site, sources) for one in group]
    versions = {name: one.version for name, one in (held or {}).items()}
    revisions = external_secrets.revisions(
        [
            Content(one.secret, key.name, key.remote, versions.get(key.remote, ""), "")
            for one in readers
            for key in one.keys
        ]
    )
    ours = release.composed(wanted, sources, release.values(wanted, site, revisions))
    return tuple(
        Wished(
            one.name,
            one.namespace,
            one.digest if held or one.name not in release.CHARTS else "",
            one.chart.version,
            one.values,
            certificates(one.values.get("edge") or {}),
        )
        for one in (*ground, *ours)
    )


def certificates(edge: Mapping[str, Any]) -> tuple[str, ...]:
    """The Secrets with which the edge ends TLS."""
    route = edge.get("httpRoute") or {}
    ways = {"httpRoute": route.get("create") or {}, "ingress": edge.get("ingress") or {}}
    name = ways.get(edge.get("kind", ""), {}).get("tlsSecret")
    return (str(name),) if name else ()
