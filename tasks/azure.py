"""One set of credentials for Terraform and the SDKs; Azure's refusals in plain words."""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from tasks.errors import NotReadyError, PreflightError, RefusedError

ENDPOINT = "https://management.azure.com"
MANAGEMENT = f"{ENDPOINT}/.default"
RETRIES = 3  # Of sub-second troubles; what lasts is a visible wait.
UNREACHABLE = (ServiceRequestError, ServiceResponseError)
REFUSED, NOT_FOUND = 400, 404
PASSING = {408, 429, 500, 502, 503, 504}
CONFLICTS = {"OperationNotAllowed", "AnotherOperationInProgress", "ConcurrentUpdate"}
# A secret's name on its way into or out of deletion; the next try finds it, or finds it free.
CONFLICTS |= {"ObjectIsBeingDeleted", "ObjectIsBeingRecovered", "ObjectIsDeletedButRecoverable"}
PENDING_ROLE = {"AuthorizationFailed", "ForbiddenByRbac"}
ACTION = re.compile(r"Action: 'Microsoft\.KeyVault/vaults/([\w/]+?)(?:/action)?'")


@cache
def credential() -> TokenCredential:
    """What `ARM_*` says, as for Terraform; else whatever azure-identity finds (CLI, workload)."""
    given = os.environ.get
    tenant, client = given("ARM_TENANT_ID", ""), given("ARM_CLIENT_ID", "")
    if tenant and client and (secret := given("ARM_CLIENT_SECRET")):
        return ClientSecretCredential(tenant, client, secret)
    if tenant and client and (certificate := given("ARM_CLIENT_CERTIFICATE_PATH")):
        password = given("ARM_CLIENT_CERTIFICATE_PASSWORD")
        return CertificateCredential(tenant, client, certificate, password=password)
    if given("ARM_USE_MSI", "").lower() == "true":
        return ManagedIdentityCredential(client_id=client or None)
    if given("ARM_USE_OIDC", "").lower() == "true" and (file := given("ARM_OIDC_TOKEN_FILE_PATH")):
        return WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=file)
    return DefaultAzureCredential(exclude_interactive_browser_credential=True)


def send(
    request: HttpRequest, scope: str = MANAGEMENT, accept: Collection[int] = ()
) -> HttpResponse:
    """One request with our credentials; statuses in `accept` are answers, not errors."""
    policies = [
        RetryPolicy(retry_total=RETRIES, retry_backoff_factor=0.2),
        BearerTokenCredentialPolicy(credential(), scope),
    ]
    client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
        request.url, policies=policies
    )
    with client:
        answer: HttpResponse = client.send_request(request)
        if answer.status_code >= REFUSED and answer.status_code not in accept:
            raise HttpResponseError(response=answer)
        return answer


def arm(path: str, version: str, body: Any = None, **query: str) -> Any:
    """What Resource Manager says at a path; None where nothing is. A body makes it a POST."""
    method = "GET" if body is None else "POST"
    parameters = {"api-version": version} | {f"${key}": value for key, value in query.items()}
    request = HttpRequest(method, f"{ENDPOINT}{path}", params=parameters, json=body)
    answer = send(request, accept=(404,))
    if answer.status_code == NOT_FOUND or not answer.text():
        return None
    found = answer.json()
    while isinstance(found, Mapping) and (more := found.get("nextLink")):
        page = send(HttpRequest("GET", str(more))).json()
        found = page | {"value": [*found["value"], *page["value"]]}
    return found


def inner_code(error: HttpResponseError) -> str:
    """The most telling code of a refusal: Key Vault hides it in `innererror`."""
    inner = (error.error.innererror if error.error else None) or {}
    return str(inner.get("code") or (error.error.code if error.error else "") or "")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise our errors for Azure's, so that each says whether asking again helps."""
    try:
        yield
    except ClientAuthenticationError as error:
        if isinstance(error.__cause__, UNREACHABLE):  # azure-identity's word for "no answer", too.
            raise NotReadyError(f"{what}: no answer. {first_line(error)}") from error
        raise PreflightError(
            f"{what}: Entra refused the credentials.\n{first_line(error)}",
            "Check ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET, or sign in again.",
        ) from error
    except UNREACHABLE as error:
        raise NotReadyError(f"{what}: no answer. {first_line(error)}") from error
    except HttpResponseError as error:
        raise explained(what, error) from error


def explained(what: str, error: HttpResponseError) -> NotReadyError | RefusedError:
    """The consequence of a refusal for the operator."""
    code = inner_code(error)
    meaning, hint = MEANINGS.get(code, (first_line(error), "docs/runbook.md; then run again."))
    if asked := ACTION.search(str(error)):
        meaning += f" for {asked[1]}"
    text = f"{what}: {meaning} ({error.status_code} {code})."
    busy = code in CONFLICTS and "quota" not in str(error).lower()
    if error.status_code in PASSING or busy or code in PENDING_ROLE:
        return NotReadyError(text, hint, _advice(error))
    return RefusedError(text, hint)


MEANINGS = {
    "ForbiddenByRbac": (
        "it does not know our role assignment yet",
        "A new assignment takes minutes. Longer than half an hour: docs/runbook.md, 'Access'.",
    ),
    "AuthorizationFailed": (
        "a role is missing, or still spreading",
        "docs/runbook.md, 'Access', tells how to look at the role assignments.",
    ),
    "ForbiddenByFirewall": (
        "its firewall keeps this address out",
        "Name this address in `allowed` in the tfvars file and provision, or run inside.",
    ),
    "ForbiddenByConnection": (
        "it takes private connections only",
        "Run on a worker inside the network, or name this address in `allowed` and provision.",
    ),
    **dict.fromkeys(
        ("ForbiddenByPolicy", "AccessDenied"),
        ("it uses access policies, and none names us", "Switch the vault to Azure RBAC."),
    ),
    "SecretDisabled": (
        "somebody has disabled it",
        "Enable it: `az keyvault secret set-attributes --vault-name … --name … --enabled true`.",
    ),
}


def first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _advice(error: HttpResponseError) -> float | None:
    headers = getattr(error.response, "headers", {})
    try:
        return float(headers.get("Retry-After", ""))
    except ValueError:
        return None
