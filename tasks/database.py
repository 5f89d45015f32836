"""Give PostgreSQL the administrator's password that Key Vault holds."""

from typing import Protocol

from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.postgresqlflexibleservers.models import ServerForPatch, ServerPropertiesForPatch

from tasks import azure, wait
from tasks.step import step


class Password(Protocol):
    """A sealed secret that remembers where it was applied."""

    def applied_to(self) -> str: ...
    def reveal(self) -> str: ...
    def mark(self, where: str) -> None: ...


@step("set-database-password")
def set_password(
    subscription: str, resource_group: str, server: str, password: Password, poll: float
) -> bool:
    """
    Bring the server's password to the vault's current version; True when it had to change.

    Azure never shows a password, so the vault's version carries the mark of the server that uses
    it. A new version, or a server that was built anew, lacks the mark.
    """
    client = PostgreSQLManagementClient(azure.credential(), subscription)
    with azure.translated(f"PostgreSQL server {server}"), client:
        mark = mark_of(client, resource_group, server)
        if password.applied_to() == mark:
            return False
        patch = ServerForPatch(
            properties=ServerPropertiesForPatch(administrator_login_password=password.reveal())
        )
        client.servers.begin_update(resource_group, server, patch, polling_interval=poll).result()
        password.mark(mark)
    wait.changed(f"**PostgreSQL**: {server} takes the vault's password")
    wait.logger().info("PostgreSQL %s uses the vault's password now.", server)
    return True


@step("find-database-password")
def behind(subscription: str, resource_group: str, server: str, password: Password) -> bool:
    """Whether the server has yet to take the vault's current version; changes nothing."""
    client = PostgreSQLManagementClient(azure.credential(), subscription)
    with azure.translated(f"PostgreSQL server {server}"), client:
        return password.applied_to() != mark_of(client, resource_group, server)


def mark_of(client: PostgreSQLManagementClient, resource_group: str, server: str) -> str:
    """Another server of the same name was born at another time."""
    found = client.servers.get(resource_group, server)
    born = found.system_data.created_at if found.system_data else None
    return f"{server}@{born.isoformat() if born else 'unknown'}"
