"""What registries hold: blobs, manifests and tags, in the terms of the OCI specification."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
PATIENCE = 3600.0  # Seconds after which an upload that nobody goes on with is given up.
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Manifest:
    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest(self.content)

    def parts(self) -> list[dict[str, Any]]:
        """What it names: its configuration and layers, or the manifests of an index."""
        found: dict[str, Any] = json.loads(self.content)
        if self.media_type == INDEX:
            return list(found.get("manifests") or [])
        return [found.get("config") or {}, *(found.get("layers") or [])]


@dataclass
class Upload:
    """A blob on its way, and when its last part came."""

    touched: float
    content: bytearray = field(default_factory=bytearray, repr=False)


@dataclass
class Repository:
    """One name in one registry, such as `charts/supabase`."""

    clock: Callable[[], float] = time.time
    blobs: dict[str, bytes] = field(default_factory=dict, repr=False)
    manifests: dict[str, Manifest] = field(default_factory=dict, repr=False)
    tags: dict[str, str] = field(default_factory=dict)  # Tag to digest.
    times: dict[str, list[float]] = field(default_factory=dict)
    """When a tag or digest was made, and when it last changed."""
    uploads: dict[str, Upload] = field(default_factory=dict, repr=False)

    def begin_upload(self) -> str:
        """A place for a new blob; what others began and left goes."""
        now, identifier = self.clock(), str(uuid.uuid4())
        for left in [key for key, one in self.uploads.items() if one.touched < now - PATIENCE]:
            del self.uploads[left]
        self.uploads[identifier] = Upload(now)
        return identifier

    def go_on(self, identifier: str) -> bytearray:
        """What has come of an upload; raises `KeyError` when there is none."""
        upload = self.uploads[identifier]
        upload.touched = self.clock()
        return upload.content

    def keep(self, content: bytes) -> str:
        name = digest(content)
        self.blobs[name] = content
        return name

    def publish(self, reference: str, manifest: Manifest) -> None:
        """Under its digest always, and under a tag if the reference is one."""
        self.manifests[manifest.digest] = manifest
        self.note(manifest.digest)
        if not reference.startswith("sha256:"):
            self.tags[reference] = manifest.digest
            self.note(reference)

    def note(self, name: str) -> None:
        now = self.clock()
        self.times.setdefault(name, [now, now])[1] = now

    def find(self, reference: str) -> Manifest | None:
        return self.manifests.get(self.tags.get(reference, reference))

    def tags_of(self, name: str) -> list[str]:
        """The tags that lead to a digest."""
        return sorted(tag for tag, target in self.tags.items() if target == name)

    def untag(self, tag: str) -> None:
        del self.tags[tag]
        self.times.pop(tag, None)

    def remove(self, name: str) -> None:
        """A manifest goes, and its tags with it; blobs stay, as nobody can ask for them."""
        for tag in self.tags_of(name):
            self.untag(tag)
        del self.manifests[name]
        self.times.pop(name, None)

    def missing(self, manifest: Manifest) -> list[str]:
        """What a manifest names and nobody has uploaded."""
        try:
            parts = manifest.parts()
            names = [str(part.get("digest", "")) for part in parts if int(part.get("size", 0)) >= 0]
        except (AttributeError, RecursionError, TypeError, ValueError):
            return ["a JSON document"]
        held = self.manifests if manifest.media_type == INDEX else self.blobs
        return [name for name in names if name not in held]

    def copy_to(self, other: "Repository", manifest: Manifest, reference: str) -> None:
        """All that a manifest needs, then the manifest, under a reference of the other's."""
        for part in manifest.parts():
            name = str(part["digest"])
            if manifest.media_type == INDEX:
                self.copy_to(other, self.manifests[name], name)
            else:
                other.keep(self.blobs[name])
        other.publish(reference, manifest)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()
