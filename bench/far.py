"""A far-away API server: a proxy on this machine that delays every byte by half of a round-trip time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


@contextlib.contextmanager
def far(kubeconfig: str, seconds: float, folder: Path) -> Iterator[str]:
    """The path of a kubeconfig whose cluster has a round-trip time of so many seconds."""
    config: dict[str, Any] = yaml.safe_load(Path(kubeconfig).read_text())
    cluster = config["clusters"][0]["cluster"]
    port = int(cluster["server"].rpartition(":")[2])
    loop = asyncio.new_event_loop()
    ready: threading.Event = threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(seconds)  # the handshake of TCP
            remote_reader, remote_writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(asyncio.CancelledError):  # asyncio would print it, at the end
                await asyncio.gather(
                    _pump(reader, remote_writer, seconds / 2), _pump(remote_reader, writer, seconds / 2)
                )

        server = await asyncio.start_server(client, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()

    serving = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready.wait(10)
    cluster["server"] = f"https://127.0.0.1:{ports[0]}"
    path = folder / "far.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield str(path)
    finally:
        asyncio.run_coroutine_threadsafe(_end(serving), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _end(serving: asyncio.Task[None]) -> None:
    """Close all connections."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in (serving, *rest):
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Copy bytes with a constant delay, which adds latency but does not limit the bandwidth."""
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def deliver() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    async def receive() -> None:
        data = b"x"
        while data:
            try:
                data = await reader.read(65536)
            except OSError:  # reset by a client that was ended
                data = b""
            waiting.put_nowait((loop.time() + seconds, data))

    with contextlib.suppress(OSError):
        await asyncio.gather(deliver(), receive())
