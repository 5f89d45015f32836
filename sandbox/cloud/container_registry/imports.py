"""`importImage`: a registry fetches from another one, without anybody's machine in between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.arm import ArmError, ResourceId, UnsupportedError, as_object
from sandbox.cloud.container_registry import models, public
from sandbox.cloud.container_registry.contents import Manifest, Repository
from sandbox.cloud.container_registry.data import Registries
from sandbox.cloud.container_registry.distribution import NAME, TAG
from sandbox.store import Failure, Resource

LATEST = "latest"


@dataclass(frozen=True)
class Image:
    """`name:tag` or `name@sha256:…`; without either it is the tag `latest`."""

    name: str
    reference: str

    @classmethod
    def read(cls, text: str) -> "Image":
        name, at, reference = text.partition("@")
        if not at:
            name, _, reference = text.rpartition(":") if ":" in text else (text, "", LATEST)
        if not name or not reference:
            raise invalid(f"'{text}' is no image: write it as name:tag or name@digest.")
        return cls(checked(name), reference)

    def __str__(self) -> str:
        return f"{self.name}{'@' if self.reference.startswith('sha256:') else ':'}{self.reference}"


@dataclass(frozen=True)
class Import:
    """What is fetched, and where it goes to; `run` does it."""

    source: Repository
    manifest: Manifest
    targets: tuple[tuple[Repository, str], ...]

    def run(self) -> None:
        for target, reference in self.targets:
            self.source.copy_to(target, self.manifest, reference)


def invalid(why: str) -> ArmError:
    return ArmError(400, "InvalidParameters", f"The import cannot be read: {why}")


def checked(name: str) -> str:
    """The name of a repository, in small letters."""
    if not NAME.fullmatch(name.lower()):
        raise invalid(f"'{name}' is no name of a repository.")
    return name.lower()


def plan(registry: Resource, wanted: dict[str, Any], registries: Registries) -> Import | Failure:
    """Read a request; a failure is what the operation ends in that Azure accepts nevertheless."""
    source = as_object(wanted.get("source"), "source")
    image = Image.read(str(source.get("sourceImage") or ""))
    find = source_registry(source, image, registries)
    here = models.login_server(registry.name)
    tags = [Image.read(str(one)) for one in wanted.get("targetTags") or []]
    for tag in tags:
        if not TAG.fullmatch(tag.reference):
            raise invalid(f"'{tag.reference}' is no tag.")
    untagged = [checked(str(one)) for one in wanted.get("untaggedTargetRepositories") or []]
    if not tags and not untagged:
        raise invalid("name targetTags or untaggedTargetRepositories.")
    kept = find(image.name)
    manifest = kept.find(image.reference) if kept else None
    if kept is None or manifest is None:
        return Failure(
            "InvalidParameters",
            f"Resource {registry.id} {image} Error copying blobs: manifest unknown.",
        )
    if wanted.get("mode") != "Force":
        for tag in tags:
            if tag.reference in registries.repository(here, tag.name, "pull").tags:
                return Failure(
                    "Conflict",
                    f"Resource {registry.id} {tag} Tag {tag} already exists in target registry.",
                )
    named = [(registries.repository(here, tag.name, "push"), tag.reference) for tag in tags]
    bare = [(registries.repository(here, name, "push"), manifest.digest) for name in untagged]
    return Import(kept, manifest, (*named, *bare))


def source_registry(
    source: dict[str, Any], image: Image, registries: Registries
) -> Callable[[str], Repository | None]:
    """How to find a repository where the image comes from."""
    if source.get("resourceId"):
        other = registries.store.get(ResourceId.parse(str(source["resourceId"]), models.REGISTRIES))
        host = models.login_server(other.name)
        return lambda name: registries.repository(host, name, "pull")
    host = str(source.get("registryUri") or "").lower()
    if host == public.HOST:
        return public.find
    if host in public.IMAGES:
        return lambda name: public.image(host, name, image.reference)
    if models.find(registries.store, host.partition(".")[0]) and host.endswith(models.SUFFIX):
        return lambda name: registries.repository(host, name, "pull")
    raise UnsupportedError(
        f"The sandbox imports from {', '.join((public.HOST, *public.IMAGES))} and from its own "
        f"registries, not from '{host}'."
    )
