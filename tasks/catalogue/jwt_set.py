"""All that signs and verifies tokens, in one value: no two halves of it can ever be mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from tasks.catalogue import checks, keys
from tasks.catalogue.keys import Jwk
from tasks.catalogue.rotation import Rotation
from tasks.catalogue.secret import (
    Facts,
    Part,
    Secret,
    Values,
    compact,
    derived,
    hexadecimal,
    properties,
    readers_of,
)

NAME = "jwt-set"
READERS: Mapping[str, tuple[str, ...]] = {
    "jwt-secret": ("auth", "realtime", "storage", "studio", "functions"),
    "jwt-keys": ("auth",),
    "jwt-jwks": ("rest", "realtime", "storage", "functions"),
    "anon-key": ("storage", "studio", "functions", "gateway", "test"),
    "service-role-key": ("storage", "studio", "functions", "gateway", "test"),
    "anon-key-asymmetric": ("gateway",),
    "service-role-key-asymmetric": ("gateway",),
}
ROLES = {"anon-key": "anon", "service-role-key": "service_role"}
NEWER = {"anon-key": "publishable-key", "service-role-key": "secret-key"}
COPIES = ("jwt-secret", "anon-key", "service-role-key")
FOLLOWS = Rotation("follows", None, NAME, "a copy for people; the cluster reads the set")


def entries(days: int) -> tuple[Secret, ...]:
    """The set, and under the names that people know, what they look for."""
    parts = tuple(Part(name, name, readers) for name, readers in READERS.items())

    def make(values: Values, _facts: Facts) -> str:
        return text(complete({**values, **parse(values.get(NAME, ""))}))

    def fits(value: str, _values: Values, _facts: Facts) -> bool:
        found = parse(value)
        return set(found) == set(READERS) and complete(found) == found

    def copied(name: str) -> Secret:
        def part(values: Values, _facts: Facts) -> str:
            return parse(values[NAME])[name]

        copy = derived(name, f"as in `{NAME}`", FOLLOWS, (NAME,), part)
        return replace(copy, check=checks.at_least(checks.WEAK))

    def check(value: str) -> str:
        return "" if fits(value, {}, Facts("")) else "is no JSON of all members that agree"

    whole = Secret(
        NAME,
        "generated",
        readers_of(parts),
        f"JSON: {', '.join(f'`{name}`' for name in READERS)}",
        Rotation("tokens", days, NAME),
        make,
        fits=fits,
        parts=parts,
        adopts=tuple(READERS),
        check=check,
    )
    return (whole, *map(copied, COPIES))


def parse(value: str) -> dict[str, str]:
    return properties(value)


def text(members: Mapping[str, str]) -> str:
    return compact({name: members[name] for name in READERS})


def unproven(brought: Values, present: Values) -> dict[str, str]:
    """What is wrong with brought API keys, by the secret that comes with them or is there."""
    own = {**present, **parse(present.get(NAME, "")), **parse(brought.get(NAME, "")), **brought}
    secret = own.get("jwt-secret")
    found = {name: role for name, role in ROLES.items() if name in brought}
    if secret is None:
        return dict.fromkeys(found, "needs the jwt-secret that signed it: bring both")
    flaws = {name: keys.refusal(brought[name], role, secret) for name, role in found.items()}
    return {name: flaw for name, flaw in flaws.items() if flaw}


def ending(value: str) -> list[str]:
    """Keys of the old kind near their end: clients hold them, so a person chooses the day."""
    found = parse(value)
    near = {
        name: keys.end(found[name])
        for name, role in ROLES.items()
        if not keys.refusal(found.get(name, ""), role, found.get("jwt-secret", ""))
        and keys.ends_soon(found[name])
    }
    return [
        f"{name}: it ends on {datetime.fromtimestamp(last or 0, UTC):%Y-%m-%d}; clients that hold "
        f"it then need another. Give them {NEWER[name]}, or choose the day yourself: "
        "`python -m flows rotate --only jwt-secret`."
        for name, last in near.items()
    ]


def complete(found: Mapping[str, str]) -> dict[str, str]:
    """A set whose members agree: what fits stays, what is missing or does not fit is made."""
    secret = found.get("jwt-secret") or hexadecimal(32)()
    return members(secret, keys.ring_of(found.get("jwt-keys", "")) or [keys.new_key()], found)


def members(secret: str, ring: Sequence[Jwk], found: Mapping[str, str]) -> dict[str, str]:
    """The set of this secret and these keys, the signing one first; tokens that fit stay."""
    made = {
        "jwt-secret": secret,
        "jwt-keys": keys.private_set(ring, secret),
        "jwt-jwks": keys.public_set(ring, secret),
    }
    for name, role in ROLES.items():
        old, new = found.get(name, ""), found.get(f"{name}-asymmetric", "")
        refused = keys.refusal(old, role, secret)
        made[name] = keys.sign(role, secret) if refused else old
        fits = keys.is_signed_asymmetric(new, role, ring[0])
        made[f"{name}-asymmetric"] = new if fits else keys.sign_asymmetric(role, ring[0])
    return made
