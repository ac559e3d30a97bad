"""The objects of a new sandbox: nodes, StorageClasses, an IngressClass; and the configuration of kwok and audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wizard.core.errors import Problem
from wizard.core.kube import quantity

PROVISIONER = "volumes.llm-cost-ops.local"
_REGION = "sandbox-1"


@dataclass(frozen=True)
class NodeShape:
    """The number of nodes, the resources of each (Kubernetes quantities), and the number of zones."""

    count: int = 3
    cpu: str = "4"
    memory: str = "8Gi"
    zones: int = 3

    @classmethod
    def checked(cls, count: int = 3, cpu: str = "4", memory: str = "8Gi", zones: int = 3) -> NodeShape:
        """A validated shape; raises Problem."""
        if not 1 <= count <= 1000:
            raise Problem(f"{count} nodes cannot be made.", "Choose 1 to 1000.")
        if not 1 <= zones <= 26:
            raise Problem(f"{zones} zones cannot be made.", "Choose 1 to 26.")
        for what, text in (("CPU", cpu), ("memory", memory)):
            if (amount := quantity.parse(text)) is None or amount < 0:
                raise Problem(f"{text!r} is not a quantity of {what}.", "Write for example 4, 500m or 8Gi.")
        return cls(count, cpu, memory, zones)


def node(shape: NodeShape, index: int, kubelet_port: int, version: str) -> dict[str, Any]:
    """Node number `index`, counted from 0; its kubelet endpoint is the agent's."""
    name = f"node-{index + 1}"
    resources = {"cpu": shape.cpu, "memory": shape.memory, "ephemeral-storage": "100Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "sandbox",
                "topology.kubernetes.io/region": _REGION,
                "topology.kubernetes.io/zone": f"{_REGION}{'abcdefghijklmnopqrstuvwxyz'[index % shape.zones]}",
            },
        },
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [
                {"type": "InternalIP", "address": f"10.240.{index // 250}.{index % 250 + 2}"},
                {"type": "Hostname", "address": "localhost"},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
            "nodeInfo": {
                "kubeletVersion": version,
                "kubeProxyVersion": version,
                "containerRuntimeVersion": "containerd://2.1.4",
                "osImage": "llm-cost-ops sandbox",
                "kernelVersion": "6.12.0",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
            },
        },
    }


def storage_class(name: str, *, default: bool) -> dict[str, Any]:
    """A StorageClass whose volumes the agent simulates."""
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


INGRESS_CLASS: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "nginx"},
    "spec": {"controller": "k8s.io/ingress-nginx"},
}

# kwok only keeps the nodes ready; the agent simulates pods and volumes.
KWOK_CONFIG = """\
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata:
  name: node-ready
spec:
  resourceRef:
    apiGroup: v1
    kind: Node
  selector:
    matchExpressions:
    - key: '.status.conditions.[] | select( .type == "Ready" ) | .status'
      operator: NotIn
      values: ["True"]
    - key: '.metadata.annotations["sandbox.llm-cost-ops.local/lost"]'
      operator: DoesNotExist
  next:
    statusTemplate: |
      {{ $now := Now }}
      phase: Running
      conditions:
      {{ range NodeConditions }}
      - type: {{ .type | Quote }}
        status: {{ .status | Quote }}
        reason: {{ .reason | Quote }}
        message: {{ .message | Quote }}
        lastHeartbeatTime: {{ $now | Quote }}
        lastTransitionTime: {{ $now | Quote }}
      {{ end }}
"""

AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""
