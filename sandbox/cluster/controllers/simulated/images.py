"""Which images are simulated, by repository name."""

from sandbox.cluster.controllers.simulated.auth import Auth
from sandbox.cluster.controllers.simulated.container import Behaviour, repository
from sandbox.cluster.controllers.simulated.dashboard import Meta, Studio
from sandbox.cluster.controllers.simulated.files import S3Proxy, Storage
from sandbox.cluster.controllers.simulated.gateway import Gateway
from sandbox.cluster.controllers.simulated.rest import Rest

BEHAVIOURS: tuple[Behaviour, ...] = (
    Auth(),
    Gateway(),
    Meta(),
    Rest(),
    S3Proxy(),
    Storage(),
    Studio(),
)


def behaviour(image: str) -> Behaviour | None:
    """How containers of an image behave; None for images that merely run."""
    name = repository(image)
    return next((item for item in BEHAVIOURS if is_image(name, item.image)), None)


def is_image(name: str, wanted: str) -> bool:
    """Whether a repository is the wanted one, or a copy of it under a prefix."""
    return name == wanted or name.endswith(f"/{wanted}")
