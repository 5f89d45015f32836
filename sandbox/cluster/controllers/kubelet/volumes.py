"""What init containers, whose images are not run here, leave in the volumes of their pod."""

from collections.abc import Mapping

from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.simulated.container import repository

# Of Realtime's schema the record of its migrations: by that it knows what is left to do.
REALTIME = """\
CREATE TABLE realtime.schema_migrations (version bigint PRIMARY KEY);
INSERT INTO realtime."schema_migrations" (version) VALUES (20230101000000);
"""
LEFT: Mapping[str, Mapping[str, str]] = {
    "supabase/realtime": {f"tenant_db_dump_{version}.sql": REALTIME for version in (15, 17)},
}


def left(pod: Manifest, spec: Manifest) -> dict[str, str]:
    """The files by path that a container finds so in the volumes that it shares with them."""
    empty = {item["name"] for item in pod.get("volumes") or [] if "emptyDir" in item}
    brought = {
        mount["name"]: LEFT[repository(init.get("image", ""))]
        for init in pod.get("initContainers") or []
        for mount in init.get("volumeMounts") or []
        if mount["name"] in empty and repository(init.get("image", "")) in LEFT
    }
    return {
        f"{mount['mountPath']}/{name}": text
        for mount in spec.get("volumeMounts") or []
        for name, text in brought.get(mount["name"], {}).items()
    }
