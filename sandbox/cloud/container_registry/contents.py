"""What registries hold: blobs, manifests and tags, in the terms of the OCI specification."""

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Manifest:
    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest(self.content)


@dataclass
class Repository:
    """One name in one registry, such as `charts/supabase`."""

    blobs: dict[str, bytes] = field(default_factory=dict, repr=False)
    manifests: dict[str, Manifest] = field(default_factory=dict, repr=False)
    tags: dict[str, str] = field(default_factory=dict)  # Tag to digest.
    uploads: dict[str, bytearray] = field(default_factory=dict, repr=False)

    def begin_upload(self) -> str:
        identifier = str(uuid.uuid4())
        self.uploads[identifier] = bytearray()
        return identifier

    def keep(self, content: bytes) -> str:
        name = digest(content)
        self.blobs[name] = content
        return name

    def publish(self, reference: str, manifest: Manifest) -> None:
        """Under its digest always, and under a tag if the reference is one."""
        self.manifests[manifest.digest] = manifest
        if not reference.startswith("sha256:"):
            self.tags[reference] = manifest.digest

    def find(self, reference: str) -> Manifest | None:
        return self.manifests.get(self.tags.get(reference, reference))

    def missing(self, manifest: Manifest) -> list[str]:
        """Blobs that a manifest names and nobody has uploaded."""
        try:
            found: dict[str, Any] = json.loads(manifest.content)
        except ValueError:
            return ["a JSON document"]
        if manifest.media_type == INDEX:
            parts = [item["digest"] for item in found.get("manifests", [])]
            return [name for name in parts if name not in self.manifests]
        wanted = [found.get("config") or {}, *(found.get("layers") or [])]
        names = [str(item.get("digest", "")) for item in wanted]
        return [name for name in names if name not in self.blobs]


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
