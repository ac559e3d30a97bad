"""Builds the wheel and its bill of materials into `dist`: `make wheel`. The same sources give the same bytes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from release import sbom

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "dist"


def build(output: Path) -> Path:
    """Replace the wheel and its bill of materials in `output`, and return the wheel's path.

    Raises CalledProcessError when the build fails.
    """
    for old in output.glob("llm_cost_ops_wizard-*"):
        old.unlink()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(output)]
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120, check=True)
    (wheel,) = output.glob("llm_cost_ops_wizard-*.whl")
    sbom.beside(wheel, sbom.of_wheel(wheel))
    return wheel


if __name__ == "__main__":
    built = build(OUTPUT)
    print(
        f"{built.relative_to(ROOT)}: {built.stat().st_size:,} bytes, and its bill of materials (.cdx.json) beside it."
    )
