from dataclasses import replace

from tasks.charts import Package
from tasks.cluster import Answer
from tasks.helm import Release, Standing, page
from tasks.helm.preview import read

PUBLIC = Package("supabase", "0.1.0", b"chart")


def test_new_secrets_alone_are_no_change_that_a_person_is_asked_about() -> None:
    before = Release("supabase", "supabase", PUBLIC, {"a": 1, "secretsRevisions": {"x": "old"}})
    standing = Standing(3, "deployed", before.digest, before.values)
    after = replace(before, values={"a": 1, "secretsRevisions": {"x": "new"}})

    assert not standing.is_at(after)
    assert standing.is_at(standing.carried_into(after))
    assert not standing.is_at(standing.carried_into(replace(after, values={"a": 2})))


PREVIEW = """\
::release s3proxy
::before
kind: Deployment
metadata: {name: s3proxy}
spec: {replicas: 1, containers: [{name: main, image: "a:1"}, {name: side, image: "b:1"}]}
::after
kind: Deployment
metadata: {name: s3proxy}
spec: {replicas: 2, containers: [{name: side, image: "b:1"}, {name: main, image: "a:2"}]}
::after
kind: Service
metadata: {name: s3proxy}
[supabase] Error: no matches for kind "ExternalSecret"
"""


def test_a_preview_tells_object_by_object_or_why_it_cannot() -> None:
    answer = Answer({}, PREVIEW)

    known, unknown = read(answer, "s3proxy", known=True), read(answer, "supabase", known=False)

    assert known.changes == (
        "Deployment s3proxy: spec.containers[main].image a:1 → a:2; spec.replicas 1 → 2",
        "Service s3proxy comes",
    )
    assert "an earlier release brings" in unknown.unknown
    assert "- Service s3proxy comes" in page([known, unknown])
