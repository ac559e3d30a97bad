"""One request through the port-forward of an API server that a test plays, frame by frame."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.loopback import Answer, kubeconfig, serving, status
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.kube.port_forward import Forward
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

OPENED = ((0, b"\x40\x1f"), (1, b"\x40\x1f"))
"""The first message of each channel: the port."""


def sent(channel: int, data: bytes, *, last: bool = True, kind: int = 2) -> bytes:
    body = bytes([channel]) + data
    size = bytes([len(body)]) if len(body) < 126 else b"\x7e" + struct.pack(">H", len(body))
    return bytes([(0x80 if last else 0) | kind]) + size + body


class Api:
    """An API server that upgrades to a WebSocket and then sends these bytes."""

    def __init__(self, answer: bytes, *, upgrade: bool = True) -> None:
        self.head, self.request = b"", b""
        self._answer, self._upgrade = answer, upgrade
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listening.accept()
            with connection:
                while b"\r\n\r\n" not in self.head:
                    self.head += connection.recv(4096)
                if not self._upgrade:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
                    return
                key = self.head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
                accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
                # What was opened comes together with the head, as of a real server.
                opened = b"".join(sent(*part) for part in OPENED)
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n" + opened
                )
                self.request = connection.recv(4096)
                connection.sendall(self._answer)
                connection.recv(1)

    def close(self) -> None:
        self._listening.close()


@contextlib.contextmanager
def playing(answer: bytes, *, upgrade: bool = True) -> Iterator[Api]:
    api = Api(answer, upgrade=upgrade)
    try:
        yield api
    finally:
        api.close()


async def ask(folder: Path, url: str, seconds: float = 5.0) -> int:
    cluster = KubeCluster(Target("here", "ns", kubeconfig=kubeconfig(folder, url)))
    try:
        return await cluster.ask_pod("ns", "api-1", 8000, "/health", seconds)
    finally:
        await cluster.close()


def unmasked(raw: bytes) -> bytes:
    mask = raw[2:6] if raw[1] & 0x7F < 126 else raw[4:8]
    body = raw[6:] if raw[1] & 0x7F < 126 else raw[8:]
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))


async def test_the_status_of_the_pod_is_read_and_only_the_request_is_sent(tmp_path: Path) -> None:
    with playing(sent(0, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}")) as api:
        assert await ask(tmp_path, api.url) == 200

    assert api.head.startswith(b"GET /api/v1/namespaces/ns/pods/api-1/portforward?ports=8000 HTTP/1.1\r\n")
    assert b"Sec-WebSocket-Protocol: v4.channel.k8s.io\r\n" in api.head
    body = unmasked(api.request)
    assert body.startswith(b"\x00GET /health HTTP/1.1\r\nHost: localhost\r\n")
    assert b"authorization" not in body.lower()


async def test_an_answer_in_pieces_is_one_answer(tmp_path: Path) -> None:
    pieces = (
        sent(0, b"HTTP/1.1 ", last=False), sent(0, b"", last=False, kind=0)[:1] + b"\x04" + b"503 ", b"\x89\x00",
        b"\x80\x04No\r\n", sent(0, b"\r\n"),
    )  # fmt: skip
    with playing(b"".join(pieces)) as api:
        assert await ask(tmp_path, api.url) == 503


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (sent(1, b"failed to connect to localhost:8000 inside namespace \x1b[2J"), "api-1 was not reached at port 8000: failed to connect"),
        (b"\x88\x00", "api-1 gave no HTTP answer"),
        (sent(0, b"SSH-2.0-x\r\n"), "api-1 gave no HTTP answer"),
        (b"\x82\x7f" + b"\xff" * 8, "api-1 gave no HTTP answer"),
        (sent(0, b"HTTP/1.1 200 OK\r\n" + b"A" * 20_000) * 20, "api-1 gave no HTTP answer"),
    ],
)  # fmt: skip
async def test_what_stops_it_is_said(answer: bytes, words: str, tmp_path: Path) -> None:
    with playing(answer) as api, pytest.raises(ClusterError, match=words) as caught:
        await ask(tmp_path, api.url)

    assert caught.value.message.isprintable()


async def test_a_server_without_port_forward_is_told(tmp_path: Path) -> None:
    with playing(b"", upgrade=False) as api, pytest.raises(ClusterError, match="offers no port-forward"):
        await ask(tmp_path, api.url)


async def test_a_node_without_port_forward_is_told(tmp_path: Path) -> None:
    page = Answer(404, "404 page not found", "text/plain")
    with serving(lambda _: page) as server, pytest.raises(ClusterError, match="api-1's node offers none"):
        await ask(tmp_path, server.url)


async def test_a_pod_that_is_silent_is_left_in_time(tmp_path: Path) -> None:
    with playing(b"") as api, pytest.raises(ClusterError, match=r"did not answer within 0\.3 s"):
        await ask(tmp_path, api.url, 0.3)


async def test_the_missing_right_is_named(tmp_path: Path) -> None:
    message = 'pods "api-1" is forbidden: User "me" cannot get resource "pods/portforward" in API group ""'
    with serving(lambda _: status(403, message, "Forbidden")) as server, pytest.raises(ClusterError) as caught:
        await ask(tmp_path, server.url)

    assert caught.value.permission == "get,create pods/portforward in namespace ns"
    assert caught.value.message == "me may not get,create pods/portforward in namespace ns."


@pytest.mark.parametrize("size", [0, 100, 124, 125, 126, 200, 4000])
def test_a_frame_of_any_size_is_what_a_server_reads(size: int) -> None:
    data = bytes(range(256)) * 16
    frames: list[bytes] = []
    Forward(frames.append, lambda _: b"").write(data[:size])
    (raw,) = frames

    assert raw[0] == 0x82
    assert raw[1] & 0x80
    assert unmasked(raw) == b"\x00" + data[:size]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_messages_are_read_however_they_are_cut(step: int) -> None:
    raw = b"".join(sent(*part) for part in (*OPENED, (0, b"a" * 300), (0, b"b"))) + b"\x88\x00"
    rest = iter([raw[at : at + step] for at in range(0, len(raw), step)])

    received = Forward(lambda _: None, lambda _: next(rest, b""))

    assert [received.read(1), received.read(1), received.read(1)] == [b"a" * 300, b"b", b""]


def test_cutting_the_wait_leaves_no_task(tmp_path: Path) -> None:
    with playing(b"") as api:

        async def cut() -> None:
            asking = asyncio.ensure_future(ask(tmp_path, api.url))
            await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking

        asyncio.run(cut())
