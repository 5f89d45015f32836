"""Nobody makes a service keep more of a request than its budget."""

from collections.abc import AsyncIterator

import httpx
import pytest

from sandbox import arm
from sandbox.bodies import BUDGET
from tests.sandbox.conftest import VERSIONS, Azure, error_of

CHUNK = b" " * 65536


class Sent(httpx.AsyncByteStream):
    """A body that comes in chunks and never says how long it is."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.size // len(CHUNK) + 1):
            yield CHUNK


@pytest.mark.parametrize(
    "address",
    [
        f"https://{arm.HOST}/subscriptions/{arm.SUBSCRIPTION}/resourceGroups/large",
        f"https://login.microsoftonline.com/{arm.TENANT}/oauth2/v2.0/token",
        "https://lab-kv.vault.azure.net/secrets/large",
        "https://graph.microsoft.com/v1.0/servicePrincipals",
    ],
)
def test_a_request_beyond_the_budget_is_refused_however_it_comes(
    azure: Azure, address: str
) -> None:
    azure.new_vault()

    declared = azure.http.request("PUT", address, params=VERSIONS, content=b" " * (BUDGET + 1))
    streamed = azure.http.request("PUT", address, params=VERSIONS, content=Sent(BUDGET + 1))

    assert error_of(declared) == (413, "RequestEntityTooLarge")
    assert error_of(streamed) == (413, "RequestEntityTooLarge")


def test_an_endless_request_is_given_up(azure: Azure) -> None:
    answer = azure.http.request("PUT", azure.group, params=VERSIONS, content=Sent(40 * BUDGET))

    assert answer.status_code == 413


def test_a_request_within_the_budget_is_read_whole(azure: Azure) -> None:
    tags = {"filler": "x" * (BUDGET - 1000)}

    answer = azure.arm("PUT", azure.group, {"location": "westeurope", "tags": tags})

    assert answer.status_code in (200, 400)  # It was read; Azure has an opinion on long tags.
