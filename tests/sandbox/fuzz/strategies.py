"""What a stranger may send: mostly nearly right, sometimes anything."""

import json
import re
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as some

METHODS = (
    *("GET", "GET", "GET", "PUT", "PUT", "PUT", "PATCH", "PATCH", "POST", "POST", "DELETE", "HEAD"),
    *("OPTIONS", "MERGE", "junk"),
)
PARAMETER = re.compile(r"\{[^}]+\}")
ODD_PIECES = (
    *("/", "//", "/.", "/..", "/../..", "%2F", "%2f..%2f", "%5C", "\\", "%00", "%0A", "%", "%zz"),
    *("%FF%FE", "%ED%A0%80", "%E2%80%AE", "\u00e9", "\U0001f600", ";", ";a=b", ":", "@", "*", "'"),
    *('"', "<", "%20", "+", "?", "#", "$filter", "a" * 300, "-", ".", "..", "0", "{}", "{name}"),
    *("/providers", "/providers/", "/subscriptions", "/resourceGroups", "null", "undefined"),
)
QUERIES = (
    *("api-version=2024-11-30", "api-version=7.4", "api-version=", "api-version", "api-version=1"),
    *("api-version=2024-11-30&api-version=2020-01-01", "api-version=%FF", "api-version=9999-99-99"),
    *("$filter=name eq 'a'", "$filter=(((", "$filter=", "$top=-1", "$top=x", "$skiptoken=%00"),
    *(
        "$skiptoken=x",
        "$expand=a",
        "maxresults=0",
        "maxresults=9999999999999999999",
        "a=%zz",
        "&&&",
    ),
    *("=", "comp=list", "restype=container", "comp=batch", "comp=blocklist", "n=x", "last=%FF"),
    *("watch=1&timeoutSeconds=0", "limit=x", "limit=-1", "continue=e30", "labelSelector=a in (("),
    *("fieldSelector=a", "resourceVersion=x", "dryRun=All", "fieldManager=", "force=true"),
    *("resource=https://vault.azure.net", "client_id=x", "digest=sha256:x", "mount=x&from=y"),
    *("service=x&scope=repository:a:pull", "scope=::::", "forceDeletionTypes=x", "tailLines=x"),
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {},
    {"content-type": ""},
    {"content-type": "text/plain"},
    {"content-type": "application/json; charset=utf-16"},
    {"content-type": "application/x-www-form-urlencoded"},
    {"content-type": "application/json-patch+json"},
    {"content-type": "application/merge-patch+json"},
    {"content-type": "application/strategic-merge-patch+json"},
    {"content-type": "application/apply-patch+yaml"},
    {"content-type": "application/vnd.kubernetes.protobuf"},
    {"content-type": "multipart/mixed; boundary=x"},
    {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
    {"accept": "application/vnd.kubernetes.protobuf"},
    {"accept-encoding": "gzip"},
    {"if-match": "*"},
    {"if-match": '"x"'},
    {"if-none-match": "*"},
    {"range": "bytes=5-1"},
    {"content-range": "9-5"},
    {"metadata": "true"},
    {"x-ms-version": "junk", "x-ms-date": "junk"},
    {"x-ms-blob-type": "junk", "x-ms-copy-source": "junk"},
    {"x-ms-correlation-request-id": "\u00e9" * 9},
    {"impersonate-user": "a", "impersonate-group": "system:masters"},
)
CREDENTIALS = (
    *("", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic x", "Basic Og==", "junk \udcff"),
    *("Bearer " + "a" * 5000, "SharedKey a:b", "SharedKey fuzzstg:", "SharedKey", "Negotiate x"),
)
WORDS = (
    *("properties", "location", "sku", "name", "tags", "id", "value", "type", "kind", "identity"),
    *("value", "attributes", "metadata", "spec", "data", "apiVersion", "op", "path", "ids", "exp"),
    *("labels", "annotations", "namespace", "status", "template", "containers", "rules", "items"),
)
RAW: tuple[bytes, ...] = (
    *(b"", b"{", b"[]", b"null", b'"', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x00", b"{}{}"),
    *(b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":"\\ud800"}'),
    *(
        b'{"properties":' * 5000,
        b"[" * 100_000,
        b'{"a":' + b"9" * 5000 + b"}",
        b"a=%FF&b",
        b"a: *b",
    ),
    *(
        b"<a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"--x\r\n\r\n--x--",
        b"k8s\x00\xff\xff",
    ),
    *(b"grant_type=client_credentials&client_id=%00", b"grant_type=&assertion=a.b.c", b"&&&=&"),
)

scalars = (
    some.none()
    | some.booleans()
    | some.integers(-(2**70), 2**70)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=20)
    | some.sampled_from(("Succeeded", "10.0.0.0/8", "westeurope", "1970-01-01T00:00:00Z", "*", ""))
)
documents = some.recursive(
    scalars,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(WORDS) | some.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@some.composite
def disturbed(draw: some.DrawFn, document: Any) -> Any:
    """A good document of which one part is something else."""
    value = draw(documents)
    if not document or not isinstance(document, dict | list):
        return value
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    keys = list(copy) if isinstance(copy, dict) else list(range(len(copy)))
    key = draw(some.sampled_from(keys))
    if draw(some.booleans()):
        copy[key] = draw(disturbed(copy[key]))
    else:
        copy[key] = value
    return copy


@some.composite
def paths(draw: some.DrawFn, known: list[str], names: list[str]) -> str:
    """A known path, with names in its marks, that may be a little or very odd."""
    odd = some.sampled_from(ODD_PIECES) | some.text(min_size=1, max_size=12).map(quote)
    path = draw(some.sampled_from(known))
    usual = some.sampled_from(names)
    path = PARAMETER.sub(lambda _: draw(odd if draw(some.integers(0, 9)) == 9 else usual), path)
    for _ in range(draw(some.sampled_from((0, 0, 0, 0, 0, 1, 2)))):
        at = draw(some.integers(1, len(path)))
        path = path[:at] + draw(odd) + path[at:]
    if draw(some.sampled_from((False, False, False, True))):
        path = path.swapcase()
    return path.split("?")[0].split("#")[0].replace(" ", "%20")


queries = some.just(list(QUERIES[:1])) | some.lists(some.sampled_from(QUERIES), max_size=3)


@some.composite
def requests(
    draw: some.DrawFn, known: list[str], names: list[str], bodies: list[Any]
) -> dict[str, Any]:
    """The parts of a request to one of the known paths."""
    headers = dict(draw(some.sampled_from(HEADERS)))
    if draw(some.integers(0, 9)) == 9:  # Otherwise with the good ones of whoever asks.
        headers["authorization"] = draw(some.sampled_from(CREDENTIALS))
    good = some.sampled_from(bodies)
    document = good | good.flatmap(disturbed) | documents
    content = document.map(lambda one: json.dumps(one).encode()) | some.sampled_from(RAW)
    return {
        "method": draw(some.sampled_from(METHODS)),
        "path": draw(paths(known, names)),
        "query": "&".join(draw(queries)).encode(),
        "headers": headers,
        "content": draw(content | some.binary(max_size=40)),
    }
