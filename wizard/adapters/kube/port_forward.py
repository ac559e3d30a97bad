"""One request to a port of a pod by the API server's port-forward, over our own authenticated connection.

The Kubernetes client would log in and choose a proxy in its own way, and its import costs 0.4 s. What is needed of
WebSocket (RFC 6455) and of its subprotocol `v4.channel.k8s.io` is little: each message begins with the number of its
channel, 0 for data and 1 for errors, and the first message of each channel holds the port alone.
"""

from __future__ import annotations

import base64
import os
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wizard.core import limits
from wizard.core.text import sanitize

PROTOCOL: Final = "v4.channel.k8s.io"
_CONTINUED, _TEXT, _BINARY, _CLOSE = 0x0, 0x1, 0x2, 0x8
_DATA: Final = 0
_LARGEST: Final = 256 * limits.KIB
"""Bytes of one frame, and of all that is read."""


class ForwardError(OSError):
    """The pod's port was not reached; `strerror` has the words of who refused."""


def headers() -> Mapping[str, str]:
    """The headers that ask the API server for a WebSocket."""
    return {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": PROTOCOL,
    }  # fmt: skip


def frame(data: bytes) -> bytes:
    """A message for the data channel as one masked frame; `data` has less than 64 KiB."""
    body, mask = bytes([_DATA]) + data, os.urandom(4)
    size = bytes([0x80 | len(body)]) if len(body) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(body))
    return bytes([0x80 | _BINARY]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))


class Received:
    """The data of the pod, out of the messages of both channels."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._raw, self._read = b"", 0
        self._begun: set[int] = set()
        self._messages = self._all()

    def read(self, _most: int) -> bytes:
        """The next bytes of the pod; b"" at the end.

        Raises:
            ForwardError: the kubelet says why the port is not reached.
            OSError: of the transport.
        """
        for channel, content in self._messages:
            if channel == _DATA:
                return content
            raise ForwardError(None, sanitize.line(content.decode("utf-8", "replace"), 200))
        return b""

    def _all(self) -> Iterator[tuple[int, bytes]]:
        """Each message with a content as (channel, content), the first of each channel left out."""
        whole = b""
        while True:
            first, second = self._take(2)
            kind, last, size = first & 0x0F, first & 0x80, second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._take(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._take(8))
            content = self._take(size)
            if kind == _CLOSE:
                return
            if kind in (_CONTINUED, _TEXT, _BINARY):
                whole += content
                if last and whole:
                    channel, whole, content = whole[0], b"", whole[1:]
                    if channel not in self._begun:
                        self._begun.add(channel)
                    elif content:
                        yield channel, content

    def _take(self, count: int) -> bytes:
        while len(self._raw) < count:
            if count > _LARGEST or self._read > _LARGEST or not (piece := self._receive(limits.KIB * 16)):
                raise ConnectionResetError
            self._read += len(piece)
            self._raw += piece
        taken, self._raw = self._raw[:count], self._raw[count:]
        return taken
