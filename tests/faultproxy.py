"""An API server that misbehaves on command: a proxy with TLS of its own before a sandbox's real one.

Requests are sent on with the rights of the kubeconfig that was given; rules decide which of them fail, and how:

    with faultproxy.before(bed.info.folder, bed.kubeconfig, tmp_path) as proxy:
        proxy.add(Rule(path="watch=true", status=410, times=3))   # answers by itself
        proxy.add(Rule(path="/log[?]", cut=1000))                  # the connection ends after so many bytes of the body
        proxy.drop("watch=true")                                   # ends what is open now
        ... use proxy.kubeconfig ...
        assert proxy.count("GET", "/pods") < 5

One connection serves one request (`Connection: close`), HTTP/1.1 only, so every request is seen and can be cut alone.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from wizard.sandbox import pki

_CHUNK: Final = 64 * 1024
_LONGEST_HEAD: Final = 256 * 1024
_SETTLE: Final = 0.1
"""Seconds in which the end of a client that has just died is heard."""


@dataclass(eq=False)
class Rule:
    """What happens to requests whose method and path with query match (both are regular expressions; "" is any).

    The first rule that matches counts. A rule with nothing but `delay` only makes slow.
    """

    path: str = ""
    method: str = ""
    head: str = ""
    """Of the whole head, such as its `User-Agent`."""
    status: int = 0
    """Answer with this status, without asking the API server; 0 asks it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """Of an own answer; None is a Kubernetes Status object."""
    delay: float = 0.0
    """Seconds before the request is sent on, and before each piece of the answer."""
    hold: bool = False
    """Wait until the rule is removed; then the request is sent on, if its client is still there."""
    cut: int = -1
    """Bytes of the answer's body after which the connection is closed; -1 never."""
    stall: int = -1
    """Bytes of the answer's body after which nothing more comes until the rule is removed; -1 never."""
    times: int = -1
    """For how many requests; -1 is for all."""
    hits: int = 0
    """How many requests it met."""
    lifted: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def takes(self, method: str, path: str, head: str) -> bool:
        """Whether this request is meant; counts it."""
        wanted = ((self.path, path), (self.method, method), (self.head, head))
        if self.hits == self.times or not all(re.search(pattern, text) for pattern, text in wanted):
            return False
        self.hits += 1
        return True


class FaultProxy:
    """The proxy; made by `before`."""

    def __init__(self, server: str, upstream: ssl.SSLContext) -> None:
        self.requests: list[tuple[str, str]] = []
        """Method and path with query of every request so far."""
        self.kubeconfig = ""
        """Path of a kubeconfig that leads here."""
        self._rules: list[Rule] = []
        self._open: dict[asyncio.StreamWriter, str] = {}
        there = urlsplit(server)
        self._host, self._port, self._upstream = there.hostname, there.port, upstream
        self._loop = asyncio.new_event_loop()

    def add(self, rule: Rule) -> Rule:
        """From now on."""
        self._call(lambda: self._rules.append(rule))
        return rule

    def remove(self, *rules: Rule) -> None:
        """No more of these (all when none is named); what they hold back goes on."""

        def lift() -> None:
            for rule in rules or tuple(self._rules):
                rule.lifted.set()
                if rule in self._rules:
                    self._rules.remove(rule)

        self._call(lift)

    def drop(self, path: str = "") -> int:
        """Close every open connection whose path matches, in the middle of whatever it brings; returns how many."""
        found: list[asyncio.StreamWriter] = []

        def close() -> None:
            found.extend(writer for writer, asked in self._open.items() if re.search(path, asked))
            for writer in found:
                writer.transport.abort()

        self._call(close)
        return len(found)

    def opened(self, path: str = "") -> int:
        """How many requests that match are being answered now."""
        return sum(1 for asked in list(self._open.values()) if re.search(path, asked))

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests of this method and path (regular expressions) came so far."""
        return sum(1 for verb, asked in list(self.requests) if re.search(method, verb) and re.search(path, asked))

    def _call(self, work: Callable[[], None]) -> None:
        async def run() -> None:
            work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # Also when it is cancelled at the end: asyncio would log that for every connection.
            with contextlib.suppress(
                OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError, asyncio.CancelledError
            ):
                await self._serve(reader, writer)
        finally:
            self._open.pop(writer, None)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, path = head.split(b" ", 2)[:2]
        asked = path.decode("latin-1")
        self._open[writer] = asked
        self.requests.append((method.decode(), asked))
        body = await _body(head, reader)
        words = (method.decode(), asked, head.decode("latin-1"))
        rule = next((one for one in self._rules if one.takes(*words)), Rule())
        await asyncio.sleep(rule.delay)
        if rule.hold:
            await rule.lifted.wait()
            await asyncio.sleep(_SETTLE)
            if writer.transport.is_closing():
                return
        if rule.status:
            writer.write(_answer(rule))
            await writer.drain()
            return
        back, there = await asyncio.open_connection(self._host, self._port, ssl=self._upstream, limit=_LONGEST_HEAD)
        try:
            there.write(_closing(head) + body)
            await there.drain()
            await self._bring(rule, back, writer)
        finally:
            there.close()

    async def _bring(self, rule: Rule, back: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The answer, as the rule lets it through."""
        writer.write(await back.readuntil(b"\r\n\r\n"))
        sent, stalled = 0, False
        while True:
            data = await _until_gone(back.read(_CHUNK), writer)
            if not data:
                return
            await asyncio.sleep(rule.delay)
            if rule.stall >= 0 and not stalled and sent + len(data) > rule.stall:
                stalled = True
                writer.write(data[: rule.stall - sent])
                await rule.lifted.wait()
                data = data[rule.stall - sent :]
            if rule.cut >= 0 and sent + len(data) > rule.cut and not rule.lifted.is_set():
                writer.write(data[: rule.cut - sent])
                await writer.drain()
                return
            sent += len(data)
            writer.write(data)
            await writer.drain()


