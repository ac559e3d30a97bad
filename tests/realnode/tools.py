"""Go programs of the node, built and cached by the project's toolchain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.realnode.layout import HERE
from wizard.sandbox import toolchain
from wizard.sandbox.toolchain import Pin

_K8S = toolchain.PINS["kube-apiserver"]
_CONTAINERD = "github.com/containerd/containerd/v2"
_CONTAINERD_VERSION = "v2.4.2"
_CNI = "github.com/containernetworking/plugins/plugins"
_TRAEFIK = "github.com/traefik/traefik/v3"
_METRICS = "sigs.k8s.io/metrics-server"

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
CNI_PLUGINS = ("bridge", "loopback", "host-local", "portmap")


def _kubernetes(name: str, packages: int) -> Pin:
    source = str(HERE / "modules" / "k8s")
    return Pin(name, name, _K8S.version, source, f"k8s.io/kubernetes/cmd/{name}", packages, _K8S.stamp)


def _containerd(name: str, packages: int) -> Pin:
    return Pin(
        name, name, _CONTAINERD_VERSION, str(HERE / "modules" / "containerd"), f"{_CONTAINERD}/cmd/{name}", packages,
        (f"-X {_CONTAINERD}/version.Version={_CONTAINERD_VERSION}",), ("no_btrfs", "no_devmapper", "no_zfs"),
    )  # fmt: skip


def _cni(name: str, folder: str) -> Pin:
    return Pin(name, name, "v1.9.1", str(HERE / "modules" / "cni"), f"{_CNI}/{folder}/{name}", 20)


def _ours(name: str, packages: int) -> Pin:
    return Pin(name, name, "", str(HERE / "modules" / name), ".", packages)


PINS: Mapping[str, Pin] = {
    pin.name: pin
    for pin in (
        _kubernetes("kubelet", 600),
        _kubernetes("kube-proxy", 60),
        _containerd("containerd", 500),
        _containerd("containerd-shim-runc-v2", 30),
        _containerd("ctr", 30),
        _cni("bridge", "main"),
        _cni("loopback", "main"),
        _cni("host-local", "ipam"),
        _cni("portmap", "meta"),
        _ours("coredns", 500),
        _ours("pause", 1),
        _ours("standin", 1),
        _ours("costops", 1),
    )
}

WAY_IN: Mapping[str, Pin] = {
    pin.name: pin
    for pin in (
        toolchain.ON_DEMAND["cert-manager"],
        Pin(
            "traefik", "traefik", "v3.6.7", str(HERE / "modules" / "traefik"), f"{_TRAEFIK}/cmd/traefik", 2400,
            (f"-X {_TRAEFIK}/pkg/version.Version=3.6.7",),
        ),
        Pin(
            "metrics-server", "metrics-server", "v0.8.0", str(HERE / "modules" / "metrics-server"),
            f"{_METRICS}/cmd/metrics-server", 1250, ("-X k8s.io/client-go/pkg/version.gitVersion=v0.8.0",),
        ),
    )
}  # fmt: skip
"""Programs of `way_in`, built when one of them is wanted."""
CRDS: Mapping[str, Pin] = {
    "cert-manager": toolchain.CERT_MANAGER_CRDS,
    # In the version that Traefik itself requires.
    "traefik": Pin(
        "gateway-crds", "gateway-crds", "v1.4.0", str(HERE / "modules" / "traefik"),
        "sigs.k8s.io/gateway-api//config/crd/standard", 1,
    ),
}  # fmt: skip
"""Resource definitions that a program of `way_in` wants to find."""


def ensure(progress: Callable[[str], None]) -> dict[str, Path]:
    """Make every program ready, the control plane's too, and return their paths; raises ToolError."""
    lines = toolchain.ProgressLines(progress)
    own = {name: toolchain.ensure_pin(pin, lines) for name, pin in PINS.items()}
    return toolchain.ensure(CONTROL_PLANE, lines) | own
