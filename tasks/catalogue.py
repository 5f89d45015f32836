"""Every secret of the platform: how it is made, what it follows from, and who reads it."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Any, Literal

import jwt

Values = Mapping[str, str]
Origin = Literal["generated", "derived", "known", "read from Azure", "provided"]

ISSUER = "supabase"
YEARS = 5
LIFETIME = YEARS * 365 * 24 * 3600
RENEW_BEFORE = 90 * 24 * 3600  # Seconds before a key ends at which it is made anew.


@dataclass(frozen=True)
class Facts:
    """What is public about the environment and goes into some secrets; None is not built yet."""

    storage_account: str
    database_admin: str | None = None
    database_name: str | None = None
    database_host: str | None = None


@dataclass(frozen=True)
class Secret:
    """
    One name in the vault.

    `make` gets the values of `needs` and the facts; it returns None while a fact is missing.
    `fits` says whether an existing value still follows from them; what is generated always does.
    """

    name: str
    origin: Origin
    readers: tuple[str, ...]
    make: Callable[[Values, Facts], str | None] = lambda _values, _facts: None
    needs: tuple[str, ...] = ()
    fits: Callable[[str, Values, Facts], bool] = lambda _value, _values, _facts: True


def generated(name: str, readers: tuple[str, ...], size: int = 32) -> Secret:
    """Random, in letters that URLs and shells leave alone; `size` is in bytes of randomness."""
    return Secret(name, "generated", readers, lambda _values, _facts: secrets.token_hex(size))


def derived(
    name: str,
    readers: tuple[str, ...],
    needs: tuple[str, ...],
    make: Callable[[Values, Facts], str | None],
) -> Secret:
    """Follows from others, to the letter: another value is brought in line."""

    def fits(value: str, values: Values, facts: Facts) -> bool:
        wanted = make(values, facts)
        return wanted is None or value == wanted

    return Secret(name, "derived", readers, make, needs, fits)


def known(name: str, readers: tuple[str, ...], fact: Callable[[Facts], str | None]) -> Secret:
    """Not secret by itself, kept in the vault so that consumers find everything in one place."""

    def make(_values: Values, facts: Facts) -> str | None:
        return fact(facts)

    def fits(value: str, _values: Values, facts: Facts) -> bool:
        return fact(facts) in (None, value)

    return Secret(name, "known", readers, make, (), fits)


def key(name: str, role: str, readers: tuple[str, ...]) -> Secret:
    """A legacy API key: a token for `role`, signed with the JWT secret."""

    def make(values: Values, _facts: Facts) -> str:
        return sign(role, values["jwt-secret"])

    def fits(value: str, values: Values, _facts: Facts) -> bool:
        return is_signed(value, role, values["jwt-secret"])

    return Secret(name, "derived", readers, make, ("jwt-secret",), fits)


def sign(role: str, secret: str) -> str:
    """A Supabase API key as its own generator makes it: no subject, no audience, five years."""
    now = int(time.time())
    claims = {"role": role, "iss": ISSUER, "iat": now, "exp": now + LIFETIME}
    return jwt.encode(claims, secret, algorithm="HS256")


def is_signed(token: str, role: str, secret: str) -> bool:
    """Whether the key belongs to this JWT secret and lives long enough."""
    try:
        claims: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], issuer=ISSUER)
    except jwt.InvalidTokenError:
        return False
    return claims.get("role") == role and claims.get("exp", 0) > time.time() + RENEW_BEFORE


def password(length: int = 40) -> str:
    """Letters and digits, for Azure wants three kinds of signs and URLs want no others."""
    while True:
        word = "".join(secrets.choice(ascii_letters + digits) for _ in range(length))
        kinds = (str.islower, str.isupper, str.isdigit)
        if all(any(kind(sign) for sign in word) for kind in kinds):
            return word


def storage_credentials(_values: Values, _facts: Facts) -> str:
    """What S3Proxy asks of its clients, as the JSON that `supabase-storage-creds` holds."""
    return json.dumps({"keyId": secrets.token_hex(16), "accessKey": secrets.token_hex(32)})


def storage_connection(values: Values, _facts: Facts) -> str:
    account, account_key = (values[f"azure-storage-account-{part}"] for part in ("name", "key"))
    return (
        f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={account_key};"
        "EndpointSuffix=core.windows.net"
    )


def database_connection(values: Values, facts: Facts) -> str | None:
    if facts.database_host is None:
        return None
    user, password, name = (values[f"pg-{part}"] for part in ("username", "password", "database"))
    return f"postgresql://{user}:{password}@{facts.database_host}:5432/{name}?sslmode=require"


CATALOGUE: tuple[Secret, ...] = (
    generated("jwt-secret", ("auth", "rest", "storage", "studio")),
    key("anon-key", "anon", ("gateway", "storage", "studio")),
    key("service-role-key", "service_role", ("gateway", "storage", "studio")),
    known("pg-username", ("auth", "rest", "meta", "storage"), lambda facts: facts.database_admin),
    Secret(
        "pg-password",
        "generated",
        ("auth", "rest", "meta", "storage", "studio"),
        lambda _values, _facts: password(),
    ),
    known("pg-database", ("auth", "rest", "meta", "storage"), lambda facts: facts.database_name),
    derived(
        "postgres-connection-string",
        ("operators",),
        ("pg-username", "pg-password", "pg-database"),
        database_connection,
    ),
    Secret("supabase-storage-creds", "generated", ("storage", "s3proxy"), storage_credentials),
    known("azure-storage-account-name", ("s3proxy",), lambda facts: facts.storage_account),
    Secret("azure-storage-account-key", "read from Azure", ("s3proxy",)),
    derived(
        "storage-connection-string",
        ("operators",),
        ("azure-storage-account-name", "azure-storage-account-key"),
        storage_connection,
    ),
    Secret("dashboard-username", "generated", ("gateway",), lambda _v, _f: "supabase"),
    generated("dashboard-password", ("gateway",), size=16),
    Secret(
        "pg-meta-crypto-key",
        "generated",
        ("meta", "studio"),
        lambda _v, _f: base64.urlsafe_b64encode(secrets.token_bytes(24)).decode(),
    ),
)


def with_provided(names: tuple[str, ...]) -> tuple[Secret, ...]:
    """The catalogue and what a person must bring for this environment."""
    return CATALOGUE + tuple(Secret(name, "provided", ("auth",)) for name in names)
