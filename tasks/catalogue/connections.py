"""Credentials of several parts, and the connection strings that operators copy."""

import secrets

from tasks.catalogue.secret import Facts, Values


def storage_credentials() -> dict[str, str]:
    """What S3Proxy asks of its clients."""
    return {"keyId": secrets.token_hex(16), "accessKey": secrets.token_hex(32)}


def storage_connection(values: Values, _facts: Facts) -> str:
    account, key = (values[f"azure-storage-account-{part}"] for part in ("name", "key"))
    return (
        f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key};"
        "EndpointSuffix=core.windows.net"
    )


def database_connection(values: Values, facts: Facts) -> str | None:
    if facts.database_host is None:
        return None
    user, password, name = (values[f"pg-{part}"] for part in ("username", "password", "database"))
    return f"postgresql://{user}:{password}@{facts.database_host}:5432/{name}?sslmode=require"
