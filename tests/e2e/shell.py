"""Somebody who types our commands beside a release that plain helm made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

from tests.e2e.changing import Release

ROOT: Final = Path(__file__).resolve().parents[2]
READY: Final[dict[str, Any]] = {"job": False, "image": "llm-cost-ops:latest"}
"""Without the Job, which is suspended, and with an image that the sandbox runs: all of it becomes ready."""


class Shell:
    """Our commands on a release, as the sandbox's admin unless `kubeconfig` is another's; `through` starts them."""

    def __init__(self, release: Release, folder: Path, through: Sequence[str] = ()) -> None:
        self.release, self.folder, self.through = release, folder, through
        self.kubeconfig = release.bed.kubeconfig
        self.err = ""

    def __call__(self, command: str, *words: str, code: int | Collection[int] = 0) -> str:
        """What a command on the release prints; it must end with the code, or one of them, and show no secret."""
        where = ("--release", self.release.name, "-n", self.release.namespace)
        env = {
            **os.environ, "KUBECONFIG": self.kubeconfig, "LLM_COST_OPS_HELM": self.release.helm, "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        done = subprocess.run(
            [*self.through, sys.executable, "-m", "wizard", command, *where, *words],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode in ({code} if isinstance(code, int) else code), (
            f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        assert "Traceback" not in done.stdout + done.stderr
        assert "canary" not in done.stdout + done.stderr
        self.err = done.stderr
        return done.stdout
