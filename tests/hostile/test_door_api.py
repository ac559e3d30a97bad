"""An API server that answers anything: objects as they should be, or a ClusterError, soon."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import loopback
from tests.hostile.door_strategies import answers, each, one_sentence
from wizard.adapters.kube import watch as kube_watch
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.kube.connection import Stream
from wizard.core import limits
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

POD = {
    "kind": "Pod", "apiVersion": "v1",
    "metadata": {"name": "p", "namespace": "n", "uid": "u", "resourceVersion": "7", "labels": {"a": "b"}, "annotations": {"c": "d"},
                 "ownerReferences": [{"kind": "ReplicaSet", "name": "r", "uid": "x", "controller": True}]},
    "spec": {"containers": [{"name": "c", "image": "i"}]}, "status": {"phase": "Running"},
}  # fmt: skip
SECRET = {**POD, "kind": "Secret", "data": {"key": "eA==", "empty": ""}}
LIST = {"kind": "PodList", "metadata": {"resourceVersion": "9"}, "items": [POD, POD]}
RECORDS = {**LIST, "items": [{**POD, "type": "helm.sh/release.v1", "data": {"release": "eA=="}}]}
GROUPS = {
    "kind": "APIGroupDiscoveryList", "groups": [{"versions": [{"groupVersion": "apps/v1"}]}], "versions": ["v1"],
    "resources": [{"name": "gadgets", "kind": "Gadget", "namespaced": True}],
    "items": [{"metadata": {"name": "g"}, "versions": [{"version": "v1", "resources": [{"resource": "gadgets", "responseKind": {"kind": "Gadget"}, "scope": "Namespaced"}]}]}],
}  # fmt: skip
REVIEW = {
    "status": {
        "userInfo": {"username": "me", "groups": ["a"]},
        "allowed": True,
        "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
    },
    "kind": "R",
    "gitVersion": "v1.36.3",
}
STATUS = {
    "kind": "Status",
    "status": "Failure",
    "message": 'pods "p" not found',
    "reason": "NotFound",
    "code": 404,
    "details": {"causes": [{"message": "m"}]},
}
WATCHED = {"type": "ADDED", "object": POD}

Send = Callable[[socket.socket], None]


class Raw:
    """Answers each request on 127.0.0.1 with bytes of a test's own, then closes."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.send: Send = lambda _: None
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                there, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(there,), daemon=True).start()

    def _answer(self, there: socket.socket) -> None:
        with there, contextlib.suppress(OSError):
            there.settimeout(20)
            there.recv(65536)
            self.send(there)

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def raw() -> Iterator[Raw]:
    made = Raw()
    yield made
    made.close()


def http(body: bytes, status: int = 200) -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


async def every_call(cluster: KubeCluster) -> None:
    """Each kind of call once; only ClusterError may come out of one."""
    for call in (
        lambda: cluster.get("Pod", "p", "n"),
        lambda: cluster.secret("p", "n"),
        lambda: cluster.list("Pod", "n"),
        lambda: cluster.list("Gadget", "n"),
        lambda: cluster.records("Secret", "n", "r"),
        lambda: cluster.whoami(),
        lambda: cluster.version(),
        lambda: cluster.resources(),
        lambda: cluster.may("get", "Pod", "n"),
        lambda: cluster.create(POD, "n", dry_run=True),
        lambda: cluster.delete("Pod", "p", "n"),
    ):
        with contextlib.suppress(ClusterError):
            await call()
    with contextlib.suppress(ClusterError):
        async for batch in cluster.logs("n", "p", "c", follow=False):
            assert all(isinstance(line.text, str) for line in batch)


@each(1000)
def test_any_body_is_an_object_or_a_cluster_error(many: settings, raw: Raw, tmp_path: Path) -> None:
    import asyncio

    path = loopback.kubeconfig(tmp_path, raw.url)
    trees = st.sampled_from([POD, SECRET, LIST, RECORDS, GROUPS, REVIEW, STATUS])

    @many
    @given(trees.flatmap(answers), st.sampled_from([200, 200, 200, 201, 302, 400, 401, 403, 404, 409, 422, 500, 503]))
    def holds(body: bytes, status: int) -> None:
        raw.send = lambda there: there.sendall(http(body, status))

        async def calls() -> None:
            cluster = KubeCluster(Target("here", "n", kubeconfig=path))
            await every_call(cluster)
            await cluster.close()

        asyncio.run(calls())

    holds()


@each(1000)
def test_any_bytes_instead_of_http_are_a_cluster_error(many: settings, raw: Raw, tmp_path: Path) -> None:
    import asyncio

    path = loopback.kubeconfig(tmp_path, raw.url)
    odd = st.one_of(
        st.binary(max_size=60),
        st.sampled_from([
            b"HTTP/1.1 200\r\n\r\n", b"HTTP/1.1 abc X\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500,
            b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{}", b"HTTP/1.1 204 OK\r\n\r\n{}", b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
            b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}", b"HTTP/1.1 429 X\r\nRetry-After: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A" * 70_000,
        ]),
    )  # fmt: skip

    @many
    @given(odd)
    def holds(said: bytes) -> None:
        raw.send = lambda there: there.sendall(said)

        async def call() -> None:
            cluster = KubeCluster(Target("here", "n", kubeconfig=path))
            with pytest.raises(ClusterError):
                await cluster.get("Pod", "p", "n")
            await cluster.close()

        asyncio.run(call())

    holds()


