"""Bodies of log answers, read in large pieces: a thousand small reads cost more than all that is done with the bytes."""

from __future__ import annotations

import errno
import re
import ssl
import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from wizard.adapters.bounded import Body, ExceededError, Readable
from wizard.adapters.kube import errors
from wizard.core import limits

if TYPE_CHECKING:
    from urllib3 import HTTPResponse

GATHER: Final = 0.03
"""Seconds until a followed log is read again after everything that had come was read: a screen paints no faster."""
GATHER_FLOOD: Final = 0.1
"""The same after a read of FLOOD bytes: nobody reads such lines one by one, and each read has a cost."""
FLOOD: Final = 16_384
_RECORD: Final = 65_536
_GZIP: Final = zlib.MAX_WBITS | 16
"""zlib's word for the format of gzip."""
_HEAD: Final = 4096
"""Bytes of a list in which its metadata is, which the API server writes first."""
_LONGEST_SIZE: Final = 4096
"""Bytes of the line that holds the length of a chunk."""


def whole(answer: HTTPResponse, server: str) -> bytes:
    """All of an answer's body, unpacked, within limits.

    Raises:
        ClusterError: it broke, is too large, packed or unpacked, or takes too long.
    """
    import urllib3

    try:
        content = Body(answer).read()
        return _unpacked(content) if answer.headers.get("Content-Encoding", "").lower() == "gzip" else content
    except (urllib3.exceptions.HTTPError, OSError, ValueError, zlib.error) as error:
        answer.close()
        raise errors.of_exception(error, server) from None


def next_page(content: bytes) -> str:
    """The token of the list's next page as its head has it, before all of it is parsed: a guess, "" where there is none."""
    head = content[:_HEAD].partition(b'"items"')[0]
    match = re.search(rb'"continue":"([\w+/=-]+)"', head)
    return match[1].decode() if match else ""


def _unpacked(content: bytes) -> bytes:
    """A few bytes can become gigabytes: no more is unpacked than a body may have."""
    unpacking = zlib.decompressobj(_GZIP)
    plain = unpacking.decompress(content, limits.BODY)
    if unpacking.unconsumed_tail:
        raise ExceededError(errno.EFBIG, f"it holds more than {limits.amount(limits.BODY)}")
    if not unpacking.eof:
        raise ValueError("its compressed body is cut off")
    return plain


def followed(answer: HTTPResponse, sock: Any) -> Readable:
    """The body of an answer that goes on; `sock` is its connection's, which takes no other request afterwards."""
    head: Any = getattr(answer, "_original_response", None)
    fp = getattr(head, "fp", None)
    if fp is None or sock is None:
        return answer
    return Followed(fp.read1, sock, chunked=bool(head.chunked), length=head.length)


class Gathered:
    """A body that ends: pieces are joined while they come quickly."""

    def __init__(self, body: Readable) -> None:
        self._body = body
        self._error: Exception | None = None

    def read1(self, amt: int) -> bytes:
        """At most `amt` bytes; the bytes before an error are returned before it is raised."""
        if self._error:
            raise self._error
        pieces: list[bytes] = []
        size, until = 0, time.monotonic() + GATHER
        while size < amt:
            try:
                piece = self._body.read1(amt - size)
            except Exception as error:
                if not pieces:
                    raise
                self._error = error
                break
            if not piece:
                break
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() > until:
                break
        return b"".join(pieces)


class Followed:
    """A body that goes on: everything that has come is taken at once, without a wait between two TLS records.

    A flood of 5,000 lines a second comes in as many chunks; http.client reads each on its own, with several calls.
    """

    def __init__(self, first: Callable[[int], bytes], sock: Any, *, chunked: bool, length: int | None) -> None:
        self._first: Callable[[int], bytes] | None = first
        """Reads what came together with the head of the answer, or waits for more."""
        self._sock = sock
        self._chunks = Chunks() if chunked else None
        self._left = length
        self._ended = length == 0
        self._not_before = 0.0
        """When to read again: everything was taken."""
        self._error: OSError | None = None

    def read1(self, amt: int) -> bytes:
        """About `amt` bytes at most, as soon as there are any; empty at the end.

        Raises:
            OSError: the connection was lost before the end of the body.
            ValueError: its chunks are malformed.
        """
        while not self._ended:
            raw = self._raw(amt)
            if not raw:
                self._ended = True
                if self._chunks or self._left:
                    raise ConnectionResetError("the stream was cut")
                break
            body = self._body(raw)
            if body:
                return body
        return b""

    def _body(self, raw: bytes) -> bytes:
        if self._chunks:
            body = self._chunks.feed(raw)
            self._ended = self._chunks.done
            return body
        if self._left is not None:
            self._left -= len(raw)
            self._ended = self._left <= 0
        return raw

    def _raw(self, amt: int) -> bytes:
        """Wait for the first bytes, then take what else has come."""
        if self._error:
            raise self._error
        if self._first:
            first, self._first = self._first, None
            return first(amt)
        if (wait := self._not_before - time.monotonic()) > 0:
            time.sleep(wait)
        pieces = [self._sock.recv(_RECORD)]
        size, patience = len(pieces[0]), self._sock.gettimeout()
        try:
            self._sock.settimeout(0)
            while pieces[-1] and size < amt:
                pieces.append(self._sock.recv(_RECORD))
                size += len(pieces[-1])
        except (BlockingIOError, ssl.SSLWantReadError):
            self._not_before = time.monotonic() + (GATHER if size < FLOOD else GATHER_FLOOD)
        except OSError as error:
            self._error = error
        finally:
            self._sock.settimeout(patience)
        return b"".join(pieces)


class Chunks:
    """Removes the framing of HTTP chunks from bytes that come in any pieces."""

    def __init__(self) -> None:
        self.done = False
        """The last chunk has come."""
        self._left = 0
        self._rest = b""

    def feed(self, raw: bytes) -> bytes:
        """The bytes that belong to the body. Raises ValueError where the length of a chunk is missing."""
        data, at, body = self._rest + raw, 0, []
        while not self.done:
            if self._left:
                body.append(data[at : at + self._left])
                at += len(body[-1])
                self._left -= len(body[-1])
                if self._left:
                    break
            line_end = data.find(b"\n", at)
            if line_end < 0:
                if len(data) - at > _LONGEST_SIZE:
                    raise ValueError("a chunk without a length")
                break
            if length := data[at:line_end].partition(b";")[0].strip():  # an empty line ends the chunk before
                self._left = int(length, 16)
                if self._left < 0:
                    raise ValueError("a chunk with a length below zero")
                self.done = not self._left
            at = line_end + 1
        self._rest = data[at:]
        return b"".join(body)
