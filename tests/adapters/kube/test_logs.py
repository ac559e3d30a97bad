"""Log bytes become lines: nothing lost at any cut, nothing dangerous, nothing endless."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from pathlib import Path

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer, Asked, status
from wizard.adapters.kube import logs
from wizard.adapters.kube.client import KubeCluster
from wizard.core.kube.api import LogLine
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

T = "2026-01-01T00:00:00.123456789Z"


class Pieces:
    """A body that comes in given pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    def read1(self, amt: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def lines(*pieces: bytes) -> list[LogLine]:
    return [line for batch in logs.batches(Pieces(list(pieces))) for line in batch]


@pytest.mark.parametrize(
    ("raw", "time", "text"),
    [
        (f"{T} hello world\n", T, "hello world"),
        (f"{T} \n", T, ""),
        (f"{T}\n", T, ""),
        (f"{T} no newline at the end", T, "no newline at the end"),
        ("unable to retrieve container logs\n", "", "unable to retrieve container logs"),
        (f"{T} \x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07\n", T, "red "),
        (f"{T} a\tb\r\n", T, "a    b"),
        ("2026-01-01T00:00:00+02:00 zoned\n", "2026-01-01T00:00:00+02:00", "zoned"),
    ],
)
def test_a_line_is_its_time_and_its_safe_text(raw: str, time: str, text: str) -> None:
    assert lines(raw.encode()) == [LogLine(time, text)]


def test_a_stream_cut_anywhere_gives_the_same_lines() -> None:
    raw = "".join(f"{T} line {n} grüße 🚀\n" for n in range(50)).encode()
    whole = lines(raw)
    dice = random.Random(1)
    for _ in range(50):
        cuts = sorted(dice.sample(range(len(raw)), 9))
        assert lines(*(raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True))) == whole
    assert whole[7].text == "line 7 grüße 🚀"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert lines(T.encode() + b" a\xff\xfeb\n")[0].text == "a\ufffd\ufffdb"


def test_an_endless_line_is_capped_and_what_was_cut_is_counted() -> None:
    found = lines(T.encode() + b" ", *[b"x" * 100_000] * 100, b"end\n" + T.encode() + b" next\n")
    assert [line.time for line in found] == [T, T]
    assert len(found[0].text) < 5000
    assert found[0].text.endswith(f"... (+{100 * 100_000 + 3 - 4096} characters)")
    assert found[1].text == "next"


async def test_what_the_kubelet_is_asked_for(tmp_path: Path) -> None:
    with loopback.serving(lambda _: Answer(200, f"{T} one\n{T} two\n", "text/plain")) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(tmp_path, server.url)))
        batches = [
            batch
            async for batch in cluster.logs("ns", "p", "c", follow=True, previous=True, since_time=T, tail_lines=0)
        ]
        await cluster.close()
    assert [line.text for batch in batches for line in batch] == ["one", "two"]
    path = server.asked[0].path
    assert path.startswith("/api/v1/namespaces/ns/pods/p/log?container=c&timestamps=true&follow=true&previous=true")
    assert "tailLines=0" in path


async def test_a_container_that_has_not_started_says_so(tmp_path: Path) -> None:
    waiting = status(400, 'container "c" in pod "p" is waiting to start: ContainerCreating', "BadRequest")
    with loopback.serving(lambda _: waiting) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(tmp_path, server.url)))
        with pytest.raises(ClusterError, match="waiting to start") as caught:
            await anext(cluster.logs("ns", "p", "c"))
    assert (caught.value.kind, caught.value.status) == ("invalid", 400)


async def test_a_slow_reader_loses_nothing(tmp_path: Path) -> None:
    chunks = [b"".join(f"{T} {n}\n".encode() for n in range(k * 1000, k * 1000 + 1000)) for k in range(50)]
    with loopback.serving(lambda _: Answer(chunks=chunks)) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(tmp_path, server.url)))
        found = []
        async for batch in cluster.logs("ns", "p", "c"):
            found += [line.text for line in batch]
            await asyncio.sleep(0.001)
    assert found == [str(n) for n in range(50_000)]


@pytest.mark.parametrize("answered", [True, False])
async def test_closing_the_cluster_wakes_a_silent_log_stream(tmp_path: Path, answered: bool) -> None:
    forever = threading.Event()

    def answer(_: Asked) -> Answer:
        return Answer(chunks=[f"{T} hi\n".encode()], then_hold=forever) if answered else Answer(hold=forever)

    with loopback.serving(answer) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(tmp_path, server.url)))

        async def read() -> list[LogLine]:
            return [line async for batch in cluster.logs("ns", "p", "c") for line in batch]

        reading = asyncio.ensure_future(read())
        await asyncio.to_thread(server.wait, 1)
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await cluster.close()
        found = await asyncio.wait_for(reading, 2)
        assert time.monotonic() - began < 1
        assert [line.text for line in found] == (["hi"] if answered else [])
        forever.set()


def test_the_quick_way_through_a_flood_gives_what_line_by_line_gives() -> None:
    odd = [
        f"{T} fine", f"{T} ", f"{T}", "no time", f"{T} " + "x" * 4096, f"{T} " + "x" * 4097, f"{T} \x1b[31mred\x1b[0m",
        f"{T} grüße", "2026-01-01T00:00:00Z short time", f"{T} tab\there", "2" * 40, f"{T} a  b ", f"{T} [x] {{}}",
    ]  # fmt: skip
    alone = [lines(f"{one}\n".encode())[0] for one in odd]
    for size in range(1, len(odd) + 1):
        for start in range(len(odd) - size + 1):
            raw = "".join(f"{one}\n" for one in odd[start : start + size]).encode()
            assert lines(raw) == alone[start : start + size]
