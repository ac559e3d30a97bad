"""Programs of the field that judge the chart, made ready in the project's cache of tools when a test first asks."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from wizard.sandbox import toolchain
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
_LIMIT: Final = 900


def checkov() -> Path:
    """The Python of an environment that has checkov and nothing of ours."""
    home = toolchain.cache_folder() / f"checkov-{hashlib.sha256(CHECKOV_LOCK.read_bytes()).hexdigest()[:12]}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".checkov-", dir=home.parent) as scratch:
            made = Path(scratch, "made")
            _call(sys.executable, "-I", "-m", "venv", str(made))
            _call(
                str(made / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--require-hashes", "-r", str(CHECKOV_LOCK),
            )  # fmt: skip
            made.rename(home)
    return home / "bin" / "python"


def _call(*command: str) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr
