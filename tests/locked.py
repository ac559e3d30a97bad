"""Python environments of other programs, each from a lock of versions and hashes, made once and kept in the cache."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from wizard.sandbox import toolchain

_LIMIT: Final = 900


def python(lock: Path) -> Path:
    """The Python of an environment that has what the lock names, and nothing of ours."""
    home = toolchain.cache_folder() / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{lock.stem}-", dir=home.parent) as scratch:
            made = Path(scratch, "made")
            _call(sys.executable, "-I", "-m", "venv", str(made))
            _call(
                str(made / "bin" / "python"), "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                "--require-hashes", "-r", str(lock),
            )  # fmt: skip
            made.rename(home)
    return home / "bin" / "python"


def _call(*command: str) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    assert done.returncode == 0, done.stderr
