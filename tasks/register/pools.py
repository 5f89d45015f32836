"""Work pools: one for each environment, so that a worker holds the credentials of one."""

from collections.abc import Sequence

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkPool

from tasks.errors import RefusedError
from tasks.register.pages import all_of
from tasks.register.wanted import MARK, Change, Place, template
from tasks.step import step


@step("work-pools")
def bring(wanted: Sequence[Place], *, prune: bool) -> list[Change]:
    """Create and update the pools; one that somebody else has made is left as it is."""
    with get_client(sync_client=True) as client:
        pools = all_of(lambda limit, offset: client.read_work_pools(limit=limit, offset=offset))
        found = {pool.name: pool for pool in pools}
        changes = [bring_one(client, found.get(place.name), place) for place in wanted]
        names = {place.name for place in wanted}
        for pool in pools if prune else ():
            if ours(pool) and pool.name not in names:
                client.delete_work_pool(pool.name)
                changes.append(Change("removed", "work pool", pool.name, "no environment uses it"))
    return [change for change in changes if change]


def ours(pool: WorkPool) -> bool:
    return (pool.description or "").endswith(MARK)


def bring_one(client: SyncPrefectClient, pool: WorkPool | None, place: Place) -> Change | None:
    kind, title, text = place.worker.kind, place.name, place.description
    if pool is None:
        new = WorkPoolCreate(
            name=title, type=kind, description=text, base_job_template=template(place, {})
        )
        client.create_work_pool(new)
        return Change("created", "work pool", title, kind)
    if not ours(pool):
        return Change("left alone", "work pool", title, "somebody else made it")
    if pool.type != kind:
        raise RefusedError(
            f"Work pool {title} is of type {pool.type}, and {place.said} wants {kind}; "
            "Prefect cannot change the type of a pool.",
            f"Stop its worker, run `prefect work-pool delete {title}`, and register again.",
        )
    wanted = template(place, pool.base_job_template)
    if pool.base_job_template == wanted and pool.description == text:
        return None
    client.update_work_pool(title, WorkPoolUpdate(description=text, base_job_template=wanted))
    return Change("changed", "work pool", title)
