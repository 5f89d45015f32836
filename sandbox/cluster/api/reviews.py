"""Questions that are posted: may I, who am I, whose token is this."""

from sandbox.cluster.api.authentication import Authenticator, User
from sandbox.cluster.api.authorization import Attempt, Authorizer
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Object


def answer(
    kind: Kind, body: Object, user: User, authenticator: Authenticator, authorizer: Authorizer
) -> Object:
    """The review with its status filled in."""
    spec = body.get("spec") or {}
    match kind.name:
        case "SelfSubjectReview":
            status: Object = {"userInfo": user.info}
        case "TokenReview":
            status = authenticator.review(body)
        case "SelfSubjectRulesReview":
            status = _rules(spec.get("namespace", ""), user, authorizer)
        case "SelfSubjectAccessReview":
            status = _verdict(spec, user, authorizer)
        case _:
            other = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            status = _verdict(spec, other, authorizer)
    return {
        "kind": kind.name,
        "apiVersion": kind.api_version,
        "metadata": {"creationTimestamp": None},
        "spec": spec,
        "status": status,
    }


def _rules(namespace: str, user: User, authorizer: Authorizer) -> Object:
    """What somebody may by RBAC; what the cloud decides is asked case by case."""
    rules = authorizer.rules(user, namespace)
    return {
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/version", "/api", "/apis"]}],
        "incomplete": bool(user.object_id),
    }


def _verdict(spec: Object, user: User, authorizer: Authorizer) -> Object:
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        return {"allowed": True}  # Discovery and health are free for whoever is known.
    resource = wanted.get("resource", "")
    if subresource := wanted.get("subresource"):
        resource = f"{resource}/{subresource}"
    attempt = Attempt(
        wanted.get("verb", ""),
        wanted.get("group", ""),
        resource,
        wanted.get("namespace", ""),
        wanted.get("name", ""),
    )
    return {"allowed": authorizer.allows(user, attempt)}
