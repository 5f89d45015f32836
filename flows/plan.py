"""What a deploy would do, in all its stages, with nothing done."""

from collections.abc import Iterator
from dataclasses import replace

from flows import configure, release, seed_secrets
from flows.preflight import preflight, state_of, with_known_state
from tasks import (
    access,
    charts,
    database,
    edge,
    grafana,
    helm,
    outlook,
    registry,
    role_assignments,
    state_storage,
    terraform,
    turn,
    wait,
)
from tasks import environment as environments
from tasks import preflight as questions
from tasks.access import Site
from tasks.announce import announce
from tasks.charts import Package
from tasks.environment import Environment
from tasks.errors import PreflightError
from tasks.helm import Previewed, Release, Standing
from tasks.key_vault import Sealed
from tasks.outlook import Outlook, Part
from tasks.stage import nested, stage
from tasks.terraform import Plan, Preview
from tasks.wait import patient

NO_CLUSTER = "there is no cluster yet whose objects it could be compared with"
REVISIONS = "secretsRevisions"  # The one value that follows from the vault, not from files.


@stage
def plan(environment: str) -> Outlook:
    """
    Show everything that a deploy would do: Azure, secrets, images, releases; change nothing.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        with nested():
            unregistered = preflight(environment, registers=False)
        found = [registration(unregistered), *state_part(wanted)]
        wanted = with_known_state(wanted, state_of(wanted))
        stacks, site = infrastructure(wanted)
        found += stacks
        found += seeding(wanted)
        found += [*beside(wanted, site), *releases(wanted, site)]
        found.append(Part("verify", "smoke test"))
    result = Outlook(wanted.name, tuple(found))
    tell(result)
    announce("supabase.deploy.planned", wanted.name, {"summary": str(result)})
    return result


def tell(found: Outlook) -> None:
    """One page in the UI; in the log what fits on a screen."""
    wait.page(found.markdown(), f"deploy-plan-{found.environment}")
    log = wait.logger()
    for part in found.parts:
        log.info("%s, %s: %s.", part.stage, part.subject, part.verdict)
        for change in part.severe:
            log.warning("%s", change)
    log.info("%s", found)


def registration(names: tuple[str, ...]) -> Part:
    asked = tuple(f"register {name} with the subscription" for name in names)
    return Part("preflight", "Azure's services", asked)


def state_part(wanted: Environment) -> Iterator[Part]:
    """The storage of the state, where it lies in Azure."""
    if wanted.state.kind == "local":
        return
    look = patient(state_storage.look, wanted.waits.azure)
    found = look(wanted, role_assignments.caller())
    stack = terraform.bootstrap(wanted, found.given(wanted.state))
    seen = patient(terraform.preview, wanted.waits.azure)(stack)
    yield planned("bootstrap", "the state's storage", seen.plan)


def infrastructure(wanted: Environment) -> tuple[list[Part], Site | None]:
    """Both stacks, and the way into the cluster as it is now; None while there is none."""
    preview = patient(terraform.preview, wanted.waits.azure)
    base = preview(terraform.foundation(wanted))
    built = terraform.assumed(base.forecast, str(wanted.subscription))
    top = preview(terraform.platform(wanted, built))
    parts = [
        *purges(wanted, base),
        planned("provision", "foundation", base.plan),
        planned("provision", "platform", top.plan),
    ]
    try:
        site = access.enter(wanted)
    except PreflightError:
        return parts, None
    gone = {change.address for change in top.plan.changes if change.destructive}
    rebuilt = any("azurerm_kubernetes_cluster.this" in address for address in gone)
    return parts, None if rebuilt else site


def purges(wanted: Environment, base: Preview) -> Iterator[Part]:
    """A deleted vault that stands in the way, where the environment says that it may go."""
    if wanted.deleted_vault == "purge":
        ask = patient(questions.deleted, wanted.waits.azure)
        doomed = ask(str(wanted.subscription), base.forecast.planned)
        lines = tuple(f"purge the deleted vault {one.name} for good" for one in doomed)
        yield Part("provision", "deleted vaults", lines, severe=lines)


def planned(stage_name: str, subject: str, plan: Plan) -> Part:
    """A plan of Terraform: each thing that exists by itself, new things by their kind."""
    new = [(kind_of(one.address), one.address) for one in plan.changes if one.action == "create"]
    touched = {
        change: f"{change.action} `{change.address}`"
        + (f": {why}" if (why := change.reason) else "")
        for change in plan.changes
        if change.action != "create"
    }
    changes = [*touched.values(), *outlook.folded("create", new)]
    if plan.outputs_only:
        changes.append("write outputs that changed; no resource does")
    severe = tuple(text for change, text in touched.items() if change.destructive)
    return Part(stage_name, subject, tuple(changes), severe=severe)


def kind_of(address: str) -> str:
    return next(
        part for part in address.split(".") if part.startswith("azurerm_") or part == address
    )


def seeding(wanted: Environment) -> Iterator[Part]:
    """Which secrets would get a value, and why; as `seed_secrets` decides it."""
    try:
        with nested():
            decided = seed_secrets.seed_secrets(wanted.name, dry_run=True)
    except PreflightError as error:  # Not built yet, or not ours to read.
        if terraform.holds(terraform.foundation(wanted)):
            yield Part("provision", "secrets", unknown=error.message)
        else:
            count = len(seed_secrets.secrets(wanted))
            yield Part("provision", "secrets", (f"create all {count} in a new vault",))
        return
    told = {"created": "create", "renewed": "renew", "replaced": "replace", "later": "create later"}
    written = tuple(f"{word} `{one.name}`" for one in decided if (word := told.get(one.action, "")))
    yield Part("provision", "secrets", written)


def beside(wanted: Environment, site: Site | None) -> Iterator[Part]:
    """What `configure` does in Azure beside the cluster."""
    patience, subscription = wanted.waits.azure, str(wanted.subscription)
    if site is None:
        yield Part("configure", "PostgreSQL", ("take the vault's administrator password",))
        return
    group = site.foundation.resource_group_name
    behind = patient(database.behind, patience)(
        subscription,
        group,
        site.platform.database_server_name,
        Sealed(site.foundation.vault_uri, "pg-password"),
    )
    yield Part(
        "configure",
        "PostgreSQL",
        ("take the vault's administrator password",) if behind else (),
    )
    if site.platform.edge.kind == "appRouting":
        lacks = patient(edge.lacks, patience)(subscription, group, site.platform.cluster_name)
        yield Part("configure", "Gateway API", ("switch it on in the cluster",) if lacks else ())
    titles = patient(grafana.outdated, patience)(
        site.platform.grafana_endpoint, configure.drawn(wanted, site)
    )
    yield Part("configure", "dashboards", tuple(f"publish {title}" for title in titles))


def releases(wanted: Environment, site: Site | None) -> Iterator[Part]:
    """Images and releases, object by object where there is something to compare with."""
    packages = charts.package("platform", *release.CHARTS)
    if site is None:
        first = ("external-secrets", "platform", *release.CHARTS)
        for name in first:
            yield Part("release", name, (f"install {name}",), NO_CLUSTER)
        return
    yield from images(wanted, site)
    standing, wished = compared(wanted, site, packages)
    different = [one for one in wished if not standing[one.name].is_at(one)]
    seen: dict[str, Previewed] = {}
    if different:
        preview = patient(helm.preview, wanted.waits.run_command)
        sent = [carried(one, packages) for one in different]
        seen = {one.name: one for one in preview(site.cluster, *sent)}
    for one in wished:
        yield told(one, standing[one.name], seen.get(one.name))


def images(wanted: Environment, site: Site) -> Iterator[Part]:
    """Which images a release would bring into the registry first."""
    if wanted.images == "import":
        named = release.images(release.values(wanted, site, {}))
        place = configure.server(wanted, site.foundation)
        missing = patient(registry.lacking, wanted.waits.azure)(place, named)
        yield Part("release", "images", tuple(f"import {image.text}" for image in missing))


def compared(
    wanted: Environment, site: Site, packages: dict[str, Package]
) -> tuple[dict[str, Standing], list[Release]]:
    """What stands, and what is wished for; revisions of secrets stay those that the pods have."""
    sources = {name: source(wanted, site, package) for name, package in packages.items()}
    ground = [one for group in configure.base_releases(wanted, site, sources) for one in group]
    names = [(one.name, one.namespace) for one in ground]
    names += [(chart, wanted.namespace) for chart in release.CHARTS]
    look = patient(helm.standing, wanted.waits.run_command)
    standing = look(site.cluster, *names)
    revisions = {
        secret: str(revision)
        for chart in release.CHARTS
        for secret, revision in standing[chart].values.get(REVISIONS, {}).items()
    }
    given = release.values(wanted, site, revisions)
    return standing, [*ground, *release.composed(wanted, sources, given)]


def source(wanted: Environment, site: Site, package: Package) -> configure.Source:
    """As `configure.our_charts` says it, without publishing anything."""
    if wanted.chart_source == "context":
        return package
    return registry.place(configure.server(wanted, site.foundation), charts.stamped(package))


def carried(one: Release, packages: dict[str, Package]) -> Release:
    """Our own charts travel with the question: they may not be published yet."""
    return replace(one, chart=packages[one.name]) if one.name in packages else one


def told(one: Release, standing: Standing, seen: Previewed | None) -> Part:
    stage_name = "release" if one.name in release.CHARTS else "configure"
    if seen is None:
        return Part(stage_name, one.name)
    if seen.unknown:
        verb = "upgrade" if standing.revision else "install"
        return Part(stage_name, one.name, (f"{verb} {one.name}",), seen.unknown)
    if not standing.revision:
        objects = [(kind, name) for kind, name, *_ in map(str.split, seen.changes)]
        return Part(stage_name, one.name, tuple(outlook.folded("create", objects)))
    same = "a new revision; its objects stay the same"
    gone = tuple(change for change in seen.changes if change.endswith(" goes"))
    return Part(stage_name, one.name, seen.changes or (same,), severe=gone)
