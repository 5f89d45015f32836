"""Key Vault's data plane: secrets, which have no body in Resource Manager."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from sandbox.terraform_provider.azure import Azure, refusal
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, prefixed
from sandbox.terraform_provider.mapping import STATE_ONLY, Resource
from sandbox.terraform_provider.resources.key_vault import API as VAULT_API
from sandbox.terraform_provider.tree import conform
from sandbox.terraform_provider.values import Object

API = "7.4"
STAMP = "%Y-%m-%dT%H:%M:%SZ"
QUICK = 0.1  # Seconds between two looks at a secret that is being deleted.
PURGE = "purge_soft_deleted_secrets_on_destroy"
VALUES = ("value", "value_wo_version")


def vault_uri(azure: Azure, vault: str) -> str:
    found = azure.find(vault, VAULT_API)
    if found is None:
        raise ProviderError(f"looking up the URI of the vault: {vault} was not found")
    return str(found["properties"]["vaultUri"]).rstrip("/")


def ask(azure: Azure, method: str, url: str, content: Any = None) -> Object | None:
    """One request to a vault; None where nothing is."""
    reply = azure.send(method, f"{url}?api-version={API}", content)
    if reply.status == HTTPStatus.NOT_FOUND:
        return None
    if reply.status >= HTTPStatus.BAD_REQUEST:
        raise refusal(reply)
    return dict(reply.body or {})


def stamp(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(STAMP)


def seconds(text: str | None) -> int | None:
    if not text:
        return None
    return int(datetime.strptime(text, STAMP).replace(tzinfo=UTC).timestamp())


def described(vault: str, secret: Object) -> Object:
    """A secret in Terraform's words."""
    base, _, version = secret["id"].rpartition("/")
    name = base.rsplit("/", 1)[1]
    attributes = secret.get("attributes") or {}
    return {
        "id": secret["id"],
        "key_vault_id": vault,
        "name": name,
        "value": secret.get("value"),
        "version": version,
        "versionless_id": base,
        "resource_id": f"{vault}/secrets/{name}/versions/{version}",
        "resource_versionless_id": f"{vault}/secrets/{name}",
        "content_type": secret.get("contentType"),
        "expiration_date": stamp(attributes.get("exp")),
        "not_before_date": stamp(attributes.get("nbf")),
        "tags": secret.get("tags"),
    }


class Secret(Lifecycle):
    """A change of the value is a new version; the rest belongs to the version that is there."""

    def read(self, resource_id: str, prior: Object) -> Object | None:
        with prefixed(f"retrieving Secret {resource_id}"):
            found = ask(self.azure, "GET", resource_id.rpartition("/")[0])
        return None if found is None else self.told(found, prior)

    def told(self, secret: Object, prior: Object) -> Object:
        state = {**prior, **described(prior["key_vault_id"], secret)}
        if prior.get("value_wo_version") is not None:
            state["value"] = None
        for name in ("content_type", "tags"):
            state[name] = state[name] or prior.get(name)
        return conform(self.kind.nodes, state)

    def create(self, change: Change) -> Object:
        url = self.url(change.planned)
        with prefixed("checking for presence of existing Secret"):
            found = ask(self.azure, "GET", url)
        if found is not None:
            self.refuse(found["id"])
        return self.told(self.put(url, change), change.planned)

    def update(self, change: Change) -> Object:
        url = self.url(change.planned)
        if change.changed(*VALUES):
            return self.told(self.put(url, change), change.planned)
        with prefixed(f"updating Secret {url}"):
            changed = ask(self.azure, "PATCH", f"{url}/{change.planned['version']}", labels(change))
        return self.told({**(changed or {}), "value": change.planned["value"]}, change.planned)

    def put(self, url: str, change: Change) -> Object:
        value = change.config.get("value_wo") or change.planned.get("value")
        with prefixed(f"setting Secret {url}"):
            return ask(self.azure, "PUT", url, {"value": value, **labels(change)}) or {}

    def delete(self, prior: Object) -> None:
        base, _, name = prior["versionless_id"].partition("/secrets/")
        deadline = self.deadline_of("delete", prior)
        with prefixed(f"deleting Secret {prior['versionless_id']}"):
            ask(self.azure, "DELETE", f"{base}/secrets/{name}")
            if not self.azure.settings.feature("key_vault", PURGE, default=True):
                return
            gone = f"{base}/deletedsecrets/{name}"
            while ask(self.azure, "GET", gone) is None:
                self.azure.sleep(QUICK, deadline)
            ask(self.azure, "DELETE", gone)

    def imported(self, resource_id: str) -> Object:
        host = urlsplit(resource_id).netloc
        path = f"/subscriptions/{self.azure.settings.subscription_id}/resources"
        wish = f"{path}?$filter=resourceType%20eq%20'Microsoft.KeyVault/vaults'"
        for vault in self.azure.call("GET", wish, "2015-11-01").body["value"]:
            if urlsplit(vault_uri(self.azure, vault["id"])).netloc == host:
                known = {"id": resource_id, "key_vault_id": vault["id"]}
                return conform(self.kind.nodes, known)
        raise ProviderError(f"There is no vault with the address {host} in the subscription.")

    def url(self, planned: Object) -> str:
        return f"{vault_uri(self.azure, planned['key_vault_id'])}/secrets/{planned['name']}"


def labels(change: Change) -> Object:
    planned = change.planned
    moments = {
        "exp": seconds(planned.get("expiration_date")),
        "nbf": seconds(planned.get("not_before_date")),
    }
    attributes = {name: moment for name, moment in moments.items() if moment is not None}
    return {
        "contentType": planned.get("content_type") or "",
        "tags": planned.get("tags") or {},
        "attributes": {"enabled": True, **attributes},
    }


def secret(azure: Azure, configuration: Object) -> Object:
    """A secret as a data source and as an ephemeral resource."""
    vault, name = configuration["key_vault_id"], configuration["name"]
    url = f"{vault_uri(azure, vault)}/secrets/{name}/{configuration.get('version') or ''}"
    with prefixed(f"retrieving Secret {name}"):
        found = ask(azure, "GET", url.rstrip("/"))
    if found is None:
        raise ProviderError(f'Secret "{name}" was not found in {vault}')
    return {**configuration, **described(vault, found)}


RESOURCES = {
    "azurerm_key_vault_secret": Resource(
        id="{key_vault_id}/secrets/{name}", api=API, fields={"value": STATE_ONLY}
    )
}
LIFECYCLES = {"azurerm_key_vault_secret": Secret}
DATA_SOURCES = {"azurerm_key_vault_secret": secret}
EPHEMERAL_RESOURCES = {"azurerm_key_vault_secret": secret}
