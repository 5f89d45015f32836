"""Work pools: one for each environment, so that a worker holds the credentials of one."""

from collections.abc import Sequence

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool

from tasks.environment import Environment
from tasks.errors import RefusedError
from tasks.register.pages import all_of
from tasks.register.wanted import MARK, Change, template
from tasks.step import step


@step("work-pools")
def bring(environments: Sequence[Environment], *, prune: bool) -> list[Change]:
    """Create and update the pools; one that somebody else has made is left as it is."""
    with get_client(sync_client=True) as client:
        pools = all_of(lambda limit, offset: client.read_work_pools(limit=limit, offset=offset))
        found = {pool.name: pool for pool in pools}
        changes = [bring_one(client, found, environment) for environment in environments]
        wanted = {name(environment) for environment in environments}
        for pool in pools if prune else ():
            if ours(pool) and pool.name not in wanted:
                client.delete_work_pool(pool.name)
                changes.append(Change("removed", "work pool", pool.name, "no environment uses it"))
    return [change for change in changes if change]


def name(environment: Environment) -> str:
    return f"supabase-{environment.name}"


def described(environment: Environment) -> str:
    return f"Runs of {environment.name}; its worker holds the credentials of no other. {MARK}"


def ours(pool: WorkPool) -> bool:
    return (pool.description or "").endswith(MARK)


def bring_one(
    client: SyncPrefectClient, found: dict[str, WorkPool], environment: Environment
) -> Change | None:
    kind, title, text = environment.worker.kind, name(environment), described(environment)
    wanted = template(environment)
    pool = found.get(title)
    if pool is None:
        new = WorkPoolCreate(name=title, type=kind, description=text, base_job_template=wanted)
        client.create_work_pool(new)
        return Change("created", "work pool", title, kind)
    if not ours(pool):
        return Change("left alone", "work pool", title, "somebody else made it")
    if pool.type != kind:
        raise RefusedError(
            f"Work pool {title} is of type {pool.type}, and {environment.name} wants {kind}; "
            "Prefect cannot change the type of a pool.",
            f"Stop its worker, run `prefect work-pool delete {title}`, and register again.",
        )
    if pool.base_job_template == wanted and pool.description == text:
        return None
    client.update_work_pool(title, WorkPoolUpdate(description=text, base_job_template=wanted))
    return Change("changed", "work pool", title)
