"""Just enough of an API server for `lookup`: discovery, and Secrets and StatefulSets that a test puts there."""

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

    def answer(self, path: str) -> dict[str, Any] | None:
        """The object at that path."""
        path = path.split("?")[0].strip("/")
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
        for prefix, found in (
            ("api/v1/namespaces/costs/secrets/", self.secrets),
            ("apis/apps/v1/namespaces/costs/statefulsets/", self.statefulsets),
        ):
            if path.startswith(prefix):
                return found.get(path.removeprefix(prefix))
        return None


@contextmanager
def serve(folder: Path) -> Iterator[FakeApi]:
    """Run one on a free port of 127.0.0.1, with a kubeconfig for it."""
    api = FakeApi(folder / "kubeconfig")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = api.answer(self.path)
            missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(missing if found is None else found).encode()
            self.send_response(404 if found is None else 200)
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
