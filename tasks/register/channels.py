"""Channels: Prefect's notification blocks, whose addresses no file in git knows."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.notifications import (
    CustomWebhookNotificationBlock,
    MicrosoftTeamsWebhook,
    SlackWebhook,
)
from prefect.blocks.system import Secret
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import BlockDocument
from pydantic import SecretStr

from tasks.environment import Environment, Notify
from tasks.errors import ConfigError
from tasks.register.pages import all_of
from tasks.register.wanted import Change
from tasks.step import step

PREFIX = "supabase-notify-"  # Blocks carry no tags: what is named so is ours.
SOURCE = "notify-"  # Before the channel's name: the Secret block that holds its address.


def webhook(to: str, address: str) -> NotificationBlock:
    """The address is one of the block's secrets, since its field `url` is shown to everybody."""
    return CustomWebhookNotificationBlock(
        name=to,
        url="{{ address }}",
        json_data={"subject": "{{ subject }}", "text": "{{ body }}"},
        secrets={"address": address},
    )


def teams(_to: str, address: str) -> NotificationBlock:
    return MicrosoftTeamsWebhook(url=SecretStr(address))


def slack(_to: str, address: str) -> NotificationBlock:
    """Also for mail: of Prefect's blocks, this one hands any address to Apprise as it is."""
    return SlackWebhook(url=SecretStr(address))


Kind = tuple[tuple[str, ...], Callable[[str, str], NotificationBlock]]
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "webhook": (("http://", "https://"), webhook),
        "teams": (("https://",), teams),
        "slack": (("https://hooks.slack.com/", "https://hooks.slack-gov.com/"), slack),
        "email": (("mailtos://", "mailto://"), slack),
    }
)


@step("channels")
def bring(
    environments: Sequence[Environment], *, prune: bool
) -> tuple[dict[str, UUID], list[Change]]:
    """Create and update the blocks; return their ids by channel, and what was changed."""
    ids: dict[str, UUID] = {}
    changes: list[Change] = []
    with get_client(sync_client=True) as client:
        found = ours(client)
        for channel in channels(environments):
            ids[channel.to], changed = bring_one(channel, found.get(PREFIX + channel.to))
            changes += changed
        for title, block in found.items() if prune else ():
            if block.id not in ids.values():
                client.delete_block_document(block.id)
                if title.removeprefix(PREFIX) not in ids:
                    changes.append(Change("removed", "channel", title, "no environment names it"))
    return ids, changes


def channels(environments: Iterable[Environment]) -> list[Notify]:
    """Each channel once, however many environments tell it something."""
    found: dict[str, Notify] = {}
    for environment in environments:
        for one in environment.notify:
            if found.setdefault(one.to, one).by != one.by:
                raise ConfigError(
                    f"Channel {one.to} is of kind {one.by} in {environment.name}, and "
                    f"{found[one.to].by} elsewhere.",
                    "Give one of them another name.",
                )
    return list(found.values())


def bring_one(channel: Notify, there: BlockDocument | None) -> tuple[UUID, list[Change]]:
    title, given = PREFIX + channel.to, address(channel.to)
    if given is None and there is not None:
        return there.id, []  # Who registers now need not know the address.
    if given is None:
        raise ConfigError(
            f"Nobody has said where channel {channel.to} is.",
            f"Create the Prefect Secret block {SOURCE}{channel.to} with its address, or set "
            f"{variable(channel.to)} for this command.",
        )
    block = made(channel, given)
    if there is not None and same(block, there):
        return there.id, []
    saved = block.save(title, overwrite=True)
    return UUID(str(saved)), [Change("changed" if there else "created", "channel", title)]


def made(channel: Notify, given: str) -> NotificationBlock:
    """The block, or a complaint that does not repeat the address."""
    beginnings, make = KINDS[channel.by]
    expected = f"An address of kind {channel.by} begins with {' or '.join(beginnings)}"
    if not given.startswith(beginnings):
        raise ConfigError(f"The address of channel {channel.to} is none.", f"{expected}.")
    try:
        return make(channel.to, given)
    except ValueError:
        raise ConfigError(
            f"The address of channel {channel.to} is not accepted by Prefect.",
            f"{expected}, and is copied whole, with all that follows a question mark.",
        ) from None  # What was refused holds the address.


def same(block: NotificationBlock, there: BlockDocument) -> bool:
    """Whether the server holds the same, secrets included."""
    kind = type(block)
    if there.block_type is None or there.block_type.slug != kind.get_block_type_slug():
        return False
    held = kind._from_block_document(there)  # noqa: SLF001 # `load` would ask the server again.
    return all(getattr(held, name) == getattr(block, name) for name in kind.model_fields)


def variable(to: str) -> str:
    return f"NOTIFY_{to.upper().replace('-', '_')}"


def address(to: str) -> str | None:
    if given := os.environ.get(variable(to)):
        return given
    try:
        held: Any = Secret.load(SOURCE + to)
    except ValueError:  # There is no such block.
        return None
    return str(held.get())


def ours(client: SyncPrefectClient) -> dict[str, BlockDocument]:
    found = all_of(lambda limit, offset: client.read_block_documents(limit=limit, offset=offset))
    return {one.name: one for one in found if one.name and one.name.startswith(PREFIX)}
