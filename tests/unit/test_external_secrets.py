"""What the cluster says of its Secrets, read into values; the script has tests of its own."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus

import pytest

from tasks import external_secrets
from tasks.catalogue import Consumer
from tasks.catalogue.consumers import Key
from tasks.errors import RefusedError
from tasks.external_secrets import Late, Source

REFUSED = (
    "error processing spec.data[0] (key: jwt-set), err: keyvault.BaseClient#GetSecret: "
    'Status=403 Code="Forbidden" InnerError={"code":"%s"}'
)


@dataclass(frozen=True)
class Version:
    value: str
    version: str = "v1"


VAULT: Mapping[str, Version] = {
    "one": Version("1"),
    "set": Version(json.dumps({"text": "a\nb", "list": [1], "none": None})),
}


def source(*consumers: Consumer, held: Mapping[str, Version] = VAULT) -> Source:
    def read(uri: str, names: Sequence[str]) -> Mapping[str, Version]:
        assert uri == "https://demo-kv.vault.azure.net/"
        return {name: held[name] for name in names if name in held}

    return Source("https://demo-kv.vault.azure.net/", consumers, read)


def document(*states: str, **parts: Any) -> dict[str, Any]:
    return {"states": list(states), "wrong": [], "nudged": [], "events": []} | parts


def test_a_secret_that_nobody_looked_at_is_late() -> None:
    late = external_secrets.read_late(document("new", "old True SecretSynced"))

    assert [str(one) for one in late] == ["new: not looked at yet"]


def test_what_is_missing_and_what_differs_is_named_by_key() -> None:
    wrong = ["supabase-auth jwt-keys missing", "supabase-auth jwt-secret differs"]
    found = document("supabase-auth True SecretSynced", "supabase-a True SecretSynced", wrong=wrong)

    (late,) = external_secrets.read_late(found)

    assert str(late) == "supabase-auth: lacks jwt-keys; holds something older in jwt-secret"


def test_an_old_event_is_not_told_of_a_secret_that_is_ready() -> None:
    found = document("a True SecretSynced", wrong=["a k differs"], events=["a ForbiddenByRbac"])

    (late,) = external_secrets.read_late(found)

    assert late.event == ""


def test_a_long_event_shows_its_begin_and_its_end() -> None:
    event = quote_plus(REFUSED % "ForbiddenByRbac" + "\n " + "x" * 400 + " the end")
    (late,) = external_secrets.read_late(
        document("a False SecretSyncedError", events=[f"a {event}"])
    )

    assert "(key: jwt-set), err: " in str(late)
    assert str(late).endswith("x the end)")
    assert len(str(late)) < 400


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (REFUSED % "ForbiddenByRbac", "Secrets User on demo-kv (it asked for jwt-set)"),
        (REFUSED % "ForbiddenByFirewall", "The firewall of demo-kv refuses the cluster"),
        (REFUSED % "SecretDisabled", "jwt-set is disabled in demo-kv"),
        ("(key: jwt-set), err: Secret does not exist", "demo-kv lacks jwt-set: run seed-secrets"),
        ("AADSTS700213: No match.", "federated credential names another issuer"),
        ("", "look at the pods in the namespace external-secrets"),
    ],
)
def test_an_event_points_at_its_cause(event: str, cause: str) -> None:
    late = Late("a", "SecretSyncedError", event=event)

    advice = external_secrets.advice([late, replace(late, name="b")], source())

    assert advice.count(cause) == 1
    assert "'Secrets do not arrive'" in advice


def test_parts_of_a_set_are_taken_out_as_the_operator_does() -> None:
    keys = (Key("one", "one"), Key("text", "set", "text"), Key("list", "set", "list"))

    found = external_secrets.read(source(Consumer("app", keys)))

    assert [one.value for one in found] == ["1", "a\nb", "[1]"]
    assert "a\\nb" not in repr(found)


def test_what_the_vault_lacks_is_named_with_its_reader() -> None:
    keys = (Key("a", "absent"), Key("b", "set", "absent"), Key("c", "one", "part"))

    with pytest.raises(RefusedError) as caught:
        external_secrets.read(source(Consumer("app", keys), Consumer("s3proxy", keys[:1])))

    assert caught.value.message == (
        "demo-kv lacks absent (for supabase-app), set/absent (for supabase-app), "
        "one/part (for supabase-app), absent (for s3proxy)."
    )


def test_a_digest_is_of_salt_and_content_as_the_cluster_keeps_it() -> None:
    (content,) = external_secrets.read(source(Consumer("app", (Key("k", "one"),))))

    digest = hashlib.sha256(b"salt" + base64.b64encode(b"1")).hexdigest()
    assert content.expected("salt") == f"supabase-app k {digest}\n"


def test_a_revision_follows_the_versions_of_its_own_keys_only() -> None:
    readers = (
        Consumer("a", (Key("one", "one"), Key("t", "set", "text"))),
        Consumer("b", (Key("t", "set", "text"),)),
    )

    def revisions(**held: Version) -> dict[str, str]:
        return external_secrets.revisions(
            external_secrets.read(source(*readers, held={**VAULT, **held}))
        )

    before, same = revisions(), revisions(one=Version("another value"))
    after = revisions(one=Version("1", "v2"))
    assert before == same
    assert before["supabase-b"] == after["supabase-b"]
    assert before["supabase-a"] != after["supabase-a"]
