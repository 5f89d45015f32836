"""Who presents reads a credential, who verifies reads the accepted ones: the newest comes first."""

from collections.abc import Callable, Mapping

from tasks.catalogue import checks
from tasks.catalogue.rotation import Kind, Rotation
from tasks.catalogue.secret import (
    Facts,
    Part,
    Secret,
    Values,
    generated_json,
    password,
    properties,
)

# The role that owns what a service keeps in the database; its logins are members of it.
ROLES: Mapping[str, str] = {
    "auth": "supabase_auth_admin",
    "rest": "authenticator",
    "realtime": "supabase_admin",
    "storage": "supabase_storage_admin",
    "meta": "postgres",
    "functions": "supabase_functions",
    "supavisor": "supabase_supavisor",
    "analytics": "supabase_analytics",
}


def login(service: str, days: int | None, *readers: str, why: str = "") -> tuple[Secret, Secret]:
    """
    How a service signs in to the database, and which of its logins are valid.

    The names of logins alternate between two, so that the next one can be made beside the present.
    Without `days` one is replaced only when asked for; `why` tells the reason.
    """
    name = f"pg-{service}"
    kind: Kind = "accepted" if days else "on demand"

    def make() -> dict[str, str]:
        return {"username": f"{ROLES[service]}_1", "password": password()}

    presented = generated_json(
        name,
        f"JSON: `username`, which is `{ROLES[service]}_1` or `…_2`, and `password`",
        Rotation(kind, days, name, why),
        make,
        Part("username", f"{name}-username", readers),
        Part("password", f"{name}-password", readers),
        check={
            "username": checks.one_of(f"{ROLES[service]}_1", f"{ROLES[service]}_2"),
            "password": checks.in_url,
        },
    )
    form = "`username:password`, comma, …"
    return presented, accepted(presented, pair("username", "password"), form, "database")


def accepted(presented: Secret, entry: Callable[[str], str], form: str, *readers: str) -> Secret:
    """Every value of `presented` that is valid now: several of them while it rotates."""
    name = f"{presented.name}-accepted"

    def make(values: Values, _facts: Facts) -> str:
        new = entry(values[presented.name])
        old = [one for one in values.get(name, "").split(",") if one and who(one) != who(new)]
        return ",".join([new, *old])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        return entry(values[presented.name]) in value.split(",")

    unit = presented.rotation.unit
    rotation = Rotation("follows", None, unit, f"what is valid beside `{presented.name}`")
    return Secret(name, "derived", readers, form, rotation, make, (presented.name,), fits)


def pair(first: str, second: str) -> Callable[[str], str]:
    """An entry of two properties of a JSON value."""

    def entry(value: str) -> str:
        found = properties(value)
        return f"{found[first]}:{found[second]}"

    return entry


def who(entry: str) -> str:
    """Whom an entry is about; one name has one secret only."""
    return entry.partition(":")[0]
