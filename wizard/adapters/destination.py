"""Resolves the path that a person names for a file to be written: through links, to a file or something else.

Only a regular file is replaced and read. One of our own descriptors (/dev/stdout, a shell's `>(...)`) and a FIFO with
a reader take the text; folders, sockets and devices are refused.
"""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from wizard.adapters import atomic
from wizard.core.errors import Problem

_READER_SECONDS: Final = 10.0
"""Seconds for which the reader of a FIFO may not read."""
_LINKS: Final = 40
"""As many links as Linux follows."""
_NAMES: Final = ((stat.S_ISDIR, "a folder"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))  # fmt: skip


class Existing(NamedTuple):
    """An existing regular file."""

    content: bytes
    mode: int


class Stream(NamedTuple):
    """One of our own descriptors, or the path of a FIFO."""

    to: int | Path

    def send(self, data: bytes) -> None:
        """Write all of it.

        Raises:
            OSError: the FIFO has no reader, or a slow one; the descriptor cannot be written.
        """
        sys.stdout.flush()
        if isinstance(self.to, int):
            with os.fdopen(os.dup(self.to), "wb") as file:
                file.write(data)
            return
        handle = _opened_fifo(self.to)
        try:
            _write_in_time(handle, data)
        finally:
            os.close(handle)


def find(path: str, what: str) -> Path | Stream:
    """The file that is replaced or made, links followed, or the stream that takes the text.

    Raises:
        Problem: it is something else.
        OSError: a link of it is another user's, or there are too many.
    """
    target = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 - Path's own raises for a user who is not there
    for _ in range(_LINKS):
        target = Path(os.path.realpath(target.parent)) / target.name
        if (own := _own_descriptor(target)) is not None:
            return Stream(own)
        try:
            status = target.lstat()
        except FileNotFoundError:
            return target
        if not stat.S_ISLNK(status.st_mode):
            return _kind(target, status, path, what)
        _refuse_foreign(target, status)
        target = target.parent / target.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def existing(target: Path, most: int) -> Existing | None:
    """The content of the file, None when there is no file.

    Raises:
        OSError: it cannot be read, has more bytes than that, or is no regular file by now.
    """
    try:
        handle = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(target))
        if status.st_size > most or len(content := file.read(most + 1)) > most:
            raise OSError(errno.EFBIG, f"what is there has more than {most} bytes", str(target))
        return Existing(content, stat.S_IMODE(status.st_mode) & 0o777)


def _own_descriptor(target: Path) -> int | None:
    """The number of an inherited descriptor; raises OSError for those that we opened ourselves, None for another path."""
    if target.parent not in (Path("/dev/fd"), Path(f"/proc/{os.getpid()}/fd")) or not target.name.isdecimal():
        return None
    number = int(target.name)
    if number > 2 and not os.get_inheritable(number):
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), str(target))
    return number


def _kind(target: Path, status: os.stat_result, path: str, what: str) -> Path | Stream:
    if stat.S_ISREG(status.st_mode):
        return target
    if stat.S_ISFIFO(status.st_mode):
        return Stream(target)
    name = next((name for is_kind, name in _NAMES if is_kind(status.st_mode)), "no file")
    raise Problem(f"The {what} cannot be written to {path}: it is {name}.", "Name a file; /dev/stdout prints it.")


def _refuse_foreign(link: Path, status: os.stat_result) -> None:
    """Raises PermissionError when another user may have made the link: it would choose what we overwrite.

    Linux itself follows links in /tmp by this rule (fs.protected_symlinks); here they are followed by hand.
    """
    folder = link.parent.stat()
    atomic.refuse_shared(folder, str(link.parent))
    if status.st_uid not in (os.getuid(), 0, folder.st_uid):
        raise PermissionError(errno.EPERM, "it is a link of another user", str(link))


def _opened_fifo(path: Path) -> int:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "nobody reads this FIFO", str(path)) from None
        raise
    if stat.S_ISFIFO(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "it is no FIFO any more", str(path))


def _write_in_time(handle: int, data: bytes) -> None:
    rest, deadline = memoryview(data), time.monotonic() + _READER_SECONDS
    while rest:
        if not select.select([], [handle], [], max(0.0, deadline - time.monotonic()))[1]:
            raise TimeoutError(errno.ETIMEDOUT, f"nobody read it for {_READER_SECONDS:g} s")
        try:
            rest = rest[os.write(handle, rest) :]
        except BlockingIOError:  # there is room, but for less
            continue
        deadline = time.monotonic() + _READER_SECONDS