class Body:
    """A watch's answer that brings these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)

    def read1(self, _: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def close(self) -> None:
        return


def watch() -> kube_watch.Watch:
    from wizard.adapters.kube import kinds

    here: Any = SimpleNamespace(server="https://x")
    channel: Any = None
    return kube_watch.Watch(lambda: here, kinds.KINDS["Pod"], "n", "", channel, Stream())


@each()
def test_any_line_of_a_watch_is_a_change_or_a_cluster_error(many: settings) -> None:
    @many
    @given(st.lists(answers(WATCHED), min_size=1, max_size=3), st.integers(1, 200))
    def holds(lines: list[bytes], at: int) -> None:
        whole = b"\n".join(lines) + b"\n"
        with one_sentence("https://x" if b"ERROR" not in whole else ""):
            for batch in watch()._changes(Body(whole[:at], whole[at:])):
                for event in batch:
                    assert event.type in ("ADDED", "MODIFIED", "DELETED")
                    assert isinstance(event.objects[0].get("metadata", {}), dict)

    holds()


def test_a_line_of_a_watch_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WATCH_LINE", limits.MIB)
    with pytest.raises(ClusterError, match="a line of a watch holds more than 1 MiB"):
        list(watch()._changes(Body(*[b"x" * 300_000] * 9)))


async def failing(raw: Raw, tmp_path: Path, send: Send) -> tuple[ClusterError, float]:
    raw.send = send
    cluster, began = (
        KubeCluster(Target("here", "n", kubeconfig=loopback.kubeconfig(tmp_path, raw.url))),
        time.monotonic(),
    )
    with pytest.raises(ClusterError) as caught:
        await cluster.get("Pod", "p", "n")
    await cluster.close()
    return caught.value, time.monotonic() - began


async def test_an_answer_without_end_is_given_up(raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY", limits.MIB)

    def pour(there: socket.socket) -> None:
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        while True:
            there.sendall(b"1," * 50_000)

    error, _ = await failing(raw, tmp_path, pour)
    assert "is not read: it holds more than 1 MiB" in error.message


@pytest.mark.parametrize(
    ("begin", "says"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a": "', "it did not end within"),
        (b"HTTP/1.1 500 X\r\nContent-Length: 999\r\n\r\n", "it did not end within"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", "its head did not end within"),
    ],
    ids=["body", "error", "head"],
)
async def test_an_answer_that_drips_is_given_up(
    raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, says: str
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(limits, "HEAD_SECONDS", 0.5)
    done = threading.Event()

    def drip(there: socket.socket) -> None:
        there.sendall(begin)
        while not done.wait(0.02):
            there.sendall(b"x")

    error, took = await failing(raw, tmp_path, drip)
    done.set()
    assert says in error.message
    assert error.kind == "slow"
    assert took < 4


@pytest.mark.parametrize("levels", [101, 200_000])
async def test_an_answer_too_deep_is_one_sentence(raw: Raw, tmp_path: Path, levels: int) -> None:
    body = b'{"kind":"Pod","x":' + b"[" * levels + b"]" * levels + b"}"
    error, took = await failing(raw, tmp_path, lambda there: there.sendall(http(body)))
    assert "is not read: it is nested more than 100 levels deep" in error.message
    assert took < 3


async def test_an_infinite_number_is_refused(raw: Raw, tmp_path: Path) -> None:
    error, _ = await failing(raw, tmp_path, lambda there: there.sendall(http(b'{"kind":"Pod","x":1e400}')))
    assert "it holds 1e400" in error.message


async def test_a_list_that_always_goes_on_is_given_up(
    raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGES", 5)
    page = json.dumps({"items": [], "metadata": {"continue": "more"}}).encode()
    raw.send = lambda there: there.sendall(http(page))
    cluster = KubeCluster(Target("here", "n", kubeconfig=loopback.kubeconfig(tmp_path, raw.url)))
    for call in (cluster.list("Pod", "n"), cluster.records("Secret", "n", "r")):
        with pytest.raises(ClusterError, match="a list has more than 5 pages"):
            await call


async def test_an_older_server_s_kinds_are_found_group_by_group(tmp_path: Path) -> None:
    told = {
        "/apis": {"kind": "APIGroupList", "groups": [{"versions": [{"groupVersion": "x.io/v1"}, {"groupVersion": "down.io/v1"}]}]},
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/apis/x.io/v1": {"resources": [{"name": "gadgets", "kind": "Gadget", "namespaced": True}, {"name": "gadgets/status", "kind": "Gadget"}]},
        "/api/v1": {"resources": [{"name": "nodes", "kind": "Node", "namespaced": False}]},
    }  # fmt: skip

    def answer(asked: loopback.Asked) -> loopback.Answer:
        found = told.get(asked.path)
        return loopback.Answer(200, json.dumps(found)) if found else loopback.Answer(503, "{}")

    with loopback.serving(answer) as server:
        found = await KubeCluster(Target("here", "n", kubeconfig=loopback.kubeconfig(tmp_path, server.url))).resources()
    assert [(one.api_version, one.kind, one.plural, one.namespaced) for one in found] == [
        ("x.io/v1", "Gadget", "gadgets", True), ("v1", "Node", "nodes", False),
    ]  # fmt: skip
