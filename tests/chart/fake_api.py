"""Just enough of an API server for `lookup`: discovery, and the Secrets, Deployments, StatefulSets and claims that a test puts there."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

GROUPS = {
    "api/v1": ["Secret secrets", "ConfigMap configmaps", "Service services", "ServiceAccount serviceaccounts",
               "PersistentVolumeClaim persistentvolumeclaims", "Namespace namespaces"],
    "apis/apps/v1": ["Deployment deployments", "StatefulSet statefulsets"],
    "apis/networking.k8s.io/v1": ["Ingress ingresses"],
    "apis/autoscaling/v2": ["HorizontalPodAutoscaler horizontalpodautoscalers"],
    "apis/policy/v1": ["PodDisruptionBudget poddisruptionbudgets"],
}  # fmt: skip


class FakeApi:
    """Holds the objects and serves them."""

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig
        self.secrets: dict[str, dict[str, Any]] = {}
        self.statefulsets: dict[str, dict[str, Any]] = {}
        self.deployments: dict[str, dict[str, Any]] = {}
        self.claims: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.forbidden: tuple[str, ...] = ()

    def store(self, name: str, data: dict[str, str] | None, *, release: str | None = "llm-cost-ops") -> None:
        """Put a Secret there, made by that release of helm or, with None, by somebody else."""
        annotations = (
            {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "costs"} if release else {}
        )
        self.secrets[name] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": name,
                "namespace": "costs",
                "labels": {"app.kubernetes.io/managed-by": "Helm" if release else "somebody"},
                "annotations": annotations,
            },
        }
        if data is not None:
            self.secrets[name]["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}

    def run(self, statefulset: dict[str, Any], *, release: str = "llm-cost-ops") -> None:
        """Put a StatefulSet there, as that release of helm made it."""
        annotations = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "costs"}
        metadata = statefulset["metadata"] | {"namespace": "costs", "annotations": annotations}
        self.statefulsets[metadata["name"]] = statefulset | {"metadata": metadata}

        for template in statefulset["spec"].get("volumeClaimTemplates", ()):
            labels = template["metadata"]["labels"] | {"app.kubernetes.io/instance": release}
            self.claim(f"data-{metadata['name']}-0", labels)

    def claim(self, name: str, labels: dict[str, str]) -> None:
        """Put a claim there, as the controller of StatefulSets makes it."""
        self.claims[name] = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": name, "namespace": "costs", "labels": labels},
        }

    def forbids(self, path: str) -> bool:
        """Whether the user may not read this kind of object."""
        return any(f"/namespaces/costs/{plural}" in path for plural in self.forbidden)

    def answer(self, path: str) -> dict[str, Any] | None:
        """The object at that path, or the objects below it."""
        path = path.split("?")[0].strip("/")
        self.asked.append(path)
        if path == "version":
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.3"}
        if path == "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "apis":
            groups = [g.split("/")[1:] for g in GROUPS if g.startswith("apis/")]
            listed = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in groups]
            return {
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": [
                    {"name": group, "versions": [entry], "preferredVersion": entry}
                    for (group, _), entry in zip(groups, listed, strict=True)
                ],
            }
        if path in GROUPS:
            return {
                "kind": "APIResourceList",
                "groupVersion": path.split("/", 1)[1],
                "resources": [
                    {
                        "name": plural,
                        "singularName": kind.lower(),
                        "namespaced": kind != "Namespace",
                        "kind": kind,
                        "verbs": ["get", "list", "create", "patch"],
                    }
                    for kind, plural in (entry.split() for entry in GROUPS[path])
                ],
            }
        for prefix, kind, found in (
            ("api/v1/namespaces/costs/secrets", "Secret", self.secrets),
            ("api/v1/namespaces/costs/persistentvolumeclaims", "PersistentVolumeClaim", self.claims),
            ("apis/apps/v1/namespaces/costs/statefulsets", "StatefulSet", self.statefulsets),
            ("apis/apps/v1/namespaces/costs/deployments", "Deployment", self.deployments),
        ):
            version = "apps/v1" if path.startswith("apis/apps") else "v1"
            if path == prefix:
                return {"apiVersion": version, "kind": f"{kind}List", "metadata": {}, "items": list(found.values())}
            if path.startswith(f"{prefix}/"):
                return found.get(path.removeprefix(f"{prefix}/"))
        return None


@contextmanager
def serve(folder: Path) -> Iterator[FakeApi]:
    """Run one on a free port of 127.0.0.1, with a kubeconfig for it."""
    api = FakeApi(folder / "kubeconfig")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each body waits 40 ms for the acknowledgement of its headers

        def do_GET(self) -> None:
            found = api.answer(self.path)
            code, reason = (403, "Forbidden") if api.forbids(self.path) else (404, "NotFound")
            status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
            refused = found is None or code == 403
            body = json.dumps(status | {"message": f"{self.path} is forbidden"} if refused else found).encode()
            self.send_response(code if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    api.kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_address[1]}"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {}}],
                "current-context": "c",
            }
        )
    )
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
