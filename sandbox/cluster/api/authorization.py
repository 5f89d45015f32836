"""Who may: the administrator everything, Entra callers what the cloud says, others by RBAC."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sandbox.cluster.api import errors
from sandbox.cluster.api.authentication import MASTERS, SERVICE_ACCOUNT_PARTS, User
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Object, Storage
from sandbox.cluster.settings import Settings

RBAC = "rbac.authorization.k8s.io"
AZURE = (
    "User does not have access to the resource in Azure. Update role assignment to allow access."
)
EVERYTHING = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
FREE = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")


@dataclass(frozen=True)
class Attempt:
    """What somebody wants to do."""

    verb: str
    group: str
    resource: str  # With a subresource after a slash.
    namespace: str = ""
    name: str = ""

    @property
    def scoped(self) -> str:
        """The resource as Azure's data actions name it, such as `apps/deployments`."""
        return f"{self.group}/{self.resource}" if self.group else self.resource


class Authorizer:
    """Decides every request for an object; discovery is free for whoever is known."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage

    def allows(self, user: User, attempt: Attempt) -> bool:
        if attempt.resource in FREE:
            return True
        if user.object_id and self._settings.authorize(
            user.object_id, attempt.verb, attempt.scoped
        ):
            return True
        return any(grants(rule, attempt) for rule in self.rules(user, attempt.namespace))

    def demand(self, user: User, kind: Kind, attempt: Attempt) -> None:
        """Refuse in Kubernetes' words."""
        if not self.allows(user, attempt):
            missing = [error.message for error in self._missing(user, attempt.namespace)]
            raise denied(user, kind, attempt, missing)

    def demand_impersonation(self, user: User, name: str, groups: Sequence[str]) -> None:
        """Refuse to let somebody act for a user and groups that they may not impersonate."""
        parts = name.split(":")
        wanted = [Attempt("impersonate", "", "users", name=name)]
        if parts[:2] == ["system", "serviceaccount"] and len(parts) == SERVICE_ACCOUNT_PARTS:
            wanted = [Attempt("impersonate", "", "serviceaccounts", parts[2], parts[3])]
        wanted += [Attempt("impersonate", "", "groups", name=group) for group in groups]
        for attempt in wanted:
            if not self.allows(user, attempt):
                raise denied(user, Kind("", "v1", attempt.resource, ""), attempt)

    def rules(self, user: User, namespace: str) -> list[Object]:
        """The rules of every role that is bound to somebody."""
        if MASTERS in user.groups:
            return list(EVERYTHING)
        rules: list[Object] = []
        for reference in self._references(user, namespace):
            try:
                rules += self.rules_of(reference, namespace)
            except ApiError:
                continue  # A binding to nothing gives nothing; the refusal will name it.
        return rules

    def rules_of(self, reference: Object, namespace: str) -> list[Object]:
        """The rules of the role that a binding names; there must be one."""
        plural = f"{reference['kind'].lower()}s"
        space = namespace if plural == "roles" else ""
        role = self._storage.get((RBAC, plural), space, reference["name"])
        if role is None:
            singular = f'{reference["kind"].lower()}.{RBAC} "{reference["name"]}"'
            raise ApiError(404, "NotFound", f"{singular} not found")
        return role.get("rules") or []

    def allows_url(self, user: User, verb: str, path: str) -> bool:
        """May somebody ask for something that is no object, such as `/healthz`?"""
        return any(
            {"*", verb} & set(rule.get("verbs") or ())
            and any(_is_under(path, url) for url in rule.get("nonResourceURLs") or ())
            for rule in self.rules(user, "")
        )

    def _missing(self, user: User, namespace: str) -> Iterator[ApiError]:
        for reference in self._references(user, namespace):
            try:
                self.rules_of(reference, namespace)
            except ApiError as error:
                yield error

    def _references(self, user: User, namespace: str) -> Iterator[Object]:
        """The roles that are bound to somebody."""
        bindings = self._storage.collection((RBAC, "clusterrolebindings"))
        if namespace:
            bindings = [*bindings, *self._storage.collection((RBAC, "rolebindings"), namespace)]
        for binding in bindings:
            if any(means(subject, user, binding) for subject in binding.get("subjects") or ()):
                yield binding["roleRef"]


def means(subject: Object, user: User, binding: Object) -> bool:
    """Is this subject of a binding the user, or a group of theirs?"""
    if subject["kind"] == "ServiceAccount":
        namespace = subject.get("namespace") or binding["metadata"].get("namespace", "")
        return user.name == f"system:serviceaccount:{namespace}:{subject['name']}"
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    return bool(subject["name"] == user.name)


def grants(rule: Object, attempt: Attempt) -> bool:
    """Does one rule of a role cover an attempt?"""

    def covers(field: str, *wanted: str) -> bool:
        return bool({"*", *wanted}.intersection(rule.get(field) or ()))

    _, _, subresource = attempt.resource.partition("/")
    any_parent = (f"*/{subresource}",) if subresource else ()
    names = rule.get("resourceNames")
    return (
        covers("verbs", attempt.verb)
        and covers("apiGroups", attempt.group)
        and covers("resources", attempt.resource, *any_parent)
        and (not names or attempt.name in names)
    )


def _is_under(path: str, url: str) -> bool:
    return url == path or (url.endswith("*") and path.startswith(url[:-1]))


def denied(user: User, kind: Kind, attempt: Attempt, missing: Sequence[str] = ()) -> ApiError:
    where = (
        f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    )
    why = (
        f'User "{user.name}" cannot {attempt.verb} resource "{attempt.resource}" '
        f'in API group "{attempt.group}" {where}'
    )
    if user.object_id:
        why += f": {AZURE}"
    elif missing:
        why += f": RBAC: {errors.aggregate(missing)}"
    return errors.forbidden(kind, attempt.name, why)
