"""The private socket of a run: one JSON line in, one JSON line out.

`{"command":"ping"}` -> `{"ok":true,"trouble":"why the record cannot be written, or nothing",...}`; `{"command":"cancel"}` -> `{"ok":true|false,"text":"..."}`;
`{"command":"fix","finding":..,"object":..,"fix":..,"answers":{..}}` -> the same. Secrets are sent only here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from wizard.adapters import atomic, bounded
from wizard.adapters.runs import peers
from wizard.adapters.scratch import Scratch, is_temporary
from wizard.core import limits

Command = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_LONGEST_REQUEST: Final = 64 * 1024
_PATH_LIMIT: Final = 100
"""A socket's path may have 104 bytes (macOS) or 108 (Linux); state folders are often longer than that."""


class Control:
    """Listens on a socket in a private folder of its own; `control.json` in the run's folder holds its path."""

    def __init__(self, folder: Path, commands: Mapping[str, Command]) -> None:
        self._file = folder / "control.json"
        self._commands = commands
        self._private: Scratch | None = None
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen; removes the socket of a runner that was killed."""
        forget(self._file)
        self._private = Scratch("run", _PATH_LIMIT - len("/run"))
        path = self._private.path / "run"
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._answer, str(path), limit=_LONGEST_REQUEST)
        finally:
            os.umask(before)
        atomic.write(self._file, json.dumps({"socket": str(path), "pid": os.getpid()}))

    async def close(self) -> None:
        """No more commands; the socket is removed."""
        if self._server is not None:
            self._server.close()
        self._file.unlink(missing_ok=True)
        if self._private is not None:
            self._private.remove()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, asyncio.IncompleteReadError):
            if peers.is_own(writer.get_extra_info("socket")):
                async with asyncio.timeout(10):
                    request = await reader.readline()
                writer.write(json.dumps(self._reply(request)).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _reply(self, request: bytes) -> Mapping[str, Any]:
        try:
            data = limits.loads(request)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            return {"ok": False, "text": "A command is one line of JSON."}
        command = self._commands.get(str(data.get("command")))
        if command is None:
            return {"ok": False, "text": f"This run knows {', '.join(sorted(self._commands))} only."}
        return command(data)


def forget(file: Path) -> None:
    """Remove the socket that a killed runner left."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        left = Path(limits.loads(bounded.read(file, limits.KEPT))["socket"]).parent
        if is_temporary(left) and left.stat().st_uid == os.getuid():
            shutil.rmtree(left, ignore_errors=True)
    file.unlink(missing_ok=True)
