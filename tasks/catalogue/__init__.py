"""Every secret of the platform: how it is made, what it follows from, and who reads it."""

from collections.abc import Collection, Mapping

from tasks.catalogue.connections import (
    database_connection,
    storage_connection,
    storage_credentials,
)
from tasks.catalogue.consumers import Consumer, consumers
from tasks.catalogue.keys import (
    asymmetric_key,
    opaque_key,
    shared_key,
    signing_keys,
    verifying_keys,
)
from tasks.catalogue.secret import (
    Facts,
    Secret,
    aes_key,
    derived,
    generated,
    hexadecimal,
    known,
    password,
    urlsafe,
)

__all__ = ["CATALOGUE", "OPTIONAL", "Consumer", "Facts", "Secret", "consumers", "of", "password"]


def role_password(service: str, *readers: str) -> Secret:
    """Of one role in the database: its services sign in with it, the bootstrap sets it."""
    form = "40 letters and digits"
    return generated(f"pg-{service}-password", form, password, *readers, "database")


CATALOGUE: tuple[Secret, ...] = (
    # Tokens: what signs them, what verifies them.
    generated(
        "jwt-secret",
        "64 hexadecimal digits",
        hexadecimal(32),
        *("auth", "realtime", "storage", "studio", "functions"),
    ),
    signing_keys("jwt-keys", "auth"),
    verifying_keys("jwt-jwks", "rest", "realtime", "storage", "functions"),
    # API keys, old and new, and what the gateway puts in the place of the new ones.
    shared_key("anon-key", "anon", "storage", "studio", "functions", "gateway", "test"),
    shared_key(
        "service-role-key",
        "service_role",
        *("storage", "studio", "functions", "gateway", "test"),
    ),
    generated(
        "publishable-key",
        "`sb_publishable_`, 22 random signs, `_` and a checksum",
        lambda: opaque_key("sb_publishable_"),
        *("studio", "functions", "gateway", "test"),
    ),
    generated(
        "secret-key",
        "`sb_secret_`, 22 random signs, `_` and a checksum",
        lambda: opaque_key("sb_secret_"),
        *("studio", "functions", "gateway", "test"),
    ),
    asymmetric_key("anon-key-asymmetric", "anon", "gateway"),
    asymmetric_key("service-role-key-asymmetric", "service_role", "gateway"),
    # The database: its administrator, and one role for each service.
    known("pg-username", "the administrator's login", lambda f: f.database_admin, "database"),
    generated("pg-password", "40 letters and digits", password, "database"),
    known("pg-database", "the database's name", lambda facts: facts.database_name),
    derived(
        "postgres-connection-string",
        "URL of the administrator",
        ("pg-username", "pg-password", "pg-database"),
        database_connection,
    ),
    role_password("auth", "auth"),
    role_password("rest", "rest"),
    role_password("realtime", "realtime"),
    role_password("storage", "storage"),
    role_password("meta", "meta", "studio"),
    role_password("functions", "functions"),
    # Files: what clients of Supabase, of S3Proxy and of Azure sign with.
    generated("s3-protocol-access-key-id", "32 hexadecimal digits", hexadecimal(16), "storage"),
    generated("s3-protocol-access-key-secret", "64 hexadecimal digits", hexadecimal(32), "storage"),
    Secret(
        "supabase-storage-creds",
        "generated",
        ("storage", "s3proxy"),
        "JSON with `keyId` and `accessKey`",
        lambda _values, _facts: storage_credentials(),
        parts=("keyId", "accessKey"),
    ),
    known(
        "azure-storage-account-name",
        "the account's name",
        lambda facts: facts.storage_account,
        "s3proxy",
    ),
    Secret("azure-storage-account-key", "read from Azure", ("s3proxy",), "the account's first key"),
    derived(
        "storage-connection-string",
        "connection string of the account",
        ("azure-storage-account-name", "azure-storage-account-key"),
        storage_connection,
    ),
    # Within services.
    generated("realtime-enc-key", "16 signs: an AES key", hexadecimal(8), "realtime"),
    generated("realtime-secret-key-base", "64 signs", urlsafe(48), "realtime"),
    generated("realtime-metrics-secret", "64 hexadecimal digits", hexadecimal(32), "realtime"),
    shared_key("realtime-metrics-token", "metrics", "metrics", by="realtime-metrics-secret"),
    generated("pg-meta-crypto-key", "32 signs", urlsafe(24), "meta", "studio"),
    # People.
    generated("dashboard-username", "`supabase`", lambda: "supabase", "gateway", "test"),
    generated("dashboard-password", "32 hexadecimal digits", hexadecimal(16), "gateway", "test"),
)

# What components that are off by default add.
OPTIONAL: Mapping[str, tuple[Secret, ...]] = {
    "supavisor": (
        role_password("supavisor", "supavisor"),
        generated("supavisor-secret-key-base", "64 signs", urlsafe(48), "supavisor"),
        generated("supavisor-vault-enc-key", "32 signs: an AES key", hexadecimal(16), "supavisor"),
        generated("supavisor-api-secret", "64 hexadecimal digits", hexadecimal(32), "supavisor"),
        generated(
            "supavisor-metrics-secret", "64 hexadecimal digits", hexadecimal(32), "supavisor"
        ),
    ),
    "analytics": (
        role_password("analytics", "analytics"),
        generated("analytics-public-token", "32 signs", urlsafe(24), "analytics", "vector"),
        generated("analytics-private-token", "32 signs", urlsafe(24), "analytics", "studio"),
        generated("analytics-encryption-key", "32 bytes as base64", aes_key, "analytics"),
        generated("analytics-secret-key-base", "64 signs", urlsafe(48), "analytics"),
    ),
}


def of(components: Collection[str] = (), provided: Collection[str] = ()) -> tuple[Secret, ...]:
    """The catalogue of one environment: optional components and people add to it."""
    more = tuple(
        secret for name, added in OPTIONAL.items() if name in components for secret in added
    )
    brought = tuple(Secret(name, "provided", ("auth",), "yours") for name in provided)
    return CATALOGUE + more + brought
