"""Protobuf bodies: the traps between the wire and JSON."""

from typing import Any

import pytest

from sandbox.cluster.api import protobuf
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.data import protobuf_fields


def varint(number: int) -> bytes:
    number %= 1 << 64
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def message(*fields: tuple[int, Any]) -> bytes:
    """Fields in wire form: integers as varints, everything else with its length."""
    encoded = b""
    for number, value in fields:
        if isinstance(value, int):
            encoded += varint(number << 3) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            encoded += varint(number << 3 | 2) + varint(len(content)) + content
    return encoded


def decoded(api_version: str, kind: str, content: bytes) -> dict[str, Any]:
    types = message((1, api_version), (2, kind))
    return protobuf.decode(protobuf.MAGIC + message((1, types), (2, content)))


def test_a_secret_keeps_its_bytes_and_its_empty_values() -> None:
    entry = message((1, "empty"), (2, b""))
    binary = message((1, "key"), (2, b"\x00\xff"))

    secret = decoded("v1", "Secret", message((2, entry), (2, binary), (3, "Opaque")))

    assert secret["data"] == {"empty": "", "key": "AP8="}
    assert (secret["kind"], secret["type"]) == ("Secret", "Opaque")


def test_embedded_structs_belong_to_their_parent() -> None:
    path = message((1, "/"), (3, "Prefix"))
    rule = message((1, "example.com"), (2, message((1, message((1, path))))))

    ingress = decoded("networking.k8s.io/v1", "Ingress", message((2, message((3, rule)))))

    assert ingress["spec"]["rules"] == [
        {"host": "example.com", "http": {"paths": [{"path": "/", "pathType": "Prefix"}]}}
    ]


def test_zeros_of_plain_fields_vanish_and_those_of_pointers_stay() -> None:
    spec = message((1, 0), (5, 0))  # replicas, minReadySeconds

    deployment = decoded("apps/v1", "Deployment", message((2, spec)))

    assert deployment["spec"] == {"replicas": 0}


def test_numbers_below_zero_and_ports_by_name_are_read() -> None:
    port = message((3, 80), (4, message((1, 1), (3, "http"))))

    service = decoded("v1", "Service", message((2, message((1, port)))))
    job = decoded("batch/v1", "Job", message((2, message((7, -1)))))

    assert service["spec"]["ports"] == [{"port": 80, "targetPort": "http"}]
    assert job["spec"] == {"backoffLimit": -1}


def test_a_kind_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        decoded("example.com/v1", "Widget", b"")

    assert refused.value.code == 415


def test_a_torn_body_is_refused() -> None:
    with pytest.raises(ApiError) as refused:
        protobuf.decode(protobuf.MAGIC + b"\x0a\xff")

    assert refused.value.code in (400, 415)


PROTO = """\
package k8s.io.api.core.v1;
// A comment with optional string trap = 1;
message Secret {
  // Standard metadata.
  optional .k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta metadata = 1;
  map<string, bytes> data = 2;
  repeated Thing things = 3;
}
"""


def test_the_table_can_be_renewed_from_the_sources() -> None:
    found = dict(protobuf_fields.messages(PROTO))

    assert found == {
        "k8s.io.api.core.v1.Secret": {
            "1": ("metadata", "k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta", 0),
            "2": ("data", "map:bytes", 0),
            "3": ("things", "k8s.io.api.core.v1.Thing", 1),
        }
    }
