"""One GET of HTTP/1.1 over any transport: only the head of the answer is read, within limits, and nothing is followed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from wizard import __version__
from wizard.core import limits
from wizard.core.text import sanitize

HEAD: Final = 64 * limits.KIB
"""Bytes of the head of an answer."""
_PIECE: Final = 16 * limits.KIB
_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")
_END: Final = re.compile(rb"\r?\n\r?\n")
_LOCATION: Final = re.compile(rb"^location:[ \t]*([^\r\n]{0,500})", re.IGNORECASE | re.MULTILINE)


class Head(NamedTuple):
    """The status of an answer and its Location, safe to show."""

    status: int
    location: str


class NotHttpError(ValueError):
    """What answers does not speak HTTP/1."""


class TooLargeError(ValueError):
    """The head has more than HEAD bytes."""


def request(host: str, path: str) -> bytes:
    """The bytes of the request. Host and path are checked by core/reach/request before."""
    lines = (
        f"GET {path} HTTP/1.1", f"Host: {host}", f"User-Agent: llm-cost-ops-wizard/{__version__}", "Accept: */*",
        "Connection: close",
    )  # fmt: skip
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def head(receive: Callable[[int], bytes]) -> Head:
    """The head of the answer; `receive` returns some bytes, b"" at the end.

    Raises:
        NotHttpError, TooLargeError, ConnectionError: the answer ended within its head.
        OSError: of the transport.
    """
    data, read = b"", 0
    while True:
        if end := _END.search(data):
            found = _STATUS.match(data)
            if not found:
                raise NotHttpError
            if (status := int(found[1])) >= 200:
                location = _LOCATION.search(data, 0, end.end())
                return Head(status, sanitize.line(location[1].decode("utf-8", "replace")).strip() if location else "")
            data = data[end.end() :]  # an interim answer (100, 103): the final one follows
            continue
        if data and not b"HTTP/1.".startswith(data[:7]):
            raise NotHttpError
        if read >= HEAD:
            raise TooLargeError
        if not (piece := receive(min(_PIECE, HEAD - read))):
            raise ConnectionResetError
        read += len(piece)
        data += piece
