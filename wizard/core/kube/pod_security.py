"""The Pod Security level that a pod passes, by Kubernetes' Pod Security Standards. Pure.

The source of each rule is kubernetes.io/docs/concepts/security/pod-security-standards; the API server's own admission
decides, and a test compares with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

Level = Literal["restricted", "baseline", "privileged"]
LEVELS: Final[tuple[Level, ...]] = ("restricted", "baseline", "privileged")
"""The strictest first."""
LABEL: Final = "pod-security.kubernetes.io/enforce"
"""The label of a namespace that names the level its pods must pass."""

_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
        "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_VOLUMES: Final = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret", "image",
    }
)  # fmt: skip
_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip
_SELINUX: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_PROFILES: Final = ("RuntimeDefault", "Localhost")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"


def level(spec: Mapping[str, Any], annotations: Mapping[str, Any] | None = None) -> Level:
    """The strictest level that a pod with this spec passes; what is malformed passes none but privileged."""
    try:
        if not _is_baseline(spec, annotations or {}):
            return "privileged"
        return "restricted" if _is_restricted(spec) else "baseline"
    except (AttributeError, KeyError, TypeError, ValueError):
        return "privileged"


def least(levels: Iterator[Level]) -> Level:
    """The strictest level that all of them pass."""
    return max(levels, key=LEVELS.index, default="restricted")


def _all(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        container
        for name in ("initContainers", "containers", "ephemeralContainers")
        for container in spec.get(name) or ()
    ]


def _contexts(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The security contexts of pod and containers."""
    return [one.get("securityContext") or {} for one in (spec, *_all(spec))]


def _is_baseline(spec: Mapping[str, Any], annotations: Mapping[str, Any]) -> bool:
    pod, *each = _contexts(spec)
    windows = [(context.get("windowsOptions") or {}).get("hostProcess") for context in (pod, *each)]
    added = {name for context in each for name in (context.get("capabilities") or {}).get("add") or ()}
    ports = [port.get("hostPort") for container in _all(spec) for port in container.get("ports") or ()]
    return not (
        any(spec.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))
        or any(windows)
        or any(context.get("privileged") for context in each)
        or not added <= _CAPABILITIES
        or any(volume.get("hostPath") is not None for volume in spec.get("volumes") or ())
        or any(ports)
        or any(_has_host_in_probe(container) for container in _all(spec))
        or any(not str(value).startswith(("runtime/default", "localhost/")) for key, value in annotations.items() if key.startswith(_APPARMOR))
        or any((context.get("appArmorProfile") or {}).get("type") == "Unconfined" for context in (pod, *each))
        or any(not _is_usual_selinux(context.get("seLinuxOptions") or {}) for context in (pod, *each))
        or any(context.get("procMount") not in (None, "", "Default") for context in each)
        or any((context.get("seccompProfile") or {}).get("type") == "Unconfined" for context in (pod, *each))
        or any(sysctl.get("name") not in _SYSCTLS for sysctl in pod.get("sysctls") or ())
    )  # fmt: skip


def _has_host_in_probe(container: Mapping[str, Any]) -> bool:
    hooks = container.get("lifecycle") or {}
    handlers = [container.get(f"{name}Probe") for name in ("liveness", "readiness", "startup")]
    handlers += [hooks.get("postStart"), hooks.get("preStop")]
    return any(
        (handler.get(kind) or {}).get("host") for handler in handlers if handler for kind in ("httpGet", "tcpSocket")
    )


def _is_usual_selinux(options: Mapping[str, Any]) -> bool:
    return options.get("type", "") in _SELINUX and not options.get("user") and not options.get("role")


def _is_restricted(spec: Mapping[str, Any]) -> bool:
    pod, *each = _contexts(spec)
    volumes = [set(volume) - {"name"} for volume in spec.get("volumes") or ()]
    if (spec.get("os") or {}).get("name") == "windows":
        return all(kinds <= _VOLUMES for kinds in volumes) and _is_non_root(pod, each)
    return (
        all(kinds <= _VOLUMES for kinds in volumes)
        and _is_non_root(pod, each)
        and all(context.get("allowPrivilegeEscalation") is False for context in each)
        and all("ALL" in ((context.get("capabilities") or {}).get("drop") or ()) for context in each)
        and all(set((context.get("capabilities") or {}).get("add") or ()) <= {"NET_BIND_SERVICE"} for context in each)
        and all(_profile(context, pod) in _PROFILES for context in each)
    )


def _profile(context: Mapping[str, Any], pod: Mapping[str, Any]) -> Any:
    """The seccomp profile of a container: its own, else that of the pod."""
    return ((context.get("seccompProfile") or pod.get("seccompProfile")) or {}).get("type")


def _is_non_root(pod: Mapping[str, Any], each: list[Mapping[str, Any]]) -> bool:
    users = [context.get("runAsUser") for context in (pod, *each)]
    declared = [context.get("runAsNonRoot", pod.get("runAsNonRoot")) for context in each]
    return 0 not in users and all(flag is True for flag in declared)
