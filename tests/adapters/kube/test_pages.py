"""Answers that come packed, and lists that come in pages: whole, bounded, and the next page on its way while one is read."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer, Asked, Server
from wizard.adapters.kube.body import next_page
from wizard.adapters.kube.client import KubeCluster
from wizard.core import limits
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target


@contextlib.asynccontextmanager
async def reading(folder: Path, answer: Callable[[Asked], Answer]) -> AsyncIterator[tuple[KubeCluster, Server]]:
    with loopback.serving(answer) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(folder, server.url)))
        try:
            yield cluster, server
        finally:
            await cluster.close()


def packed(content: bytes, status: int = 200) -> Answer:
    pieces = [content[at : at + 1000] for at in range(0, len(content), 1000)]
    return Answer(status, chunks=pieces, headers={"Content-Encoding": "gzip"})


def token_of(asked: Asked) -> str:
    return parse_qs(urlsplit(asked.path).query).get("continue", [""])[0]


def page(number: int, following: str) -> dict[str, Any]:
    items = [{"metadata": {"name": f"p-{number}"}, "data": {"text": "x" * 200}}]
    metadata = {"continue": following} if following else {}
    return {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items}


async def test_a_packed_answer_is_asked_for_and_read_like_any_other(tmp_path: Path) -> None:
    words = "".join(random.Random(1).choices("äöü abc", k=200_000))
    one = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}, "data": {"text": words}}
    async with reading(tmp_path, lambda _: packed(gzip.compress(json.dumps(one).encode(), 1))) as (cluster, server):
        assert await cluster.get("ConfigMap", "c", "ns") == one
    assert server.asked[0].headers["Accept-Encoding"] == "gzip"


async def test_a_packed_refusal_keeps_its_words(tmp_path: Path) -> None:
    refusal = {"kind": "Status", "status": "Failure", "message": "quota exceeded", "reason": "Forbidden", "code": 403}
    async with reading(tmp_path, lambda _: packed(gzip.compress(json.dumps(refusal).encode()), 403)) as (cluster, _):
        with pytest.raises(ClusterError, match="quota exceeded"):
            await cluster.get("ConfigMap", "c", "ns")


def _bomb() -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(limits.MIB)
    return b"".join([packing.compress(zeros) for _ in range(limits.BODY // limits.MIB + 1)]) + packing.flush()


def _broken() -> Iterator[Any]:
    whole = gzip.compress(b'{"kind": "ConfigMap", "metadata": {"name": "c"}}')
    yield pytest.param(_bomb(), "holds more than 64 MiB", id="a bomb")
    yield pytest.param(whole[:-9], "cut off", id="cut off")
    yield pytest.param(whole[:20] + b"\xff\xff" + whole[22:], "invalid|incorrect", id="damaged")
    yield pytest.param(b'{"kind": "ConfigMap"}', "incorrect header", id="not packed")
    yield pytest.param(b"", "cut off", id="empty")


@pytest.mark.parametrize(("content", "words"), _broken())
async def test_what_cannot_be_unpacked_is_no_answer(tmp_path: Path, content: bytes, words: str) -> None:
    async with reading(tmp_path, lambda _: packed(content)) as (cluster, _):
        with pytest.raises(ClusterError, match=words):
            await cluster.get("ConfigMap", "c", "ns")


async def test_every_page_is_asked_for_once_and_in_order(tmp_path: Path) -> None:
    following = {"": "a/1=", "a/1=": "b", "b": "c_-", "c_-": ""}

    def answer(asked: Asked) -> Answer:
        token = token_of(asked)
        return Answer(body=json.dumps(page(len(token), following[token]), separators=(",", ":")))

    async with reading(tmp_path, answer) as (cluster, server):
        listed = await cluster.list("ConfigMap", "ns")
    assert [token_of(one) for one in server.asked] == list(following)
    assert [one["metadata"]["name"] for one in listed] == ["p-0", "p-4", "p-1", "p-3"]


async def test_a_guess_of_the_next_page_that_was_wrong_is_not_used(tmp_path: Path) -> None:
    first = '{"metadata":{"a":{"continue":"guessed"},"continue":"true"},"items":[{"metadata":{"name":"p-1"}}]}'
    pages = {"": first, "true": json.dumps(page(2, "")), "guessed": json.dumps(page(9, ""))}

    def answer(asked: Asked) -> Answer:
        return Answer(body=pages[token_of(asked)])

    async with reading(tmp_path, answer) as (cluster, _):
        listed = await cluster.list("ConfigMap", "ns")
    assert [one["metadata"]["name"] for one in listed] == ["p-1", "p-2"]


async def test_a_list_whose_next_page_has_expired_says_so(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        if token_of(asked):
            return Answer(410, json.dumps({"kind": "Status", "message": "too old", "reason": "Expired", "code": 410}))
        return Answer(body=json.dumps(page(1, "next"), separators=(",", ":")))

    async with reading(tmp_path, answer) as (cluster, _):
        with pytest.raises(ClusterError, match="too old"):
            await cluster.list("ConfigMap", "ns")


@pytest.mark.parametrize(
    ("content", "token"),
    [
        (b'{"kind":"PodList","metadata":{"resourceVersion":"7","continue":"eyJ2=","remainingItemCount":4},"items":[]}', "eyJ2="),
        (b'{"kind":"PodList","metadata":{"resourceVersion":"7"},"items":[{"continue":"no"}]}', ""),
        (b'{"items":[],"metadata":{"continue":"late"}}', ""),
        (b"<html>", ""),
        (b"", ""),
    ],
)  # fmt: skip
def test_the_token_of_the_next_page_is_read_from_the_head(content: bytes, token: str) -> None:
    assert next_page(content) == token
