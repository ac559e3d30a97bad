"""Bodies of log answers: the framing comes off at any cut, what has come is taken at once, and a torn one says so."""

from __future__ import annotations

import random
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer
from wizard.adapters.kube.body import Chunks, Gathered
from wizard.adapters.kube.client import KubeCluster
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

T = "2026-01-01T00:00:00.123456789Z"


def framed(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks) + end


def test_the_framing_comes_off_at_any_cut() -> None:
    dice = random.Random(3)
    body = [bytes(dice.choices(b"ab\r\n0;", k=dice.randrange(1, 40))) for _ in range(30)]
    raw = framed(*body)
    for _ in range(200):
        cuts = sorted(dice.sample(range(len(raw)), 9))
        chunks = Chunks()
        got = [chunks.feed(raw[a:b]) for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
        assert b"".join(got) == b"".join(body)
        assert chunks.done


def test_a_chunk_may_have_an_extension_and_what_follows_the_last_one_does_not_count() -> None:
    chunks = Chunks()
    assert chunks.feed(b"3;name=x\r\nabc\r\n00\r\nTrailer: 1\r\n\r\nHTTP/1.1 200") == b"abc"
    assert chunks.done


@pytest.mark.parametrize("raw", [b"abc", b"xyz\r\n", b"-3\r\nabc\r\n", b"1" * 5000])
def test_what_has_no_length_is_no_chunk(raw: bytes) -> None:
    chunks = Chunks()
    if raw == b"abc":  # a length may still come to its end
        assert chunks.feed(raw) == b""
    else:
        with pytest.raises(ValueError, match=r"chunk|int"):
            chunks.feed(raw)


class Pieces:
    """A body that gives pieces, then fails."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read1(self, amt: int) -> bytes:
        if not self._pieces:
            raise ConnectionResetError("gone")
        return self._pieces.pop(0)


def test_pieces_that_come_quickly_are_one_and_what_came_before_an_error_is_given_first() -> None:
    body = Gathered(Pieces(b"ab", b"cd", b"ef"))
    assert body.read1(4) == b"abcd"
    assert body.read1(4) == b"ef"
    with pytest.raises(ConnectionResetError, match="gone"):
        body.read1(4)


async def read(folder: Path, answer: Answer, *, tls: bool, follow: bool = True) -> tuple[list[str], int]:
    """The lines of the answer, and in how many batches they came."""
    pair = loopback.certificate(folder, "server") if tls else None
    with loopback.serving(lambda _: answer, pair) as server:
        trust: dict[str, Any] = {"insecure-skip-tls-verify": True} if tls else {}
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(folder, server.url, cluster=trust)))
        try:
            found: list[str] = []
            batches = 0
            async for batch in cluster.logs("ns", "p", "c", follow=follow):
                found += [line.text for line in batch]
                batches += 1
            return found, batches
        finally:
            await cluster.close()


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("tls", [True, False])
async def test_a_flood_of_small_chunks_comes_whole_and_in_few_batches(tmp_path: Path, tls: bool, follow: bool) -> None:
    chunks = [f"{T} line {number}\n".encode() for number in range(5000)]
    found, batches = await read(tmp_path, Answer(chunks=chunks), tls=tls, follow=follow)
    assert found == [f"line {number}" for number in range(5000)]
    assert batches < 500


@pytest.mark.parametrize("tls", [True, False])
async def test_a_line_that_comes_alone_is_given_at_once(tmp_path: Path, tls: bool) -> None:
    forever = threading.Event()
    pair = loopback.certificate(tmp_path, "server") if tls else None
    answer = Answer(chunks=[f"{T} hi\n".encode()], then_hold=forever)
    with loopback.serving(lambda _: answer, pair) as server:
        trust: dict[str, Any] = {"insecure-skip-tls-verify": True} if tls else {}
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(tmp_path, server.url, cluster=trust)))
        stream = cluster.logs("ns", "p", "c")
        assert [line.text for line in await anext(stream)] == ["hi"]
        forever.set()
        assert [batch async for batch in stream] == []
        await cluster.close()


@pytest.mark.parametrize("follow", [True, False])
async def test_a_body_that_is_torn_is_not_taken_for_its_end(tmp_path: Path, follow: bool) -> None:
    with pytest.raises(ClusterError) as caught:
        await read(tmp_path, Answer(chunks=[f"{T} one\n".encode()], torn=True), tls=False, follow=follow)
    assert caught.value.kind == "unavailable"


@pytest.mark.parametrize("body", [f"{T} one\n{T} two\n", ""])
async def test_a_body_of_a_known_length_ends_there(tmp_path: Path, body: str) -> None:
    found, _ = await read(tmp_path, Answer(200, body, "text/plain"), tls=False)
    assert found == [line.partition(" ")[2] for line in body.splitlines()]
