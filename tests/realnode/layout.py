"""Where the node is: its folders, addresses and names. One node at a time on a machine."""

from __future__ import annotations

import os
from pathlib import Path

from wizard.sandbox import toolchain

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHART = ROOT / "chart" / "llm-cost-ops"

NODE = "node-1"
LINK = "llmnode0"
"""The machine's end of the link to the node; the node's own end is eth0."""
HOST_ADDRESS = "172.31.231.1"
"""The machine's end, where the API server listens."""
NODE_ADDRESS = "172.31.231.2"
"""The node's end, where kubelet and node ports listen."""
PREFIX = 30
POD_NETWORK = "10.244.0.0/24"
SERVICE_NETWORK = "10.96.0.0/16"
DNS_ADDRESS = "10.96.0.10"
CGROUP = "llmnode"
"""Name of the node's own cgroup at the top of each hierarchy."""


def home() -> Path:
    """Everything that this bench writes, beside the cache of the tools; never below /run, /var/lib or /var/log."""
    return toolchain.cache_folder().parent / "realnode"


def downloads() -> Path:
    """What came from package indexes, by pin."""
    return home() / "downloads"


def archives() -> Path:
    """Images, by the digest of what they are made of."""
    return home() / "images"


def running() -> Path:
    """State of the node that runs; `down` removes it."""
    return home() / "run"


def registries() -> Path:
    """Whom the node trusts as a registry; containerd reads it at each pull."""
    return running() / "registries"


def python_environment() -> dict[str, str]:
    """Environment for a process of this package."""
    return {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
