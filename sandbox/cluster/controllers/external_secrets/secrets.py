"""ExternalSecrets: read all of it from the vault, keep a Secret like it, say how it went."""

import base64
import re
from typing import Any

from sandbox.cluster.controllers.controller import Surroundings
from sandbox.cluster.controllers.external_secrets import data, templates
from sandbox.cluster.controllers.external_secrets.backoff import OperatorWorker, wish
from sandbox.cluster.controllers.external_secrets.kinds import (
    CLUSTER_SECRET_STORES,
    CREATED_BY,
    DATA_HASH,
    EXTERNAL_SECRETS,
    MANAGED,
    SECRET_STORES,
    SOURCE,
)
from sandbox.cluster.controllers.external_secrets.vault import (
    Access,
    ProviderError,
    Secret,
    Vaults,
)
from sandbox.cluster.controllers.kinds import SECRETS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import (
    age,
    annotations,
    condition,
    digest,
    has_condition,
    labels,
    leaving,
    now,
    reference,
    status,
)

NO_DATA = "could not get secret data from provider"
NO_UPDATE = "could not update secret"
SYNCED = "secret synced"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
SOONEST = 3.0  # Seconds between two refreshes, also where nothing takes time.
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class SyncError(Exception):
    """The Secret could not be brought up to date; `summary` is the condition's short word."""

    def __init__(self, summary: str, message: str) -> None:
        super().__init__(message)
        self.summary = summary


def duration(text: str) -> float:
    """Seconds of a Go duration such as 1h0m0s."""
    return sum(float(n) * UNITS[unit] for n, unit in re.findall(r"([\d.]+)(ms|h|m|s)", text))


def target_name(manifest: Manifest) -> str:
    target = manifest["spec"].get("target") or {}
    return str(target.get("name") or manifest["metadata"]["name"])


def wanted_version(manifest: Manifest) -> str:
    generation, *marks = wish(manifest)
    return f"{generation}-{digest(marks)}"


class ExternalSecrets(OperatorWorker):
    kind = EXTERNAL_SECRETS

    def __init__(self, around: Surroundings, vaults: Vaults) -> None:
        super().__init__(around)
        self.vaults = vaults

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        changed = new or old
        if kind.resource == SECRETS.resource and changed is not None:
            for manifest in self.cache.find(EXTERNAL_SECRETS, changed["metadata"]["namespace"]):
                if target_name(manifest) == changed["metadata"]["name"]:
                    self.queue.add(Key.of(manifest))

    async def reconcile(self, key: Key) -> float | None:
        manifest = self.cache.get(EXTERNAL_SECRETS, key)
        if manifest is None or leaving(manifest) or not self.is_running:
            return None
        left = self._fresh_for(manifest)
        if left is not None and self._intact(manifest):
            return left or None
        if (manifest["spec"].get("target") or {}).get("immutable") and has_condition(
            manifest, "Ready"
        ):
            return None
        try:
            await self._sync(manifest)
        except SyncError as error:
            await self._failed(manifest, error)
            return self.postpone(key)
        self.relax(key)
        return self._interval(manifest) or None

    # --- When ----------------------------------------------------------------------------------

    def _interval(self, manifest: Manifest) -> float:
        """Seconds between two refreshes at the pace of this sandbox; 0 means never again."""
        if manifest["spec"].get("refreshPolicy", "Periodic") != "Periodic":
            return 0.0
        wanted = duration(str(manifest["spec"].get("refreshInterval", "1h")))
        return max(SOONEST, self.latency.scaled(wanted)) if wanted else 0.0

    def _fresh_for(self, manifest: Manifest) -> float | None:
        """Seconds until the next refresh, 0 if there is none; None when it is due."""
        synced = status(manifest).get("syncedResourceVersion")
        once = manifest["spec"].get("refreshPolicy") == "CreatedOnce"
        if not synced or (synced != wanted_version(manifest) and not once):
            return None
        if not has_condition(manifest, "Ready"):
            return None
        interval = self._interval(manifest)
        if not interval:
            return 0.0
        left = interval - age(status(manifest)["refreshTime"])
        return left if left > 0 else None

    def _intact(self, manifest: Manifest) -> bool:
        """Whether the Secret is there and nobody changed it."""
        if (manifest["spec"].get("target") or {}).get("creationPolicy") == "None":
            return True
        found = self.cache.get(SECRETS, self._target(manifest))
        if found is None:
            return False
        return annotations(found).get(DATA_HASH) == digest(found.get("data") or {})

    def _target(self, manifest: Manifest) -> Key:
        return Key(manifest["metadata"]["namespace"], target_name(manifest))

    # --- Reading -------------------------------------------------------------------------------

    async def _sync(self, manifest: Manifest) -> None:
        try:
            found = await self._read(manifest)
        except ProviderError as error:
            raise SyncError(NO_DATA, str(error)) from error
        try:
            await self._write(manifest, found)
        except templates.TemplateError as error:
            raise SyncError(NO_UPDATE, f"could not apply template: {error}") from error
        told = {
            "conditions": [condition("Ready", True, "SecretSynced", SYNCED)],
            "refreshTime": now(),
            "syncedResourceVersion": wanted_version(manifest),
            "binding": {"name": target_name(manifest)},
        }
        await self.around.set_status(EXTERNAL_SECRETS, manifest, told)

    async def _read(self, manifest: Manifest) -> dict[str, str]:
        """Each run signs in anew, once per store, as the operator does."""
        opened: dict[str, Access] = {}
        default = manifest["spec"].get("secretStoreRef") or {}

        async def read(own: Manifest, wanted: Manifest) -> Secret:
            store = own or default
            mark = digest(store)
            if mark not in opened:
                opened[mark] = await self._open(store, manifest["metadata"]["namespace"])
            version = wanted.get("version") or ""
            return await self.vaults.secret(opened[mark], wanted["key"], version)

        return await data.gather(manifest["spec"], read)

    async def _open(self, wanted: Manifest, namespace: str) -> Access:
        is_cluster = wanted.get("kind") == CLUSTER_SECRET_STORES.kind
        kind = CLUSTER_SECRET_STORES if is_cluster else SECRET_STORES
        store = self.cache.get(kind, Key("" if is_cluster else namespace, wanted.get("name", "")))
        if store is None:
            name = wanted.get("name", "")
            raise ProviderError(
                f'could not get {kind.kind} "{name}", {kind.kind}.{kind.group} "{name}" not found'
            )
        if not has_condition(store, "Ready"):
            raise ProviderError(f'{kind.kind} "{wanted["name"]}" is not ready')
        return await self.vaults.access(store | {"kind": kind.kind}, namespace)

    # --- Writing -------------------------------------------------------------------------------

    async def _write(self, manifest: Manifest, found: dict[str, str]) -> None:
        target = manifest["spec"].get("target") or {}
        policy = target.get("creationPolicy", "Owner")
        if policy == "None":
            return
        existing = self.cache.get(SECRETS, self._target(manifest))
        if existing is None and policy == "Merge":
            message = (
                f"the desired secret {target_name(manifest)} was not found."
                " With creationPolicy=Merge the secret won't be created"
            )
            raise SyncError(NO_UPDATE, message)
        wanted = desired(manifest, found, existing, policy)
        if existing is None:
            await self.around.create(SECRETS, wanted)
            self.around.recorder.normal(
                SOURCE, EXTERNAL_SECRETS, manifest, "Created", "secret created"
            )
        elif any(existing.get(part) != wanted.get(part) for part in ("data", "type", "metadata")):
            await self.around.replace(SECRETS, wanted)
            self.around.recorder.normal(
                SOURCE, EXTERNAL_SECRETS, manifest, "Updated", "secret updated"
            )

    async def _failed(self, manifest: Manifest, error: SyncError) -> None:
        tell = self.around.recorder
        tell.warning(SOURCE, EXTERNAL_SECRETS, manifest, "UpdateFailed", str(error))
        ready = condition("Ready", False, "SecretSyncedError", error.summary)
        await self.around.set_status(EXTERNAL_SECRETS, manifest, {"conditions": [ready]})


def desired(
    manifest: Manifest, found: dict[str, str], existing: Manifest | None, policy: str
) -> Manifest:
    """The Secret as an ExternalSecret wants it."""
    target = manifest["spec"].get("target") or {}
    template = target.get("template")
    keeps_others = policy in ("Merge", "CreateOrMerge")
    texts = filled(template, found) if template else found
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    if existing is not None and keeps_others:
        encoded = (existing.get("data") or {}) | encoded
    metadata: dict[str, Any] = dict((existing or {}).get("metadata") or {})
    metadata |= {
        "name": target_name(manifest),
        "namespace": manifest["metadata"]["namespace"],
        "labels": (metadata.get("labels") or {}) | marks_of(manifest, template, "labels"),
        "annotations": (metadata.get("annotations") or {})
        | marks_of(manifest, template, "annotations")
        | {DATA_HASH: digest(encoded)},
    }
    metadata["labels"][MANAGED] = "true"
    if policy == "Owner":
        owner = {"namespace": metadata["namespace"], "name": manifest["metadata"]["name"]}
        metadata["labels"][CREATED_BY] = digest(owner)
        metadata["ownerReferences"] = [reference(EXTERNAL_SECRETS, manifest)]
    kind = (template or {}).get("type") or (existing or {}).get("type") or "Opaque"
    wanted: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    wanted |= {"type": kind, "data": encoded}
    if target.get("immutable"):
        wanted["immutable"] = True
    return wanted


def marks_of(manifest: Manifest, template: Manifest | None, field: str) -> dict[str, str]:
    """Labels or annotations: the template's, or without a template those of the object."""
    if template:
        return (template.get("metadata") or {}).get(field) or {}
    found = labels(manifest) if field == "labels" else annotations(manifest)
    return {name: value for name, value in found.items() if name != LAST_APPLIED}


def at_key(name: str, text: str, found: dict[str, str]) -> str:
    """One key's text; an error goes through two layers of the operator that say the same."""
    try:
        return templates.rendered(text, found)
    except templates.TemplateError as error:
        key = f"unable to execute template at key {name}: "
        raise templates.TemplateError(
            f"{2 * 'could not execute template: '}{2 * key}{error}"
        ) from error


def filled(template: Manifest, found: dict[str, str]) -> dict[str, str]:
    if template.get("templateFrom"):
        raise templates.TemplateError("the sandbox does not simulate templateFrom")
    wanted = template.get("data")
    if not wanted:
        return found
    texts = {name: at_key(name, text, found) for name, text in wanted.items()}
    return found | texts if template.get("mergePolicy") == "Merge" else texts
