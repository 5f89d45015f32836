"""What secrets and keys have in common: attributes that a request may set, and tags."""

from typing import Any

from sandbox.arm import ArmError

TAG_LIMIT = 15
TAG_LENGTH = 512  # Characters of a name, and of a value.
SETTABLE = {"enabled": bool, "nbf": int, "exp": int}


def bad(message: str) -> ArmError:
    return ArmError(400, "BadParameter", message)


def attributes_of(body: dict[str, Any]) -> dict[str, Any]:
    """The attributes that a request sets; the others are the vault's own."""
    asked = body.get("attributes") or {}
    if not isinstance(asked, dict):
        raise bad("The attributes are an object.")
    found = {key: asked[key] for key in SETTABLE if asked.get(key) is not None}
    for key, value in found.items():
        if type(value) is not SETTABLE[key]:
            word = "a number of seconds" if SETTABLE[key] is int else "true or false"
            raise bad(f"The attribute {key} is {word}.")
    return found


def tags_of(body: dict[str, Any]) -> dict[str, str] | None:
    """The tags that a request brings; none leaves those that there are."""
    found = body.get("tags")
    if found is None:
        return None
    if not isinstance(found, dict):
        raise bad("The tags are an object.")
    if len(found) > TAG_LIMIT:
        raise bad(f"There are at most {TAG_LIMIT} tags.")
    for name, value in found.items():
        if not isinstance(value, str):
            raise bad(f"The value of the tag {name[:TAG_LENGTH]!r} is a text.")
        if max(len(name), len(value)) > TAG_LENGTH:
            raise bad(f"The name and the value of a tag have at most {TAG_LENGTH} characters.")
    return dict(found)
