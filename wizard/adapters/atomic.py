"""Files that are complete or absent: written beside the target, then renamed.

Everything is done on descriptors, so that others who may write in the folder cannot replace what we opened; a folder in which another user may replace files is refused.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LONGEST_NAME: Final = 200
"""Bytes of the target's name that the new file's name repeats; a name may have 255."""


def write(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """Write the text atomically with that mode.

    Raises:
        OSError: the folder is missing, not writable, another user may replace files in it, or the disk is full; the old
            file is untouched.
    """
    content = text.encode() if isinstance(text, str) else text
    with _folder(path.parent) as folder, _written(folder, path.name, content, mode) as name:
        os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def create(path: Path, content: bytes) -> None:
    """Write a new file, 0600.

    Raises:
        FileExistsError: something has that name; it stays as it is.
        OSError: as `write`; nothing is left behind.
    """
    with _folder(path.parent) as folder, _written(folder, path.name, content, 0o600) as name:
        try:
            os.link(name, path.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # The name is taken first, so that nothing is overwritten: a kill in between would leave an empty file.
            os.close(os.open(path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder))
            os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)


_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
"""Of file systems that have no hard links."""


@contextlib.contextmanager
def _written(folder: int, target: str, content: bytes, mode: int) -> Iterator[str]:
    """The name of a new file beside the target that is whole on the disk; it is gone afterwards."""
    start = os.fsdecode(os.fsencode(f".{target}.new-")[:_LONGEST_NAME])
    _sweep(folder, start)
    name, handle = _new(folder, start)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, mode)
            os.fsync(handle)
            yield name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
    with contextlib.suppress(OSError):  # some file systems cannot; the text itself is on the disk
        os.fsync(folder)


def refuse_shared(status: os.stat_result, folder: str) -> None:
    """Raises PermissionError when another user may replace files in that folder; `status` is of its descriptor.

    A sticky bit prevents that, and so does a group without other members: many systems give each user one, and a mask of 002.
    """
    if status.st_mode & stat.S_ISVTX:
        return
    if status.st_uid not in (os.getuid(), 0):
        who = "its folder belongs to another user, who"
    elif status.st_mode & stat.S_IWOTH:
        who = "its folder is open to everybody (chmod +t would end that); they"
    elif status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid):
        who = "its folder is open to its group (chmod +t would end that); others of it"
    else:
        return
    raise PermissionError(errno.EPERM, f"{who} may replace files in it", folder)


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        refuse_shared(os.fstat(handle), str(path))
        yield handle
    finally:
        os.close(handle)


def _new(folder: int, start: str) -> tuple[str, int]:
    """The name and the descriptor of a new file, locked as long as it is written."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    while True:
        name = f"{start}{os.urandom(4).hex()}"
        handle = os.open(name, flags, 0o600, dir_fd=folder)
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return name, handle
        os.close(handle)  # another write took it for a leftover before it was locked


def _sweep(folder: int, start: str) -> None:
    """Remove the leftovers of killed writes of this file."""
    for name in os.listdir(folder):
        if name.startswith(start):
            with contextlib.suppress(OSError):
                _remove_left(folder, name)


def _remove_left(folder: int, name: str) -> None:
    handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    try:
        status = os.fstat(handle)
        if status.st_uid == os.getuid() and stat.S_ISREG(status.st_mode):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(name, dir_fd=folder)
    finally:
        os.close(handle)


def _is_own_group(number: int) -> bool:
    """Whether the group has no other member: it has its user's name, and lists nobody else."""
    if number != os.getgid():
        return False
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return number == os.getuid()  # a container's user often has no name
    return group.gr_name == user and not set(group.gr_mem) - {user}
