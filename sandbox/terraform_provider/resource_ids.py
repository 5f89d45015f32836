"""Resource ids as azurerm reads them, segment by segment; in its words when one does not fit."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

SUBSCRIPTION = "12345678-1234-9876-4563-123456789012"
GROUP = "example-resource-group"


@dataclass(frozen=True)
class Segment:
    """One part of an id: a fixed word, or a name that somebody chose."""

    name: str
    example: str
    description: str
    fixed: str | None = None


def chosen(placeholder: str) -> Segment:
    """The segment of `{name}` or `{name=example}`."""
    name, _, example = placeholder.strip("{}").partition("=")
    if name == "subscriptionId":
        return Segment(name, SUBSCRIPTION, "should be the UUID of the Azure Subscription")
    if name == "resourceGroupName":
        return Segment(name, GROUP, "should be the name of the Resource Group")
    kind = name.removesuffix("Name")
    told = f'should be the user specified value for this {kind} [for example "{example}"]'
    return Segment(name, example, told)


def fixed(text: str, before: str, *, plain: bool) -> Segment:
    """A word of the id; azurerm's newer ids call it `static` and more."""
    if before == "providers":
        told = f"should be the name of the Resource Provider [for example '{text}']"
        name = "resourceProvider" if plain else f"static{text.replace('.', '')}"
        return Segment(name, text, told, text)
    name = text if plain else f"static{text[:1].upper()}{text[1:]}"
    return Segment(name, text, f'should be the literal value "{text}"', text)


@dataclass(frozen=True)
class Form:
    """What the ids of one kind look like."""

    kind: str
    segments: tuple[Segment, ...]

    @property
    def expected(self) -> str:
        return "".join(f"/{segment.example}" for segment in self.segments)

    def complaint(self, text: str, *, any_case: bool = False) -> str | None:
        """What is wrong with an id; None when it fits."""
        if not text:
            return f'parsing "{text}": cannot parse an empty string'
        found = self.misfit(text, any_case=any_case)
        return None if found is None else f"parsing {quoted(text)}: {found}"

    def misfit(self, text: str, *, any_case: bool) -> str | None:
        parts = text.removeprefix("/").split("/")
        if len(parts) < len(self.segments):
            return self.too_short(text)
        for position, (segment, part) in enumerate(zip(self.segments, parts, strict=False)):
            if segment.fixed is None or segment.fixed == part:
                continue
            if not any_case or segment.fixed.lower() != part.lower():
                return f"parsing segment {quoted(segment.name)}: {self.other(text, position)}"
        rest = "/".join(parts[len(self.segments) :])
        if rest:
            return (
                f"unexpected segment {quoted(rest)} present at the end of the URI "
                f"(input {quoted(text)})"
            )
        empty = (position for position, part in enumerate(parts) if not part)
        return next((self.other(text, position) for position in empty), None)

    def too_short(self, text: str) -> str:
        wanted = [
            f"* Segment {position} - this {segment.description}"
            for position, segment in enumerate(self.segments)
        ]
        missing = [f"* Segment {position} - not found" for position in range(len(self.segments))]
        return (
            f"parsing the {self.kind} ID: the number of segments didn't match\n\n"
            f"Expected a {self.kind} ID that matched (containing {len(self.segments)} segments):"
            f"\n\n> {self.expected}\n\n"
            "However this value was provided (which was parsed into 0 segments):\n\n"
            f"> {text}\n\nThe following Segments are expected:\n\n{lines(wanted)}\n\n"
            f"The following Segments were parsed:\n\n{lines(missing)}\n"
        )

    def other(self, text: str, position: int) -> str:
        return (
            f"parsing the {self.kind} ID: the segment at position {position} didn't match\n\n"
            f"Expected a {self.kind} ID that matched:\n\n> {self.expected}\n\n"
            f"However this value was provided:\n\n> {text}\n\n"
            f"The parsed Resource ID was missing a value for the segment at position {position}\n"
            f"(which {self.segments[position].description}).\n\n"
        )


@cache
def form(kind: str, template: str, *, plain: bool = False) -> Form:
    """Read `/subscriptions/{subscriptionId}/…/subnets/{subnetName=subnetValue}`."""
    words = template.split("/")
    segments = tuple(
        chosen(word) if word.startswith("{") else fixed(word, before, plain=plain)
        for before, word in pairwise(words)
    )
    return Form(kind, segments)


def like(template: str, forms: Iterable[Form]) -> Form:
    """The form of a table's id such as `/subscriptions/{subscription}/…/subnets/{name}`."""
    words = template.split("/")
    shape = [None if word.startswith("{") else word for word in words[1:]]
    for one in forms:
        if [segment.fixed for segment in one.segments] == shape:
            return one
    for index, word in enumerate(words):
        if word == "{subscription}":
            words[index] = "{subscriptionId}"
        elif word == "{resource_group_name}":
            words[index] = "{resourceGroupName}"
        elif word.startswith("{"):
            name = f"{singular(words[index - 1])}Name"
            words[index] = f"{{{name}={name}}}"
    kind = singular(words[-2])
    return form(kind[:1].upper() + kind[1:], "/".join(words))


def singular(word: str) -> str:
    """`federatedIdentityCredentials` as one of them."""
    if word.endswith("ies"):
        return f"{word.removesuffix('ies')}y"
    return word.removesuffix("es") if word.endswith("sses") else word.removesuffix("s")


def any_resource(text: str) -> str | None:
    """What is wrong with the id of something that may be of any kind; None when it is one."""
    if not text.startswith("/"):
        return f"cannot parse Azure ID: parse {quoted(text)}: invalid URI for request"
    path = text.strip("/")
    parts = path.split("/")
    if len(parts) % 2:
        return f"the number of path segments is not divisible by 2 in {quoted(path)}"
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    for key, value in pairs:
        if not key or not value:
            return f"key/value cannot be empty strings. Key: '{key}', Value: '{value}'"
    if "subscriptions" not in dict(pairs):
        return f"no subscription ID found in: {quoted(path)}"
    return None


def quoted(text: str) -> str:
    """A text as Go prints it with %q."""
    return re.sub(r"\\u00([0-9a-f]{2})", r"\\x\1", json.dumps(text, ensure_ascii=False))


def lines(texts: list[str]) -> str:
    return "\n".join(texts)
