"""Detached processes, identified by pid and start time, so that a recycled pid is never signalled."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from wizard.sandbox.files import write_private


@dataclass(frozen=True)
class Process:
    """A process that we started; `started` is the system's text for its start time, compared and never parsed."""

    name: str
    pid: int
    started: str


def _start_time(pid: int) -> str | None:
    """The start time of a process, or None when there is no such process (or only a zombie)."""
    try:
        # The command in parentheses may contain spaces and parentheses, so the fields begin after the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if Path("/proc/self/stat").exists():
            return None
        return _start_time_by_ps(pid)
    return None if fields[0] in "ZX" else fields[19]


def _start_time_by_ps(pid: int) -> str | None:
    """The same on a system without /proc."""
    done = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=10,
    )  # fmt: skip
    state, _, started = done.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()


def alive(process: Process) -> bool:
    """Whether the process still runs."""
    return _start_time(process.pid) == process.started


def start(name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Process:
    """Start a process in a session of its own, with output to a log file and umask 077."""
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, umask=0o077, env=dict(environment),
            cwd=log.parent,
        )  # fmt: skip
    started = _start_time(child.pid)
    # It outlives us on purpose and is not waited for; Python must not warn about that.
    child.returncode = 0
    return Process(name, child.pid, started or "")


def stop(processes: Sequence[Process], grace: float = 3.0) -> None:
    """Send SIGTERM in the given order, each a moment after the previous one; after `grace` seconds send SIGKILL."""
    deadline = time.monotonic() + grace
    for process in processes:
        _signal(process, signal.SIGTERM)
        _wait([process], min(0.3, grace))
    _wait(processes, max(0.0, deadline - time.monotonic()))
    for process in processes:
        _signal(process, signal.SIGKILL)
    _wait(processes, 5.0)


def _signal(process: Process, number: int) -> None:
    if alive(process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _wait(processes: Iterable[Process], seconds: float) -> None:
    """Wait until all have ended; our own children are reaped."""
    deadline = time.monotonic() + seconds
    left = list(processes)
    while left:
        for process in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        left = [process for process in left if alive(process)]
        if not left or time.monotonic() >= deadline:
            return
        time.sleep(0.02)


def save(path: Path, processes: Sequence[Process]) -> None:
    """Record processes; the file is replaced atomically."""
    write_private(path, json.dumps([asdict(process) for process in processes]))


def load(path: Path) -> list[Process]:
    """The recorded processes; empty when there is no record or it cannot be read."""
    try:
        return [
            Process(str(item["name"]), int(item["pid"]), str(item["started"])) for item in json.loads(path.read_text())
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


# Below the ranges that Linux and macOS use for outgoing connections, so that none takes a port that we chose.
_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that are free now."""
    ports: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
            if len(ports) == count:
                break
            candidate = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                ports.append(port)
    return ports
