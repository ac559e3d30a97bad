"""Starts the detached process of a run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from wizard import process
from wizard.paths import state_dir

_START: Final = Path(process.__file__).with_name("runner") / "start.py"
_PATHS: Final = frozenset({"KUBECONFIG", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"})


class Runner:
    """A detached runner. It waits on its stdin, a socket, for one order: the run's folder, its lock, its secrets."""

    LOG: Final = "runner.log"

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        log = os.open(state_dir() / self.LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            # No bytecode where the person disabled it: isolated Python does not see PYTHONDONTWRITEBYTECODE.
            options = ["-I", *(["-B"] if sys.dont_write_bytecode else [])]
            self.child = subprocess.Popen(
                [sys.executable, *options, str(_START), *process.import_folders()],
                stdin=theirs.fileno(),
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=state_dir(),
                env=_settled(os.environ),
            )
        finally:
            os.close(log)
            theirs.close()
        self._socket = ours

    def order(self, folder: Path, secrets: bytes, lock: int) -> None:
        """Send the order and close the socket; a descriptor of the lock goes with it."""
        with self._socket as connection:
            socket.send_fds(connection, [os.fsencode(folder) + b"\n"], [lock] if lock >= 0 else [])
            connection.sendall(secrets)


def _settled(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a process that works in another folder: relative paths are made absolute.

    For helm and login plugins too. In variables that are not known to hold paths, a relative path starts with ./ or ../.
    """

    def settled(name: str, part: str) -> str:
        is_path = part and (name in _PATHS or part.startswith(("./", "../")))
        return str(Path(part).absolute()) if is_path and not part.startswith("~") else part

    return {
        name: os.pathsep.join(settled(name, part) for part in value.split(os.pathsep))
        for name, value in environment.items()
    }
