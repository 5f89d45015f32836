"""
The messages of Terraform's plugin protocol 6, built at start from a table of field numbers.

Each line is a message: `name=number:type`, with `*` for repeated fields. Only what the stand-in
reads or writes is listed; protobuf ignores the rest.
"""

import re
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from sandbox.terraform_provider.errors import Path, ProviderError

PACKAGE = "tfplugin6"
ERROR = 1  # Diagnostic.severity
NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}

TABLE = """
DynamicValue msgpack=1:bytes json=2:bytes
AttributePath.Step attribute_name=1:string element_key_string=2:string element_key_int=3:int64
AttributePath steps=1:*AttributePath.Step
Diagnostic severity=1:int64 summary=2:string detail=3:string attribute=4:AttributePath
RawState json=1:bytes
Empty

Attribute name=1:string type=2:bytes required=4:bool optional=5:bool computed=6:bool sensitive=7:bool deprecated=9:bool write_only=11:bool
NestedBlock type_name=1:string block=2:Block nesting=3:int64 min_items=4:int64 max_items=5:int64
Block version=1:int64 attributes=2:*Attribute block_types=3:*NestedBlock deprecated=6:bool
Schema version=1:int64 block=2:Block
SchemaEntry key=1:string value=2:Schema
ServerCapabilities plan_destroy=1:bool get_provider_schema_optional=2:bool move_resource_state=3:bool

GetMetadata.Response server_capabilities=1:ServerCapabilities
GetProviderSchema.Response provider=1:Schema resource_schemas=2:*SchemaEntry data_source_schemas=3:*SchemaEntry diagnostics=4:*Diagnostic server_capabilities=6:ServerCapabilities ephemeral_resource_schemas=8:*SchemaEntry
ValidateProviderConfig.Request config=1:DynamicValue
ValidateProviderConfig.Response diagnostics=2:*Diagnostic
ConfigureProvider.Request terraform_version=1:string config=2:DynamicValue
ConfigureProvider.Response diagnostics=1:*Diagnostic
StopProvider.Response error=1:string

ValidateResourceConfig.Request type_name=1:string config=2:DynamicValue
ValidateResourceConfig.Response diagnostics=1:*Diagnostic
UpgradeResourceState.Request type_name=1:string version=2:int64 raw_state=3:RawState
UpgradeResourceState.Response upgraded_state=1:DynamicValue diagnostics=2:*Diagnostic
ReadResource.Request type_name=1:string current_state=2:DynamicValue private=3:bytes
ReadResource.Response new_state=1:DynamicValue diagnostics=2:*Diagnostic private=3:bytes
PlanResourceChange.Request type_name=1:string prior_state=2:DynamicValue proposed_new_state=3:DynamicValue config=4:DynamicValue prior_private=5:bytes
PlanResourceChange.Response planned_state=1:DynamicValue requires_replace=2:*AttributePath planned_private=3:bytes diagnostics=4:*Diagnostic legacy_type_system=5:bool
ApplyResourceChange.Request type_name=1:string prior_state=2:DynamicValue planned_state=3:DynamicValue config=4:DynamicValue planned_private=5:bytes
ApplyResourceChange.Response new_state=1:DynamicValue private=2:bytes diagnostics=3:*Diagnostic legacy_type_system=4:bool
ImportResourceState.Request type_name=1:string id=2:string
ImportedResource type_name=1:string state=2:DynamicValue private=3:bytes
ImportResourceState.Response imported_resources=1:*ImportedResource diagnostics=2:*Diagnostic

ValidateDataResourceConfig.Request type_name=1:string config=2:DynamicValue
ValidateDataResourceConfig.Response diagnostics=1:*Diagnostic
ReadDataSource.Request type_name=1:string config=2:DynamicValue
ReadDataSource.Response state=1:DynamicValue diagnostics=2:*Diagnostic

ValidateEphemeralResourceConfig.Request type_name=1:string config=2:DynamicValue
ValidateEphemeralResourceConfig.Response diagnostics=1:*Diagnostic
OpenEphemeralResource.Request type_name=1:string config=2:DynamicValue
OpenEphemeralResource.Response diagnostics=1:*Diagnostic result=3:DynamicValue private=4:bytes
CloseEphemeralResource.Response diagnostics=1:*Diagnostic
"""  # noqa: E501 - one line per message reads best

Field = descriptor_pb2.FieldDescriptorProto
SCALARS = {
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
    "bool": Field.TYPE_BOOL,
    "int64": Field.TYPE_INT64,
}


def identifier(name: str) -> str:
    """Protobuf wants nested names without a dot when they stand at the top."""
    return name.replace(".", "_")


def add_field(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    found = re.fullmatch(r"(\w+)=(\d+):(\*?)([\w.]+)", text)
    if found is None:
        raise ValueError(f"{message.name}: {text!r} is not `name=number:type`.")
    name, number, repeated, kind = found.groups()
    field = message.field.add(name=name, number=int(number))
    field.label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    if kind in SCALARS:
        field.type = SCALARS[kind]
    else:
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{identifier(kind)}"
    if message.name == "AttributePath_Step":  # Its fields exclude each other; zero must be sent.
        if not message.oneof_decl:
            message.oneof_decl.add(name="selector")
        field.oneof_index = 0


def build(table: str) -> dict[str, Any]:
    """Turn the table into message classes, by their name in the table."""
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{PACKAGE}.proto", package=PACKAGE, syntax="proto3"
    )
    names = []
    for line in filter(None, table.splitlines()):
        name, *fields = line.split()
        names.append(name)
        message = file.message_type.add(name=identifier(name))
        for field in fields:
            add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = (pool.FindMessageTypeByName(f"{PACKAGE}.{identifier(name)}") for name in names)
    return dict(zip(names, map(message_factory.GetMessageClass, found), strict=True))


MESSAGES = build(TABLE)


def request(method: str) -> Any:
    """The class of a method's request; a method without arguments sends an empty message."""
    return MESSAGES.get(f"{method}.Request", MESSAGES["Empty"])


def response(method: str) -> Any:
    return MESSAGES[f"{method}.Response"]


def attribute_path(path: Path) -> Any:
    step = MESSAGES["AttributePath.Step"]
    steps = [
        step(element_key_int=part) if isinstance(part, int) else step(attribute_name=part)
        for part in path
    ]
    return MESSAGES["AttributePath"](steps=steps)


def diagnostic(error: ProviderError) -> Any:
    told = MESSAGES["Diagnostic"](severity=ERROR, summary=error.summary, detail=error.detail)
    if error.path:
        told.attribute.CopyFrom(attribute_path(error.path))
    return told
