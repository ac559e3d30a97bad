"""Folders that the next start removes when the process that made them was killed.

Such a folder is locked as long as its process needs it. A lock works across PID namespaces, where a pid means nothing,
and the kernel releases it however the process ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_NAME: Final = re.compile(r"llm-cost-ops-wizard-[a-z]+-[0-9a-f]{8}")
_TMP: Final = "/tmp"  # noqa: S108 - folders that are made there are private, and their names cannot be guessed
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def make(folder: Path) -> int:
    """Make a folder of mode 0700, locked as long as the returned descriptor is open.

    Raises:
        FileExistsError: the name is taken, or another start took the folder for a leftover before it was locked.
        OSError: it cannot be made.
    """
    folder.mkdir(mode=0o700)
    handle = -1
    try:
        handle = os.open(folder, _FOLDER)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(folder.stat(), os.fstat(handle)):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError as error:
        # A file system without locks: nobody can take it for a leftover.
        if handle >= 0 and error.errno in (errno.ENOLCK, errno.EBADF, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
            return handle
        raise
    if handle >= 0:
        os.close(handle)
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))


class Scratch:
    """A temporary folder of this process. Its path has `longest` characters at most where a temporary folder allows it."""

    def __init__(self, kind: str, longest: int = 4096) -> None:
        """Make the folder.

        Raises:
            OSError: no temporary folder can be written.
        """
        rest = len(f"/llm-cost-ops-wizard-{kind}-12345678")
        bases = (base for base in _bases() if len(str(base)) + rest <= longest and os.access(base, os.W_OK | os.X_OK))
        base = next(bases, Path(_TMP))
        while True:
            self.path = base / f"llm-cost-ops-wizard-{kind}-{os.urandom(4).hex()}"
            with contextlib.suppress(FileExistsError):
                self._handle = make(self.path)
                return

    def remove(self) -> None:
        """Remove the folder with its content."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._handle)


def sweep() -> None:
    """Remove this user's temporary folders whose process was killed."""
    for base in _bases():
        with contextlib.suppress(OSError), os.scandir(base) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    remove_left(Path(entry.path))


def remove_left(folder: Path) -> None:
    """Remove a folder of this user, unless a process holds its lock."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, _FOLDER)
        try:
            if os.fstat(handle).st_uid == os.getuid():
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def is_temporary(folder: Path) -> bool:
    """Whether it has the name of one of our temporary folders."""
    return bool(_NAME.fullmatch(folder.name))


def _bases() -> Sequence[Path]:
    """Where temporary folders may be, the most private first. Not by `tempfile`: its import costs a start 5 ms."""
    named = (os.environ.get("XDG_RUNTIME_DIR"), os.environ.get("TMPDIR"), _TMP)
    paths = (Path(name) for name in dict.fromkeys(named) if name)
    return [path for path in paths if path.is_absolute() and path.is_dir()]
