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
            spec = _in_namespace(kind, body)
            other = User(spec.get("user", ""), tuple(spec.get("groups") or ()))
            status = _verdict(spec, other, authorizer)
    return {
        "kind": kind.name,
        "apiVersion": kind.api_version,
        "metadata": {"creationTimestamp": None},
        "spec": spec,
        "status": status,
    }


def _in_namespace(kind: Kind, body: Object) -> Object:
    """A local review is about its own namespace, whatever it says."""
    spec: Object = body.get("spec") or {}
    namespace = (body.get("metadata") or {}).get("namespace")
    if kind.name != "LocalSubjectAccessReview" or not namespace:
        return spec
    return {
        **spec,
        "resourceAttributes": {**(spec.get("resourceAttributes") or {}), "namespace": namespace},
    }


def _rules(namespace: str, user: User, authorizer: Authorizer) -> Object:
    """What somebody may by RBAC; what the cloud decides is asked case by case."""
    rules = authorizer.rules(user, namespace)
    return {
        "resourceRules": [rule for rule in rules if "resources" in rule],
        "nonResourceRules": [rule for rule in rules if "nonResourceURLs" in rule],
        "incomplete": bool(user.object_id),
    }


def _verdict(spec: Object, user: User, authorizer: Authorizer) -> Object:
    wanted = spec.get("resourceAttributes")
    if wanted is None:
        asked = spec.get("nonResourceAttributes") or {}
        return {
            "allowed": authorizer.allows_url(user, asked.get("verb", ""), asked.get("path", ""))
        }
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
