"""Home says of the cluster what the checks say: classes that nobody serves, drivers that are away, issuers that cannot sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.engine.fakes import FakeCluster
from tests.engine.preflight import test_collectors
from wizard.core.kube.errors import ClusterError
from wizard.engine.preflight.cluster_lines import ClusterLines
from wizard.engine.preflight.kept import Kept

READY = {"conditions": [{"type": "Ready", "status": "True"}]}
NO = ClusterError("forbidden", "eve may not look there.", 403, "list them")
GONE = ClusterError("not-found", "not served", 404)
NGINX: dict[str, Any] = {"spec": {"controller": "k8s.io/ingress-nginx"}}
DEFAULT = {"storageclass.kubernetes.io/is-default-class": "true"}
Made = Callable[[FakeCluster], None]


def there(kind: str, name: str, namespace: str = "", **rest: Any) -> Made:
    return lambda cluster: cluster.add(kind, name, namespace, **rest)


def refused(call: str, error: ClusterError = NO) -> Made:
    return lambda cluster: cluster.refuse.update({call: error})


def pod(app: str, status: Mapping[str, Any] = READY) -> Made:
    return there(
        "Pod", app, "sys", metadata={"labels": {"app.kubernetes.io/name": app}}, spec={"containers": []}, status=status
    )


def storage(name: str, provisioner: str, *, default: bool = True) -> Made:
    return there("StorageClass", name, provisioner=provisioner, metadata={"annotations": DEFAULT if default else {}})


def ingress(address: str) -> Made:
    status = {"loadBalancer": {"ingress": [{"ip": address}] if address else []}}
    return there("Ingress", "web", "other", spec={"ingressClassName": "nginx"}, status=status)


EBS = storage("gp3", "ebs.csi.aws.com")
CLASS = there("IngressClass", "nginx", **NGINX)
ISSUER = there("ClusterIssuer", "letsencrypt", status=READY)
LINES = [
    # the line, what is there, its state, and words of it
    ("disk", (), "fail", "no storage class"),
    ("disk", (storage("standard", "rancher.io/local-path"),), "pass", "standard (default)"),
    ("disk", (storage("standard", "rancher.io/local-path", default=False),), "warn", "none is default"),
    ("disk", (EBS, there("CSIDriver", "ebs.csi.aws.com")), "pass", "bundled databases get a disk"),
    ("disk", (EBS,), "warn", "ebs.csi.aws.com is not installed"),
    ("disk", (storage("old", "kubernetes.io/aws-ebs"),), "warn", "ebs.csi.aws.com is not installed"),
    ("disk", (EBS, storage("standard", "rancher.io/local-path", default=False)), "warn", "ebs.csi.aws.com is not installed"),
    ("disk", (EBS, refused("list CSIDriver")), "pass", "gp3"),
    ("disk", (refused("list StorageClass"),), "unknown", "To settle it: list them"),
    ("way_in", (), "warn", "no ingress controller"),
    ("way_in", (CLASS, pod("ingress-nginx")), "pass", "ingress class nginx"),
    ("way_in", (CLASS,), "warn", "ingress-nginx does not run"),
    ("way_in", (CLASS, pod("ingress-nginx", {})), "warn", "ingress-nginx does not run"),
    ("way_in", (CLASS, ingress("192.0.2.1")), "pass", "works"),
    ("way_in", (CLASS, ingress("")), "warn", "ingress-nginx does not run"),
    ("way_in", (CLASS, there("IngressClass", "alb", spec={"controller": "example.com/cloud"})), "pass", "nobody serves nginx"),
    ("way_in", (CLASS, refused("list Pod")), "pass", "works"),
    ("way_in", (CLASS, refused("list Ingress")), "pass", "works"),
    ("way_in", (refused("list IngressClass"),), "unknown", "eve may not look there"),
    ("certificates", (refused("list ClusterIssuer", GONE),), "warn", "no cert-manager"),
    ("certificates", (ISSUER, pod("cert-manager")), "pass", "issuer letsencrypt"),
    ("certificates", (ISSUER,), "warn", "cert-manager does not run"),
    ("certificates", (pod("cert-manager"),), "warn", "without issuer"),
    ("certificates", (pod("cert-manager"), there("ClusterIssuer", "new")), "warn", "no issuer is ready"),
    ("certificates", (ISSUER, refused("list Pod")), "pass", "issuer letsencrypt"),
    ("metrics", (), "warn", "fixed replicas"),
    ("metrics", (there("APIService", "v1beta1.metrics.k8s.io"),), "warn", "does not answer"),
    ("metrics", (there("APIService", "v1beta1.metrics.k8s.io", status={"conditions": [{"type": "Available", "status": "True"}]}),), "pass", "answers"),
    ("room", (there("Node", "n", spec={}, status={**READY, "allocatable": {"cpu": "4", "memory": "8Gi"}}),), "pass", "4.0 CPU, 8 GiB free"),
    ("room", (refused("list Node"),), "unknown", "eve may not look there"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "made", "state", "words"), LINES)
async def test_a_line_says_what_the_checks_would(line: str, made: tuple[Made, ...], state: str, words: str) -> None:
    cluster = test_collectors.active()
    for make in made:
        make(cluster)

    async def presets() -> Mapping[str, str]:
        return {}

    lines = ClusterLines(test_collectors.world(cluster), Kept(), presets)
    try:
        found = await getattr(lines, line)()
    finally:
        lines.close()
    assert (found.state, words in f"{found.text} {found.next_step}") == (state, True), found


@pytest.mark.parametrize(
    ("fit", "state", "words"),
    [
        ({"dev": "", "prod": "no disk class fast-ssd here"}, "pass", "dev fits"),
        ({"dev": "", "staging": ""}, "pass", "dev, staging fit"),
        ({"dev": "room for 0 of 1 pods"}, "warn", "dev does not fit"),
    ],
)
async def test_the_room_says_which_presets_fit(fit: Mapping[str, str], state: str, words: str) -> None:
    async def presets() -> Mapping[str, str]:
        return fit

    lines = ClusterLines(test_collectors.world(test_collectors.active()), Kept(), presets)
    found = await lines.room()
    lines.close()
    assert (found.state, words in found.next_step) == (state, True)