async def _until_gone(reading: Any, writer: asyncio.StreamWriter) -> bytes:
    """What is read next; b"" when the client has left meanwhile, so that its watch upstream ends too."""
    task = asyncio.ensure_future(reading)
    while not task.done():
        await asyncio.wait({task}, timeout=1)
        if writer.transport.is_closing():
            task.cancel()
            return b""
    found: bytes = task.result()
    return found


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    """The request's body, as it came."""
    if found := re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE):
        return await reader.readexactly(int(found[1]))
    if not re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        return b""
    whole = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        piece = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
        whole += size + piece
        if piece == b"\r\n":
            return whole


def _closing(head: bytes) -> bytes:
    """The request's head with `Connection: close`, so that the answer's end is the connection's end."""
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n"


def _answer(rule: Rule) -> bytes:
    reasons = {401: "Unauthorized", 403: "Forbidden", 410: "Expired", 429: "TooManyRequests", 500: "InternalError"}
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": rule.status,
        "reason": reasons.get(rule.status, ""), "message": f"the test's proxy answers {rule.status}",
    }  # fmt: skip
    body = json.dumps(status).encode() if rule.body is None else rule.body
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **rule.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {rule.status} {reasons.get(rule.status, 'Test')}\r\n{head}\r\n".encode() + body


@contextlib.contextmanager
def before(sandbox: Path, kubeconfig: str, folder: Path) -> Iterator[FaultProxy]:
    """A proxy before the API server of the sandbox in that folder, with the rights of the kubeconfig, while the block runs."""
    config: dict[str, Any] = yaml.safe_load(Path(kubeconfig).read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    upstream = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    if "client-certificate-data" in user:
        names = ("client-certificate-data", "client-key-data")
        upstream.load_cert_chain(*(_file(folder / name, base64.b64decode(user[name])) for name in names))
    authority = pki.Pair((sandbox / "ca.crt").read_bytes(), (sandbox / "ca.key").read_bytes())
    pki.issue(authority, "fault-proxy", server=True).write(folder / "proxy.crt", folder / "proxy.key")
    own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    own.load_cert_chain(folder / "proxy.crt", folder / "proxy.key")

    proxy = FaultProxy(str(cluster["server"]), upstream)
    loop = proxy._loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.start_server(proxy._client, "127.0.0.1", 0, ssl=own, limit=_LONGEST_HEAD)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(10)
    cluster["server"] = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    proxy.kubeconfig = _file(folder / "proxied.kubeconfig", yaml.safe_dump(config).encode())
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    path.chmod(0o600)
    return str(path)


async def _end(server: asyncio.Server) -> None:
    """No connection is left open."""
    server.close()
    while rest := [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]:
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
