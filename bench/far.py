"""A far-away API server: a proxy on this machine that holds every byte back for half of a round-trip time."""

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
    """The path of a kubeconfig whose cluster is so many seconds away, there and back."""
    config: dict[str, Any] = yaml.safe_load(Path(kubeconfig).read_text())
    cluster = config["clusters"][0]["cluster"]
    port = int(cluster["server"].rpartition(":")[2])
    loop = asyncio.new_event_loop()
    ready: threading.Event = threading.Event()
    found: list[int] = []

    async def serve() -> None:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(seconds)  # the handshake of TCP
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pump(reader, back, seconds / 2), _pump(there, writer, seconds / 2))

        server = await asyncio.start_server(client, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()

    serving = loop.create_task(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    ready.wait(10)
    cluster["server"] = f"https://127.0.0.1:{found[0]}"
    path = folder / "far.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield str(path)
    finally:
        asyncio.run_coroutine_threadsafe(_end(serving), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


async def _end(serving: asyncio.Task[None]) -> None:
    """No connection is left open."""
    rest = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
    for one in (serving, *rest):
        one.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Bytes from one side to the other, each as late as the others, so that only the way gets longer."""
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
            with contextlib.suppress(OSError):
                data = await reader.read(65536)
            waiting.put_nowait((loop.time() + seconds, data))

    with contextlib.suppress(OSError):
        await asyncio.gather(deliver(), receive())
