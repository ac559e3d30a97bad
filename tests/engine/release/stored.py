"""A cluster in memory that holds helm's records of a release."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tests.engine.fakes import FakeCluster
from wizard.core.helm import release
from wizard.core.target import Target

TARGET = Target("c", "n", "rel")

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {a: b}\n"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, 4, tzinfo=UTC)


def cluster_with(
    *revisions: tuple[int, str], chart: str = "mine", version: str = "1.0.0", manifest: str = MAP,
    configs: Mapping[int, Mapping[str, Any]] | None = None, manifests: Mapping[int, str] | None = None,
    method: str = "",
) -> FakeCluster:  # fmt: skip
    """A cluster with helm's records of the release; of some revisions by number with values or a manifest of their own."""
    cluster = FakeCluster()
    cluster.add("Namespace", "n")
    bodies = []
    for number, status in revisions:
        data: dict[str, Any] = {
            "name": "rel", "namespace": "n", "version": number, "manifest": (manifests or {}).get(number, manifest), "config": (configs or {}).get(number, {}),
            "info": {"status": status, "last_deployed": f"2026-01-02T03:0{number}:00Z"},
            "chart": {"metadata": {"name": chart, "version": version}, "values": {}}, "apply_method": method,
        }  # fmt: skip
        labels = {"owner": "helm", "name": "rel", "version": str(number), "status": status, "modifiedAt": "1767225600"}
        name = f"sh.helm.release.v1.rel.v{number}"
        metadata = {
            "labels": labels,
            "creationTimestamp": f"2026-01-02T03:0{number}:00Z",
            "resourceVersion": str(number),
        }
        cluster.add("Secret", name, "n", metadata=metadata)
        body = base64.b64encode(release.pack(data).encode()).decode()
        bodies.append({"kind": "Secret", "metadata": {**metadata, "name": name}, "data": {"release": body}})
    cluster.bodies = tuple(bodies)
    return cluster
