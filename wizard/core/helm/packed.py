"""Packed charts (.tgz), read in memory by the rules of helm's loader (helm pkg/chart/loader/archive.go).

Nothing is written to the disk, and links, devices and pipes in the archive are never followed or made: like helm, a
reader finds an empty file in their place.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import re
import tarfile
import zlib
from collections.abc import Callable
from typing import IO, Final, cast

from wizard.core import limits

_GZIP: Final = b"\x1f\x8b\x08"
_DRIVE: Final = re.compile(r"[a-zA-Z]:/")
_BOM: Final = b"\xef\xbb\xbf"


class Budget:
    """What one packed chart and the packed charts inside of it may unpack to, all together."""

    def __init__(self) -> None:
        self.files = limits.CHART_FILES
        self.content = limits.CHART_CONTENT
        self.stream = 2 * limits.CHART_CONTENT
        """Bytes of the archives themselves: content, headers, padding."""


def files(raw: bytes, wanted: Callable[[str], bool], budget: Budget | None = None) -> dict[str, bytes]:
    """The wanted files of a packed chart by their names below its folder.

    Raises:
        ValueError: helm would refuse it, or it is over a limit; the text says why, as the end of a sentence.
    """
    if not raw.startswith(_GZIP):
        raise ValueError("it is not a packed chart (.tgz)")
    budget = budget or Budget()
    found: dict[str, bytes] = {}
    count = 0
    try:
        stream = _Unpacked(raw, budget)
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for member in archive:
                if member.isdir():
                    continue
                count += 1
                name = _name(member.name)
                _take(budget, member)
                if wanted(name):
                    found[name] = _content(archive, member).removeprefix(_BOM)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError) as error:
        raise ValueError(f"it is damaged ({error})") from None
    if not count:
        raise ValueError("it holds no files")
    return found


class _Unpacked:
    """The unpacked bytes, counted."""

    def __init__(self, raw: bytes, budget: Budget) -> None:
        self._stream, self._budget = gzip.GzipFile(fileobj=io.BytesIO(raw)), budget

    def read(self, size: int) -> bytes:
        """At most `size` bytes; raises ValueError over the budget."""
        piece = self._stream.read(size)
        self._budget.stream -= len(piece)
        if self._budget.stream < 0:
            raise ValueError(f"it unpacks to more than {limits.amount(limits.CHART_CONTENT)}")
        return piece


def _name(written: str) -> str:
    """The name below the chart's folder, which is the first part of what the archive says."""
    slash = "\\" if "\\" in written else "/"  # archives made on Windows
    first, *rest = written.split(slash)
    below = "/".join(rest)
    if below.startswith("/"):
        raise ValueError("it holds an absolute path")
    name = posixpath.normpath(below)
    if name == ".":
        raise ValueError(f'it holds "{written}" beside its folder')
    if name.startswith(".."):
        raise ValueError("it holds a path that leads out of it")
    if _DRIVE.match(name):
        raise ValueError("it holds a path of a drive")
    if first == "Chart.yaml":
        raise ValueError("its Chart.yaml is not in a folder")
    return name


def _take(budget: Budget, member: tarfile.TarInfo) -> None:
    if member.size > limits.CHART_FILE:
        raise ValueError(f"its file {member.name} is larger than {limits.amount(limits.CHART_FILE)}")
    budget.content -= member.size
    if budget.content <= 0:
        raise ValueError(f"it unpacks to more than {limits.amount(limits.CHART_CONTENT)}")
    budget.files -= 1
    if budget.files < 0:
        raise ValueError(f"it holds more than {limits.CHART_FILES} files")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """The bytes of a file; none of a link, which is not followed, a device or a pipe."""
    if not (member.isreg() or member.type not in tarfile.SUPPORTED_TYPES):
        return b""
    file = archive.extractfile(member)
    content = file.read() if file else b""
    if len(content) < member.size:
        raise EOFError("it ends inside a file")
    return content
