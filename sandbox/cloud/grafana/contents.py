"""What one Grafana keeps: folders and dashboards, by uid. A dict in JSON's terms, no HTTP."""

import re
from typing import Any

from sandbox.rules import stable_label
from sandbox.store import Resource, duplicate

Json = dict[str, Any]
UID = re.compile(r"^[a-zA-Z0-9_-]{1,40}$")
GENERAL = "general"


class GrafanaError(Exception):
    """A refusal in Grafana's shape: a sentence, sometimes with a short status."""

    def __init__(self, status: int, message: str, word: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"message": message} | ({"status": word} if word else {})


class Contents:
    """The folders and dashboards of one instance; they survive a restart with it."""

    def __init__(self, instance: Resource) -> None:
        self.instance = instance
        kept = instance.secrets.setdefault("grafana", {"folders": {}, "dashboards": {}, "last": 0})
        self.folders: dict[str, Json] = kept["folders"]
        self.dashboards: dict[str, Json] = kept["dashboards"]
        self.kept = kept

    def number(self) -> int:
        self.kept["last"] += 1
        return int(self.kept["last"])

    def new_uid(self, wanted: Any) -> str:
        uid = wanted or f"{stable_label(self.instance.id, 8)}{self.number():06d}"
        if not UID.match(str(uid)):
            raise GrafanaError(400, "uid contains illegal characters")
        return str(uid)

    # --- Folders -------------------------------------------------------------------------------

    def folder(self, uid: str) -> Json:
        if uid not in self.folders:
            raise GrafanaError(404, "folder not found", "not-found")
        return self.folders[uid]

    def new_folder(self, wanted: Json, now: str, by: str) -> Json:
        title = wanted.get("title")
        if not title or not isinstance(title, str):
            raise GrafanaError(400, "folder title cannot be empty")
        uid = self.new_uid(wanted.get("uid"))
        if uid in self.folders:
            raise GrafanaError(409, "a folder with the same uid already exists")
        made = {
            "id": self.number(),
            "uid": uid,
            "title": title,
            "url": f"/dashboards/f/{uid}/{slug(title)}",
            "version": 1,
            "created": now,
            "updated": now,
            "createdBy": by,
            "updatedBy": by,
        }
        self.folders[uid] = made
        return made

    def remove_folder(self, uid: str) -> Json:
        """With all dashboards in it."""
        gone = self.folder(uid)
        del self.folders[uid]
        for one in [name for name, it in self.dashboards.items() if it["folderUid"] == uid]:
            del self.dashboards[one]
        return gone

    # --- Dashboards ----------------------------------------------------------------------------

    def dashboard(self, uid: str) -> Json:
        if uid not in self.dashboards:
            raise GrafanaError(404, "Dashboard not found")
        return self.dashboards[uid]

    def save(self, wanted: Json, now: str, by: str) -> Json:
        """Create or replace; without `overwrite` only what nobody changed meanwhile."""
        board = wanted.get("dashboard")
        if not isinstance(board, dict):
            raise GrafanaError(400, "bad request data")
        board = dict(duplicate(board))
        title = board.get("title")
        if not title or not isinstance(title, str):
            raise GrafanaError(400, "Dashboard title cannot be empty")
        tags = board.get("tags") or []
        if not isinstance(tags, list) or not all(isinstance(one, str) for one in tags):
            raise GrafanaError(400, "bad request data")
        folder = str(wanted.get("folderUid") or "")
        if folder and folder != GENERAL and folder not in self.folders:
            raise GrafanaError(400, "folder not found")
        known = self.dashboards.get(str(board.get("uid") or ""))
        if known is None and board.get("id"):
            raise GrafanaError(404, "Dashboard not found", "not-found")
        if known and not wanted.get("overwrite"):
            self.check_version(known, board)
        self.check_title(title, folder, str(board.get("uid") or ""))
        uid = self.new_uid(board.get("uid"))
        before = known["dashboard"] if known else {"id": self.number(), "version": 0}
        board |= {"id": before["id"], "uid": uid, "version": before["version"] + 1}
        self.dashboards[uid] = {
            "folderUid": "" if folder == GENERAL else folder,
            "dashboard": board,
            "created": known["created"] if known else now,
            "updated": now,
            "createdBy": known["createdBy"] if known else by,
            "updatedBy": by,
        }
        return board

    def check_version(self, known: Json, board: Json) -> None:
        if board.get("version") != known["dashboard"]["version"]:
            raise GrafanaError(
                412, "The dashboard has been changed by someone else", "version-mismatch"
            )

    def check_title(self, title: str, folder: str, uid: str) -> None:
        for other, one in self.dashboards.items():
            same = one["dashboard"]["title"] == title and one["folderUid"] == folder
            if same and other != uid:
                raise GrafanaError(
                    412,
                    "A dashboard with the same name in the folder already exists",
                    "name-exists",
                )

    def remove(self, uid: str) -> Json:
        gone = self.dashboard(uid)
        del self.dashboards[uid]
        return gone


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
