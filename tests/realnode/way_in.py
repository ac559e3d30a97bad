"""What leads to a release, as pods of the node: Traefik, cert-manager and metrics-server, each once a test wants it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.realnode import images, layout, needs, node, tools
from wizard.sandbox import pki, toolchain
from wizard.sandbox.pki import Pair

NAMESPACE = "way-in"
ISSUER = "way-in"
"""The ClusterIssuer whose authority `authority` returns."""
CLASSES = ("nginx", "traefik")
"""Classes of Ingresses that Traefik serves; it takes the annotations of ingress-nginx in the first."""
GATEWAY = ("gateway", "https")
"""The Gateway and its listener for names below GATEWAY_DOMAIN."""
GATEWAY_DOMAIN = "gateway.test"
ADDRESS = layout.NODE_ADDRESS
"""Where Traefik answers, on ports 80 and 443."""

Progress = Callable[[str], None]

# What `kubectl wait` waits for once a part is applied.
_READY: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "cert-manager": (
        ("--for=condition=Available", "deployment/cert-manager"),
        ("--for=condition=Ready", f"clusterissuer/{ISSUER}"),
    ),
    "traefik": (
        ("--for=condition=Available", "deployment/traefik"),
        ("--for=condition=Ready", "certificate/gateway-tls"),
        ("--for=condition=Programmed", "gateway/gateway"),
    ),
    "metrics-server": (("--for=condition=Available", "apiservice/v1beta1.metrics.k8s.io"),),
}
PARTS = tuple(_READY)


@dataclass(frozen=True)
class _Made:
    """The image of a part, and the resource definitions that it wants."""

    image: Path
    crds: Path | None


def build(part: str, progress: Progress) -> _Made:
    """Make the program and the image of a part; raises Problem."""
    lines = toolchain.ProgressLines(progress)
    program = toolchain.ensure_pin(tools.WAY_IN[part], lines)
    pin = tools.CRDS.get(part)
    crds = toolchain.ensure_pin(pin, lines, toolchain.go_manifests) if pin else None
    return _Made(images.of_program(part, program, progress), crds)


def start(running: node.Node, part: str, progress: Progress = lambda _: None) -> None:
    """Start a part, and return when it is ready; raises Problem. Traefik wants cert-manager to be there."""
    with node.lock():
        marker = layout.running() / f"{part}.ready"
        if marker.exists():
            return
        made = build(part, progress)
        node.load_image(made.image)
        if made.crds:
            _kubectl(running, "apply", "--server-side", "-f", str(made.crds))
            _kubectl(running, "wait", "--for=condition=Established", "--timeout=60s", "-f", str(made.crds))
        manifest = layout.running() / f"{part}.yaml"
        manifest.write_text(_manifest(part))
        _kubectl(running, "apply", "--server-side", "-f", str(manifest))
        if part == "traefik":
            status = {"status": {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}}
            patch = ("--subresource=status", "--type=merge", "-p", json.dumps(status))
            _kubectl(running, "patch", "service", "traefik", "-n", NAMESPACE, *patch)
        for wait in _READY[part]:
            _kubectl(running, "wait", "--timeout=120s", "-n", NAMESPACE, *wait)
        marker.touch()


def authority() -> Pair:
    """The authority of ISSUER, of this node alone."""
    certificate, key = (layout.running() / f"way-in.{kind}" for kind in ("crt", "key"))
    if not certificate.exists():
        pki.make_authority().write(certificate, key)
    return Pair(certificate.read_bytes(), key.read_bytes())


def _manifest(part: str) -> str:
    """The part's objects, in their namespace."""
    objects: list[object] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}]
    if part == "cert-manager":
        pair = authority()
        data = {"tls.crt": pair.certificate, "tls.key": pair.key}
        objects.append(
            {
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "authority", "namespace": NAMESPACE},
                "type": "kubernetes.io/tls",
                "data": {key: b64encode(content).decode() for key, content in data.items()},
            }
        )  # fmt: skip
    text = (layout.HERE / "manifests" / f"{part}.yaml").read_text().replace("IMAGE", images.WAY_IN[part])
    return "\n---\n".join([*map(json.dumps, objects), text])


def _kubectl(running: node.Node, *words: str) -> None:
    kubectl = str(toolchain.tool_path("kubectl"))
    needs.run([kubectl, f"--kubeconfig={running.kubeconfig}", *words], 150)
