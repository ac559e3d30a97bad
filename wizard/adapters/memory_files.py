"""Files in memory, for a library that reads a key only from a path: their content is gone with the process."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from wizard.adapters.scratch import Scratch


@contextlib.contextmanager
def file(content: bytes) -> Iterator[str]:
    """The path of a file with that content, for as long as the context lasts."""
    if (handle := _in_memory(content)) is not None:
        try:
            yield _path(handle)
        finally:
            os.close(handle)
        return
    scratch = Scratch("key")
    try:
        yield _on_disk(scratch, content)
    finally:
        scratch.remove()


def _in_memory(content: bytes) -> int | None:
    """A descriptor of a file in memory, None where the system has none (macOS), allows none, or has no /proc to name it by."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        handle = os.memfd_create("llm-cost-ops-wizard")
    except OSError:
        return None
    with os.fdopen(os.dup(handle), "wb") as out:
        out.write(content)
    if os.access(_path(handle), os.R_OK):
        return handle
    os.close(handle)
    return None


def _path(handle: int) -> str:
    return f"/proc/self/fd/{handle}"


def _on_disk(scratch: Scratch, content: bytes) -> str:
    """The path of a file in a private folder, which the next start removes when this process is killed."""
    path = Path(scratch.path, os.urandom(8).hex())
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    return str(path)
