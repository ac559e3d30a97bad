"""One request to a port of a pod by the API server's port-forward, over our own authenticated connection.

The Kubernetes client would log in and choose a proxy in its own way, and its import costs 0.4 s. WebSocket's frames are read and
written by wsproto, which does no I/O. Of the subprotocol `v4.channel.k8s.io` little is needed: each message begins with the number of
its channel, 0 for data and 1 for errors, and the first message of each channel holds the port alone.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from wizard.core import limits
from wizard.core.text import sanitize

PROTOCOL: Final = "v4.channel.k8s.io"
_DATA: Final = 0
_LARGEST: Final = 256 * limits.KIB
"""Bytes of all that is read."""
_PIECE: Final = 16 * limits.KIB


class ForwardError(OSError):
    """The pod's port was not reached; `strerror` has the words of who refused."""


def headers() -> Mapping[str, str]:
    """The headers that ask the API server for a WebSocket."""
    return {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": PROTOCOL,
    }  # fmt: skip


class Forward:
    """The data of the pod, by an open WebSocket.

    Args:
        send: sends bytes to the API server.
        receive: the next bytes from it, at most so many; b"" at the end.
    """

    def __init__(self, send: Callable[[bytes], object], receive: Callable[[int], bytes]) -> None:
        from wsproto.connection import Connection, ConnectionType

        self._send, self._receive = send, receive
        self._socket = Connection(ConnectionType.CLIENT)
        self._messages = self._all()

    def write(self, data: bytes) -> None:
        """Send bytes to the pod."""
        from wsproto.events import BytesMessage

        self._send(self._socket.send(BytesMessage(bytes([_DATA]) + data)))

    def read(self, _most: int) -> bytes:
        """The next bytes of the pod; b"" at the end.

        Raises:
            ForwardError: the kubelet says why the port is not reached.
            OSError: of the transport, or the server does not speak WebSocket.
        """
        for channel, content in self._messages:
            if channel == _DATA:
                return content
            raise ForwardError(None, sanitize.line(content.decode("utf-8", "replace"), 200))
        return b""

    def _all(self) -> Iterator[tuple[int, bytes]]:
        """Each message with a content as (channel, content), the first of each channel left out."""
        begun: set[int] = set()
        for message in self._whole():
            channel, content = message[0], message[1:]
            if channel not in begun:
                begun.add(channel)
            elif content:
                yield channel, content

    def _whole(self) -> Iterator[bytes]:
        """Each message that is not empty."""
        from wsproto.events import BytesMessage, CloseConnection
        from wsproto.utilities import RemoteProtocolError

        whole, count = b"", 0
        while True:
            piece = self._receive(_PIECE)
            count += len(piece)
            if not piece or count > _LARGEST:
                raise ConnectionResetError
            try:
                self._socket.receive_data(piece)
                for event in self._socket.events():
                    if isinstance(event, CloseConnection):
                        return
                    if isinstance(event, BytesMessage):
                        whole += event.data
                        if event.message_finished and whole:
                            yield whole
                        whole = b"" if event.message_finished else whole
            except RemoteProtocolError as error:
                raise ConnectionResetError from error
