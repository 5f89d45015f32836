"""Pod Security Standards: what `baseline` and `restricted` refuse, in the words of Kubernetes."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

Object = dict[str, Any]

PREFIX = "pod-security.kubernetes.io/"
LEVELS = ("privileged", "baseline", "restricted")
TEMPLATES = {
    "Pod": ("spec",),
    "Deployment": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
CAPABILITIES = {
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
}  # What a container runtime gives by itself.
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}


@dataclass(frozen=True)
class Policy:
    """The levels of a namespace, each with the version of the standards that it means."""

    enforce: tuple[str, str]
    warn: tuple[str, str]

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> Self:
        def level(mode: str) -> tuple[str, str]:
            name = labels.get(PREFIX + mode, "privileged")
            known = name if name in LEVELS else "restricted"  # A typo is on the safe side.
            return known, labels.get(f"{PREFIX}{mode}-version", "latest")

        enforce = level("enforce")
        return cls(enforce, level("warn") if PREFIX + "warn" in labels else enforce)


def pod_spec(kind: str, body: Object) -> Object | None:
    """The pod in an object: its own, or that of its template."""
    found: Any = body
    for step in TEMPLATES.get(kind, ("",)):
        found = (found or {}).get(step)
    return found or None


def violations(spec: Object, level: str, version: str) -> str:
    """`"restricted:latest": why, why`, or nothing."""
    if level == "privileged":
        return ""
    checks = BASELINE if level == "baseline" else RESTRICTED
    found = [why for check in checks if (why := check(spec))]
    return f'"{level}:{version}": {", ".join(found)}' if found else ""


# --- The words -----------------------------------------------------------------------------------


def _containers(spec: Object) -> Iterator[tuple[str, Object, Object]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for each in spec.get(field) or ():
            yield each["name"], each, each.get("securityContext") or {}


def _pod(spec: Object) -> Object:
    found: Object = spec.get("securityContext") or {}
    return found


def _named(noun: str, names: list[str], verbs: tuple[str, str] = ("", "")) -> str:
    """`container "a"`, `containers "a", "b"`, followed by the verb of their number."""
    listed = ", ".join(f'"{name}"' for name in names)
    one = len(names) == 1
    verb = verbs[0] if one else verbs[1]
    return f"{noun}{'' if one else 's'} {listed}" + (f" {verb}" if verb else "")


def _quoted(values: set[str]) -> str:
    return ", ".join(f'"{value}"' for value in sorted(values))


# --- Baseline ------------------------------------------------------------------------------------


def _host_namespaces(spec: Object) -> str:
    used = [name for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return f"host namespaces ({', '.join(f'{name}=true' for name in used)})" if used else ""


def _host_paths(spec: Object) -> str:
    found = [each["name"] for each in spec.get("volumes") or () if each.get("hostPath")]
    return f"hostPath volumes ({_named('volume', found)})" if found else ""


def _host_ports(spec: Object) -> str:
    ports: dict[str, list[int]] = {}
    for name, container, _ in _containers(spec):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                ports.setdefault(name, []).append(port["hostPort"])
    if not ports:
        return ""
    numbers = sorted({number for each in ports.values() for number in each})
    word = "hostPort" if len(numbers) == 1 else "hostPorts"
    who = _named("container", list(ports), ("uses", "use"))
    return f"hostPort ({who} {word} {', '.join(map(str, numbers))})"


def _privileged(spec: Object) -> str:
    found = [name for name, _, context in _containers(spec) if context.get("privileged")]
    who = _named("container", found)
    return f"privileged ({who} must not set securityContext.privileged=true)" if found else ""


def _capabilities(spec: Object) -> str:
    bad: dict[str, set[str]] = {}
    for name, _, context in _containers(spec):
        added = set((context.get("capabilities") or {}).get("add") or ()) - CAPABILITIES
        if added:
            bad[name] = added
    if not bad:
        return ""
    listed = _quoted(set().union(*bad.values()))
    who = _named("container", list(bad))
    where = "securityContext.capabilities.add"
    return f"non-default capabilities ({who} must not include {listed} in {where})"


def _proc_mount(spec: Object) -> str:
    bad = {
        name: context["procMount"]
        for name, _, context in _containers(spec)
        if context.get("procMount", "Default") != "Default"
    }
    who = _named("container", list(bad))
    text = f"procMount ({who} must not set securityContext.procMount to"
    return f"{text} {_quoted(set(bad.values()))})" if bad else ""


def _unconfined(spec: Object) -> str:
    pod = (_pod(spec).get("seccompProfile") or {}).get("type") == "Unconfined"
    found = [
        name
        for name, _, context in _containers(spec)
        if (context.get("seccompProfile") or {}).get("type") == "Unconfined"
    ]
    who = " and ".join(
        [*(["pod"] if pod else []), *([_named("container", found)] if found else [])]
    )
    text = 'must not set securityContext.seccompProfile.type to "Unconfined"'
    return f"seccompProfile ({who} {text})" if who else ""


def _sysctls(spec: Object) -> str:
    found = {each["name"] for each in _pod(spec).get("sysctls") or ()} - SYSCTLS
    return f"forbidden sysctls ({', '.join(sorted(found))})" if found else ""


# --- Restricted ----------------------------------------------------------------------------------


def _volume_types(spec: Object) -> str:
    bad: dict[str, set[str]] = {}
    for volume in spec.get("volumes") or ():
        kinds = volume.keys() - VOLUMES - {"name"}
        if kinds:
            bad[volume["name"]] = kinds
    if not bad:
        return ""
    kinds = set().union(*bad.values())
    who = _named("volume", list(bad), ("uses", "use"))
    plural = "" if len(kinds) == 1 else "s"
    return f"restricted volume types ({who} restricted volume type{plural} {_quoted(kinds)})"


def _escalation(spec: Object) -> str:
    found = [
        name
        for name, _, context in _containers(spec)
        if context.get("allowPrivilegeEscalation") is not False
    ]
    who = _named("container", found)
    text = f"({who} must set securityContext.allowPrivilegeEscalation=false)"
    return f"allowPrivilegeEscalation != false {text}" if found else ""


def _dropped(spec: Object) -> str:
    keeping, adding = [], {}
    for name, _, context in _containers(spec):
        found = context.get("capabilities") or {}
        if "ALL" not in (found.get("drop") or ()):
            keeping.append(name)
        if added := set(found.get("add") or ()) - {"NET_BIND_SERVICE"}:
            adding[name] = added
    parts = []
    if keeping:
        who = _named("container", keeping)
        parts.append(f'{who} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        who, listed = _named("container", list(adding)), _quoted(set().union(*adding.values()))
        parts.append(f"{who} must not include {listed} in securityContext.capabilities.add")
    return f"unrestricted capabilities ({'; '.join(parts)})" if parts else ""


def _as_root(spec: Object) -> str:
    pod = _pod(spec).get("runAsNonRoot")
    explicit = [
        name for name, _, context in _containers(spec) if context.get("runAsNonRoot") is False
    ]
    silent = [name for name, _, context in _containers(spec) if context.get("runAsNonRoot") is None]
    if explicit or pod is False:
        who = [*(["pod"] if pod is False else [])]
        who += [_named("container", explicit)] if explicit else []
        text = f"({' and '.join(who)} must not set securityContext.runAsNonRoot=false)"
        return f"runAsNonRoot != true {text}"
    if silent and pod is None:
        who_else = _named("container", silent)
        return (
            f"runAsNonRoot != true (pod or {who_else} must set securityContext.runAsNonRoot=true)"
        )
    return ""


def _user_zero(spec: Object) -> str:
    who = ["pod"] if _pod(spec).get("runAsUser") == 0 else []
    found = [name for name, _, context in _containers(spec) if context.get("runAsUser") == 0]
    who += [_named("container", found)] if found else []
    return f"runAsUser=0 ({' and '.join(who)} must not set runAsUser=0)" if who else ""


def _seccomp(spec: Object) -> str:
    if why := _unconfined(spec):
        return why
    if (_pod(spec).get("seccompProfile") or {}).get("type"):
        return ""
    found = [
        name
        for name, _, context in _containers(spec)
        if not (context.get("seccompProfile") or {}).get("type")
    ]
    text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return f"seccompProfile (pod or {_named('container', found)} {text})" if found else ""


Check = Callable[[Object], str]
COMMON: tuple[Check, ...] = (_host_namespaces, _host_ports, _privileged, _proc_mount, _sysctls)
BASELINE: tuple[Check, ...] = (
    _capabilities,
    _host_namespaces,
    _host_paths,
    _host_ports,
    _privileged,
    _proc_mount,
    _unconfined,
    _sysctls,
)
RESTRICTED: tuple[Check, ...] = (
    *COMMON,
    _escalation,
    _dropped,
    _volume_types,
    _as_root,
    _user_zero,
    _seccomp,
)
