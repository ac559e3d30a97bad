"""Configuration of containerd, the network plugins, kubelet and kube-proxy. JSON where the reader takes YAML."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from tests.realnode import layout
from tests.realnode.images import PAUSE
from tests.realnode.tools import CNI_PLUGINS
from wizard.sandbox.pki import Pair

ROTATED_AT = "512Ki"
"""Size from which the kubelet puts a container's log away and begins a new one; it looks every three seconds."""


def kubeconfig(server: str, authority: Pair, client: Pair) -> str:
    """A self-contained kubeconfig."""

    def encoded(data: bytes) -> str:
        return b64encode(data).decode()

    return json.dumps(
        {
            "apiVersion": "v1", "kind": "Config", "current-context": "node",
            "clusters": [{"name": "node", "cluster": {
                "server": server, "certificate-authority-data": encoded(authority.certificate),
            }}],
            "users": [{"name": "node", "user": {
                "client-certificate-data": encoded(client.certificate), "client-key-data": encoded(client.key),
            }}],
            "contexts": [{"name": "node", "context": {"cluster": "node", "user": "node"}}],
        }
    )  # fmt: skip


def containerd(tools: Mapping[str, Path], runc: str) -> str:
    """TOML. Without CAP_SYS_RESOURCE nobody may lower oom_score_adj, so a container keeps containerd's own value."""
    plugins = json.dumps([str(tools[name].parent) for name in CNI_PLUGINS])
    return f"""version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
imports = []
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.differ.v1.erofs", "io.containerd.tracing.processor.v1.otlp"]
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE}"
[plugins.'io.containerd.cri.v1.images'.registry]
  config_path = "{layout.registries()}"
[plugins.'io.containerd.cri.v1.runtime']
  disable_apparmor = true
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    BinaryName = "{runc}"
    SystemdCgroup = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = {plugins}
  conf_dir = "{layout.running() / "cni"}"
[plugins.'io.containerd.grpc.v1.cri']
  stream_server_address = "127.0.0.1"
"""


def network() -> str:
    """The chain of network plugins: one bridge for all pods."""
    ranges = [[{"subnet": layout.POD_NETWORK}]]
    return json.dumps(
        {
            "cniVersion": "1.0.0", "name": "pods",
            "plugins": [
                {
                    "type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                    "ipam": {
                        "type": "host-local", "dataDir": "/var/lib/cni/networks", "ranges": ranges,
                        "routes": [{"dst": "0.0.0.0/0"}],
                    },
                },
                {"type": "portmap", "capabilities": {"portMappings": True}, "backend": "nftables"},
            ],
        }
    )  # fmt: skip


def kubelet(folder: Path) -> str:
    """Imported images cannot be pulled again, so none is ever collected."""
    return json.dumps(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "address": layout.NODE_ADDRESS,
            "authentication": {
                "anonymous": {"enabled": False}, "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(folder / "ca.crt")},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": str(folder / "kubelet.crt"), "tlsPrivateKeyFile": str(folder / "kubelet.key"),
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            "cgroupDriver": "cgroupfs", "cgroupRoot": f"/{layout.CGROUP}", "failCgroupV1": False, "failSwapOn": False,
            "clusterDomain": "cluster.local", "clusterDNS": [layout.DNS_ADDRESS],
            "resolvConf": str(folder / "resolv.conf"),
            "podLogsDir": "/var/log/pods", "volumePluginDir": "/var/lib/kubelet/volumeplugins",
            "healthzBindAddress": "127.0.0.1", "serializeImagePulls": False, "registryPullQPS": 0, "eventRecordQPS": 0,
            "oomScoreAdj": 0, "nodeStatusUpdateFrequency": "5s",
            "containerLogMaxSize": ROTATED_AT, "containerLogMaxFiles": 3, "containerLogMonitorInterval": "3s",
            "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
            "evictionHard": {
                "memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%",
                "imagefs.available": "1%",
            },
            "evictionPressureTransitionPeriod": "5s",
        }
    )  # fmt: skip


def kube_proxy(folder: Path) -> str:
    """In a namespace of its own it may not set the limits of connection tracking."""
    return json.dumps(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
            "clusterCIDR": layout.POD_NETWORK, "clientConnection": {"kubeconfig": str(folder / "proxy.kubeconfig")},
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
            "nodePortAddresses": ["primary"], "oomScoreAdj": 0,
        }
    )  # fmt: skip
