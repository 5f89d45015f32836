"""Key Vault as the operator reaches it: a token of Entra ID, then its old Go SDK."""

import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.cluster.controllers.client import Client
from sandbox.cluster.controllers.external_secrets.kinds import CLUSTER_SECRET_STORES
from sandbox.cluster.controllers.kinds import SERVICE_ACCOUNTS, Manifest
from sandbox.cluster.settings import Settings

AUDIENCE = "api://AzureADTokenExchange"
AUTHORITY = "https://login.microsoftonline.com"
CLIENT_ID = "azure.workload.identity/client-id"
TENANT_ID = "azure.workload.identity/tenant-id"
VAULTS = "https://vault.azure.net"
SCOPE = f"{VAULTS}/.default"
METADATA = "http://169.254.169.254/metadata/identity/oauth2/token"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
API_VERSION = "7.0"


class ProviderError(Exception):
    """The provider refused, in the words that the operator's log would have."""


class NoSecretError(ProviderError):
    """There is no such secret in the vault."""

    def __init__(self) -> None:
        super().__init__("Secret does not exist")


@dataclass(frozen=True)
class Secret:
    value: str
    tags: dict[str, str]


@dataclass(frozen=True)
class Access:
    """A vault, and a token that opens it for now."""

    url: str
    token: str


