"""What a program does that uses the async clients; it prints what it found, as JSON."""

import asyncio
import json
import os
import sys

from azure.identity.aio import DefaultAzureCredential
from azure.keyvault.secrets.aio import SecretClient
from azure.mgmt.resource.resources.aio import ResourceManagementClient


async def main(vault: str) -> None:
    async with (
        DefaultAzureCredential() as credential,
        ResourceManagementClient(credential, os.environ["AZURE_SUBSCRIPTION_ID"]) as resources,
        SecretClient(vault, credential) as secrets,
    ):
        groups = [one.name async for one in resources.resource_groups.list()]
        written = await secrets.set_secret("from-async", "value")
        read = await secrets.get_secret("from-async")
        print(json.dumps({"groups": groups, "same": written.id == read.id}))  # noqa: T201  # Its answer.


asyncio.run(main(sys.argv[1]))
