"""Every secret of the platform: how it is made, what it follows from, who reads and renews it."""

from collections.abc import Callable, Collection, Mapping

from tasks.catalogue import checks, jwt_set
from tasks.catalogue.accepted import accepted, login, pair
from tasks.catalogue.checks import Check
from tasks.catalogue.connections import (
    database_connection,
    storage_connection,
    storage_credentials,
)
from tasks.catalogue.consumers import Consumer, consumers
from tasks.catalogue.keys import opaque_key, shared_key
from tasks.catalogue.rotation import Rotation
from tasks.catalogue.secret import (
    Facts,
    Part,
    Secret,
    Values,
    aes_key,
    derived,
    generated,
    generated_json,
    hexadecimal,
    known,
    password,
    provided,
    urlsafe,
)
from tasks.errors import ConfigError

__all__ = [
    "CATALOGUE",
    "OPTIONAL",
    "Consumer",
    "Facts",
    "Rotation",
    "Secret",
    "Values",
    "consumers",
    "of",
    "password",
]

SEASON = 90  # Days after which a secret is due for a new value.

ENCRYPTS = "what the service has stored could not be read any more"
OUTSIDE = "clients outside of the cluster hold it"
POOLED = "clients of the pooler sign in with it, and are refused until they have the new one"


def inner(
    name: str, form: str, make: Callable[[], str], reader: str, check: Check = checks.anything
) -> Secret:
    """Known to one service only: no two can hold different values of it."""
    return generated(name, form, Rotation("replace", SEASON, name), make, reader, check=check)


def between(name: str, cost: str, *readers: str) -> Secret:
    """Two services agree on it and take one value each, so both fail until both have restarted."""
    rotation = Rotation("on demand", None, name, cost)
    check = checks.at_least(checks.WEAK)
    return generated(name, "32 signs", rotation, urlsafe(24), *readers, check=check)


def fixed(name: str, form: str, make: Callable[[], str], *readers: str, check: Check) -> Secret:
    """Encrypts what is stored."""
    rotation = Rotation("fixed", None, name, ENCRYPTS)
    return generated(name, form, rotation, make, *readers, check=check)


def api_key(name: str, *readers: str) -> tuple[Secret, Secret]:
    """What clients present, and what the gateway accepts."""
    prefix = f"sb_{name.removesuffix('-key')}_"
    presented = generated(
        name,
        f"`{prefix}`, 22 random signs, `_` and a checksum",
        Rotation("on demand", None, name, OUTSIDE),
        lambda: opaque_key(prefix),
        *readers,
        check=checks.starts(prefix),
    )
    return presented, accepted(presented, str, "keys with commas between", "gateway")


STORAGE = generated_json(
    "supabase-storage-creds",
    "JSON: `keyId` and `accessKey`",
    Rotation("accepted", SEASON, "supabase-storage-creds"),
    storage_credentials,
    *(Part(name, name, ("storage",)) for name in ("keyId", "accessKey")),
    check={"keyId": checks.in_url, "accessKey": checks.in_url},
)

