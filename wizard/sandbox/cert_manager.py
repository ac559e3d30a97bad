"""cert-manager as a process of a sandbox: real certificates, from an authority of that sandbox alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from wizard.sandbox import pki, toolchain
from wizard.sandbox.api import Api

NAME: Final = "cert-manager"
ISSUER: Final = "sandbox"
_AUTHORITY: Final = "authority"
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ISSUERS: Final = "/apis/cert-manager.io/v1/clusterissuers"


def build(progress: toolchain.ProgressLines) -> tuple[Path, Path]:
    """Make the program and the file of its resource definitions; raises ToolError."""
    program = toolchain.ensure([NAME], progress)[NAME]
    return program, toolchain.ensure_pin(toolchain.CERT_MANAGER_CRDS, progress, toolchain.go_manifests)


def command(program: Path, kubeconfig: Path, port: int) -> list[str]:
    """How it is started; its metrics are on that port."""
    return [
        str(program), f"--kubeconfig={kubeconfig}", "--leader-elect=false", f"--cluster-resource-namespace={NAME}",
        f"--metrics-listen-address=127.0.0.1:{port}",
    ]  # fmt: skip


def prepare(client: Api, definitions: Path) -> None:
    """Create what it needs before it starts; raises ApiError."""
    for definition in yaml.safe_load_all(definitions.read_text()):
        client.create(_CRDS, definition)
    for path, body in _objects():
        client.create(path, body)


def ready(client: Api) -> bool:
    """Whether the issuer can sign; it is created once its kind is served. Raises ApiError until then."""
    client.create(
        _ISSUERS,
        {
            "apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": ISSUER},
            "spec": {"ca": {"secretName": _AUTHORITY}},
        },
    )  # fmt: skip
    conditions = client.get(f"{_ISSUERS}/{ISSUER}").get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _objects() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAME}}
    pair = pki.make_authority()
    parts = {"tls.crt": pair.certificate, "tls.key": pair.key}
    data = {key: b64encode(content).decode() for key, content in parts.items()}
    meta = {"name": _AUTHORITY, "namespace": NAME}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": meta, "data": data}
    yield f"/api/v1/namespaces/{NAME}/secrets", secret
