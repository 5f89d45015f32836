"""The environment's own registry: charts are published there, images imported."""

from tasks.registry.charts import place, publish
from tasks.registry.images import Image, fetch, lacking
from tasks.registry.session import Login

__all__ = ["Image", "Login", "fetch", "lacking", "place", "publish"]