class Vaults:
    """The way from the operator's pod to Entra ID and Key Vault."""

    def __init__(self, settings: Settings, client: Client) -> None:
        self.settings = settings
        self.client = client
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        if self._http:
            await self._http.aclose()

    @property
    def http(self) -> httpx.AsyncClient:
        """Made at first use: the authority's file may be younger than the cluster's controllers."""
        if self._http is None:
            trust = ssl.create_default_context(cafile=str(self.settings.ca))
            self._http = httpx.AsyncClient(
                proxy=self.settings.proxy, verify=trust, trust_env=False, timeout=30
            )
        return self._http

    # --- Signing in ----------------------------------------------------------------------------

    async def access(self, store: Manifest, namespace: str) -> Access:
        """Build a provider client: find the service account, and trade its token at Entra ID."""
        provider = (store["spec"].get("provider") or {}).get("azurekv")
        if not provider:
            raise ProviderError("the sandbox simulates stores of the provider azurekv only")
        method = provider.get("authType", "ServicePrincipal")
        if method == "ManagedIdentity":
            token = await self._metadata_token(str(provider.get("identityId") or ""))
        elif method == "WorkloadIdentity":
            token = await self._federated_token(provider, store["kind"], namespace)
        else:
            raise ProviderError(
                f"the sandbox simulates WorkloadIdentity and ManagedIdentity, not {method}"
            )
        return Access(str(provider["vaultUrl"]).rstrip("/"), token)

    async def _federated_token(self, provider: Manifest, kind: str, namespace: str) -> str:
        reference = provider.get("serviceAccountRef")
        if not reference:
            raise ProviderError(
                "missing environment variables. AZURE_CLIENT_ID, AZURE_TENANT_ID and"
                " AZURE_FEDERATED_TOKEN_FILE must be set"
            )
        if kind == CLUSTER_SECRET_STORES.kind:
            namespace = reference.get("namespace") or namespace
        account = await self.client.get(SERVICE_ACCOUNTS, namespace, reference["name"])
        if account is None:
            raise ProviderError(f'ServiceAccount "{reference["name"]}" not found')
        identity, tenant = self._identity(provider, account)
        audiences = [AUDIENCE, *(reference.get("audiences") or [])]
        assertion = await self._service_account_token(account, audiences)
        return await self._entra_token(tenant, identity, assertion)

    def _identity(self, provider: Manifest, account: Manifest) -> tuple[str, str]:
        marks = account["metadata"].get("annotations") or {}
        if not marks.get(CLIENT_ID):
            raise ProviderError(
                "missing clientID: either serviceAccountRef or service account annotation"
                f" '{CLIENT_ID}' is missing"
            )
        tenant = provider.get("tenantId") or ""
        if tenant and marks.get(TENANT_ID):
            raise ProviderError(
                "multiple tenantID found. Check secretRef,"
                " 'spec.provider.azurekv.tenantId', and serviceAccountRef"
            )
        tenant = tenant or marks.get(TENANT_ID, "")
        if not tenant:
            raise ProviderError("missing tenantID in store config")
        return marks[CLIENT_ID], tenant

    async def _service_account_token(self, account: Manifest, audiences: list[str]) -> str:
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "metadata": {name: account["metadata"][name] for name in ("name", "namespace")},
            "spec": {"audiences": audiences, "expirationSeconds": 3600},
        }
        answer = await self.client.create(SERVICE_ACCOUNTS, request, subresource="token")
        return str(answer["status"]["token"])

    async def _entra_token(self, tenant: str, identity: str, assertion: str) -> str:
        url = f"{AUTHORITY}/{tenant}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": identity,
            "scope": SCOPE,
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        try:
            answer = await self.http.post(url, data=form)
        except httpx.HTTPError as error:
            raise ProviderError(f'http call({url})(POST) error: Post "{url}": {error}') from error
        if not answer.is_success:
            raise ProviderError(
                f"FromAssertion(): http call({url})(POST) error:"
                f" reply status code was {answer.status_code}:\n{answer.text}"
            )
        return str(answer.json()["access_token"])

    async def _metadata_token(self, identity: str) -> str:
        """The token of an identity of the node, for whoever runs on it."""
        query = {"api-version": "2018-02-01", "resource": VAULTS}
        query |= {"client_id": identity} if identity else {}
        url = f"{METADATA}?{urlencode(query)}"
        try:
            answer = await self.http.get(url, headers={"Metadata": "true"})
        except httpx.HTTPError as error:
            raise ProviderError(
                "adal: Refresh request failed. Failed to execute the refresh request. "
                f"Error = 'Get \"{url}\": {error}'"
            ) from error
        if not answer.is_success:
            raise ProviderError(
                f"adal: Refresh request failed. Status Code = '{answer.status_code}'."
                f" Response body: {answer.text} Endpoint {url}"
            )
        return str(answer.json()["access_token"])

    # --- Reading -------------------------------------------------------------------------------

    async def secret(self, access: Access, key: str, version: str = "") -> Secret:
        """Read one secret; `key` may say its type, as in `secret/name`."""
        kind, _, rest = key.partition("/")
        name = rest or kind
        if rest and kind != "secret":
            raise ProviderError(f"the sandbox simulates secrets, not objects of type {kind}")
        url = f"{access.url}/secrets/{name}/{version}"
        headers = {"Authorization": f"Bearer {access.token}"}
        try:
            query = {"api-version": API_VERSION}
            answer = await self.http.get(url, params=query, headers=headers)
        except httpx.HTTPError as error:
            raise ProviderError(
                "keyvault.BaseClient#GetSecret: Failure sending request: StatusCode=0 --"
                f' Original Error: Get "{url}?api-version={API_VERSION}": {error}'
            ) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NoSecretError
        if not answer.is_success:
            raise ProviderError(refusal(answer))
        body = answer.json()
        return Secret(str(body["value"]), body.get("tags") or {})


def refusal(answer: httpx.Response) -> str:
    """The text that go-autorest makes of an error of Key Vault."""
    try:
        error: dict[str, Any] = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        error = {"code": "Unknown", "message": answer.text}
    status, code = answer.status_code, json.dumps(error.get("code", "Unknown"))
    text = (
        f"keyvault.BaseClient#GetSecret: Failure responding to request: StatusCode={status} --"
        f" Original Error: autorest/azure: Service returned an error. Status={status}"
        f" Code={code} Message={json.dumps(error.get('message', ''))}"
    )
    inner = error.get("innererror")
    return f"{text} InnerError={json.dumps(inner, separators=(',', ':'))}" if inner else text
