"""The methods that Terraform calls: messages in, messages out."""

import importlib
import json
from typing import TYPE_CHECKING, Any

from sandbox.terraform_provider import catalog, protocol, validation
from sandbox.terraform_provider.errors import IncompleteError, ProviderError
from sandbox.terraform_provider.values import pack, unpack

if TYPE_CHECKING:
    from sandbox.terraform_provider.engine import Engine

PRIVATE = b'{"schema_version":"0"}'  # Where the SDK keeps timeouts; nothing of ours.
ENGINE = "sandbox.terraform_provider.engine"  # Loaded when needed: validation starts without it.


class Service:
    """One provider process: configured once, asked in parallel."""

    def __init__(self) -> None:
        self.configured: Engine | None = None

    @property
    def engine(self) -> "Engine":
        if self.configured is None:
            raise ProviderError("The provider was asked before it was configured.")
        return self.configured

    # --- The provider ---------------------------------------------------------------------------
    # Methods bear the protocol's names; the linter would like them in lower case.

    def GetMetadata(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("GetMetadata")(server_capabilities=catalog.capabilities())

    def GetProviderSchema(self, _request: Any) -> Any:  # noqa: N802
        return catalog.provider_schema()

    def ValidateProviderConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateProviderConfig")()

    def ConfigureProvider(self, request: Any) -> Any:  # noqa: N802
        module = importlib.import_module(ENGINE)
        self.configured = module.Engine(unpack(request.config) or {})
        return protocol.response("ConfigureProvider")()

    def StopProvider(self, _request: Any) -> Any:  # noqa: N802
        if self.configured is not None:
            self.configured.azure.stop()
        return protocol.response("StopProvider")()

    # --- Resources ------------------------------------------------------------------------------

    def ValidateResourceConfig(self, request: Any) -> Any:  # noqa: N802
        name, configuration = request.type_name, unpack(request.config)
        rules, find = catalog.rules(name), validation.lookup(configuration)
        found = [
            *validation.check(rules, configuration, find),
            *validation.check_values(catalog.value_rules(), name, rules, configuration),
        ]
        told = [protocol.diagnostic(error) for error in found]
        return protocol.response("ValidateResourceConfig")(diagnostics=told)

    def UpgradeResourceState(self, request: Any) -> Any:  # noqa: N802
        module = importlib.import_module(ENGINE)
        state = module.upgrade(request.type_name, json.loads(request.raw_state.json))
        return protocol.response("UpgradeResourceState")(upgraded_state=pack(state))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        state = self.engine.read(request.type_name, unpack(request.current_state))
        return protocol.response("ReadResource")(new_state=pack(state), private=request.private)

    def PlanResourceChange(self, request: Any) -> Any:  # noqa: N802
        response = protocol.response("PlanResourceChange")
        config, prior = unpack(request.config), unpack(request.prior_state)
        if config is None:
            return response(planned_state=pack(None), planned_private=request.prior_private)
        planned, replacements = self.engine.plan(request.type_name, config, prior)
        return response(
            planned_state=pack(planned),
            requires_replace=[protocol.attribute_path(path) for path in replacements],
            planned_private=request.prior_private or PRIVATE,
            legacy_type_system=True,
        )

    def ApplyResourceChange(self, request: Any) -> Any:  # noqa: N802
        response = protocol.response("ApplyResourceChange")
        prior, planned = unpack(request.prior_state), unpack(request.planned_state)
        told = []
        try:
            state = self.engine.apply(request.type_name, prior, planned, unpack(request.config))
        except IncompleteError as error:
            state, told = error.state, [protocol.diagnostic(error)]
        return response(
            new_state=pack(state),
            private=request.planned_private,
            diagnostics=told,
            legacy_type_system=True,
        )

    def ImportResourceState(self, request: Any) -> Any:  # noqa: N802
        state = self.engine.imported(request.type_name, request.id)
        found = protocol.MESSAGES["ImportedResource"](
            type_name=request.type_name, state=pack(state), private=PRIVATE
        )
        return protocol.response("ImportResourceState")(imported_resources=[found])

    # --- Data sources and ephemeral resources ---------------------------------------------------

    def ValidateDataResourceConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateDataResourceConfig")()

    def ReadDataSource(self, request: Any) -> Any:  # noqa: N802
        state = self.engine.data(request.type_name, unpack(request.config))
        return protocol.response("ReadDataSource")(state=pack(state))

    def ValidateEphemeralResourceConfig(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("ValidateEphemeralResourceConfig")()

    def OpenEphemeralResource(self, request: Any) -> Any:  # noqa: N802
        result = self.engine.ephemeral(request.type_name, unpack(request.config))
        return protocol.response("OpenEphemeralResource")(result=pack(result))

    def CloseEphemeralResource(self, _request: Any) -> Any:  # noqa: N802
        return protocol.response("CloseEphemeralResource")()