CATALOGUE: tuple[Secret, ...] = (
    # Tokens and keys of the API: what signs, what verifies, what clients hold.
    *jwt_set.entries(SEASON),
    *api_key("publishable-key", "studio", "functions", "test"),
    *api_key("secret-key", "studio", "functions", "test"),
    # The database: its administrator, and logins of one role for each service.
    known("pg-username", "the administrator's login", lambda f: f.database_admin, "database"),
    generated(
        "pg-password",
        "40 letters and digits",
        Rotation("administrator", SEASON, "pg-password"),
        password,
        "database",
        check=checks.administrator,
    ),
    known("pg-database", "the database's name", lambda facts: facts.database_name),
    derived(
        "postgres-connection-string",
        "URL of the administrator",
        Rotation("follows", None, "pg-password", "built from it"),
        ("pg-username", "pg-password", "pg-database"),
        database_connection,
    ),
    *login("auth", SEASON, "auth"),
    *login("rest", SEASON, "rest"),
    *login("realtime", SEASON, "realtime"),
    *login("storage", SEASON, "storage"),
    *login("meta", SEASON, "meta", "studio"),
    *login("functions", SEASON, "functions"),
    # Files: what clients of Supabase, of S3Proxy and of Azure sign with.
    generated(
        "s3-protocol-access-key-id",
        "32 hexadecimal digits",
        Rotation("on demand", None, "s3-protocol", OUTSIDE),
        hexadecimal(16),
        "storage",
    ),
    generated(
        "s3-protocol-access-key-secret",
        "64 hexadecimal digits",
        Rotation("on demand", None, "s3-protocol", OUTSIDE),
        hexadecimal(32),
        "storage",
    ),
    STORAGE,
    accepted(STORAGE, pair("keyId", "accessKey"), "`keyId:accessKey`, comma, …", "s3proxy"),
    known(
        "azure-storage-account-name",
        "the account's name",
        lambda facts: facts.storage_account,
        "s3proxy",
    ),
    Secret(
        "azure-storage-account-key",
        "read from Azure",
        ("s3proxy",),
        "one of the account's two keys",
        Rotation("account key", SEASON, "azure-storage-account-key"),
    ),
    derived(
        "storage-connection-string",
        "connection string of the account",
        Rotation("follows", None, "azure-storage-account-key", "built from it"),
        ("azure-storage-account-name", "azure-storage-account-key"),
        storage_connection,
    ),
    # Within services.
    fixed(
        "realtime-enc-key",
        "16 signs: an AES key",
        hexadecimal(8),
        "realtime",
        check=checks.exactly(16),
    ),
    inner(
        "realtime-secret-key-base",
        "64 signs",
        urlsafe(48),
        "realtime",
        check=checks.at_least(64),
    ),
    inner(
        "realtime-metrics-secret",
        "64 hexadecimal digits",
        hexadecimal(32),
        "realtime",
        check=checks.at_least(checks.WEAK),
    ),
    shared_key(
        "realtime-metrics-token",
        "metrics",
        Rotation("follows", None, "realtime-metrics-secret", "signed by it"),
        "realtime-metrics-secret",
        "metrics",
    ),
    between(
        "pg-meta-crypto-key",
        "Studio's tables and SQL fail until both have restarted",
        *("meta", "studio"),
    ),
    # People.
    generated(
        "dashboard-username",
        "`supabase`",
        Rotation("fixed", None, "dashboard-username", "a name, and no secret"),
        lambda: "supabase",
        *("gateway", "test"),
        check=checks.name,
    ),
    generated(
        "dashboard-password",
        "32 hexadecimal digits",
        Rotation("on demand", None, "dashboard-password", "people sign in with it"),
        hexadecimal(16),
        *("gateway", "test"),
    ),
    # What was valid once: the end-to-end test expects each of them to be refused.
    generated(
        "retired-credentials",
        "JSON: a retired value under the name of each secret that has one",
        Rotation("follows", None, "retired-credentials", "every rotation writes what it retired"),
        lambda: "{}",
        "test",
    ),
)

# What components that are off by default add, or what takes the place of an entry above.
OPTIONAL: Mapping[str, tuple[Secret, ...]] = {
    "supavisor": (
        *login("supavisor", SEASON, "supavisor"),
        login("meta", None, "meta", "studio", "supavisor", why=POOLED)[0],
        inner(
            "supavisor-secret-key-base",
            "64 signs",
            urlsafe(48),
            "supavisor",
            check=checks.at_least(64),
        ),
        fixed(
            "supavisor-vault-enc-key",
            "32 signs: an AES key",
            hexadecimal(16),
            "supavisor",
            check=checks.exactly(32),
        ),
        *(
            inner(
                f"supavisor-{name}-secret",
                "64 hexadecimal digits",
                hexadecimal(32),
                "supavisor",
                check=checks.at_least(checks.WEAK),
            )
            for name in ("api", "metrics")
        ),
    ),
    "analytics": (
        *login("analytics", SEASON, "analytics"),
        between(
            "analytics-public-token",
            "logs that Vector sends are refused until both have restarted",
            *("analytics", "vector"),
        ),
        between(
            "analytics-private-token",
            "Studio's logs are refused until both have restarted",
            *("analytics", "studio"),
        ),
        fixed(
            "analytics-encryption-key",
            "32 bytes as base64",
            aes_key,
            "analytics",
            check=checks.base64_of(32),
        ),
        inner(
            "analytics-secret-key-base",
            "64 signs",
            urlsafe(48),
            "analytics",
            check=checks.at_least(64),
        ),
    ),
}


def of(components: Collection[str] = (), brought: Collection[str] = ()) -> tuple[Secret, ...]:
    """The catalogue of one environment: optional components and people add to it."""
    chosen = [secret for name in OPTIONAL if name in components for secret in OPTIONAL[name]]
    ours = {
        secret.name for secret in (*CATALOGUE, *(s for all_ in OPTIONAL.values() for s in all_))
    }
    if both := sorted(ours & set(brought)):
        raise ConfigError(
            f"`provided_secrets` names what the catalogue has already: {', '.join(both)}.",
            "Take it out; a value of yours comes by --secrets-file.",
        )
    named = {secret.name: secret for secret in (*CATALOGUE, *chosen, *map(provided, brought))}
    return tuple(named.values())
