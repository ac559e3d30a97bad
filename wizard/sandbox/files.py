"""Private files, written atomically."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: str | bytes) -> None:
    """Write a file with mode 0600, atomically: a reader sees the old or the new content, never a part."""
    scratch = path.with_name(path.name + ".new")
    data = content.encode() if isinstance(content, str) else content
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(data)
    scratch.replace(path)
