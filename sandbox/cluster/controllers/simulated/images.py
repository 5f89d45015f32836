"""Which images are simulated, by repository name."""

from sandbox.cluster.controllers.simulated.auth import Auth
from sandbox.cluster.controllers.simulated.container import Behaviour, repository
from sandbox.cluster.controllers.simulated.dashboard import Meta, Studio
from sandbox.cluster.controllers.simulated.envoy import Envoy
from sandbox.cluster.controllers.simulated.functions import Functions, Imgproxy
from sandbox.cluster.controllers.simulated.realtime import Realtime
from sandbox.cluster.controllers.simulated.rest import Rest
from sandbox.cluster.controllers.simulated.s3 import S3Proxy
from sandbox.cluster.controllers.simulated.storage import Storage

BEHAVIOURS: tuple[Behaviour, ...] = (
    Auth(),
    Envoy(),
    Functions(),
    Imgproxy(),
    Meta(),
    Realtime(),
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
