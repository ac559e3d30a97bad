"""Programs of the field that judge the chart, made ready in the project's cache of tools when a test first asks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests import locked
from wizard.sandbox.toolchain import Pin

_MODULES: Final = Path(__file__).with_name("modules")

PROMTOOL: Final = Pin(
    "promtool", "promtool", "v3.13.3", str(_MODULES / "promtool"), "github.com/prometheus/prometheus/cmd/promtool", 900,
    ("-X github.com/prometheus/common/version.Version=3.13.3",), ("remove_all_sd", "enable_dns_sd"),
)  # fmt: skip
"""Checks Prometheus's files and plays alert rules; of the discoveries it knows the one that the chart's file names."""
KUBE_SCORE: Final = Pin(
    "kube-score", "kube-score", "v1.20.0", str(_MODULES / "kube-score"), "github.com/zegl/kube-score/cmd/kube-score", 150
)  # fmt: skip
CHECKOV_LOCK: Final = _MODULES / "checkov.lock"


def checkov() -> Path:
    """The Python of an environment that has checkov and nothing of ours."""
    return locked.python(CHECKOV_LOCK)
