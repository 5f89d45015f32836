"""The methods that Terraform calls."""

from typing import Any

from sandbox.terraform_provider import catalog, protocol, validation
from sandbox.terraform_provider.values import unpack


class Service:
    """One provider process: configured once, asked in parallel."""

    def GetMetadata(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("GetMetadata")(server_capabilities=catalog.capabilities())

    def GetProviderSchema(self, _request: Any) -> Any:  # noqa: N802
        return catalog.provider_schema()

    def ValidateProviderConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateProviderConfig")()

    def ValidateResourceConfig(self, request: Any) -> Any:  # noqa: N802
        configuration = unpack(request.config)
        find = validation.lookup(configuration)
        found = validation.check(catalog.rules(request.type_name), configuration, find)
        told = [protocol.diagnostic(error) for error in found]
        return protocol.response("ValidateResourceConfig")(diagnostics=told)

    def ValidateDataResourceConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateDataResourceConfig")()

    def ValidateEphemeralResourceConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateEphemeralResourceConfig")()
