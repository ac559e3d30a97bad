"""Processes of this machine. A pid is reused; a pid with its start time identifies a process."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final


def start_of(pid: int) -> str:
    """When a process started, in a form that only that process ever has ("" when it is gone or a zombie)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        # macOS has no /proc.
        answer = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=5,
        )
        state, _, start = answer.stdout.strip().partition(" ")
        return "" if state.startswith("Z") else start.strip()
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]


def alive(pid: int, start: str) -> bool:
    """Whether the process of that pid that started at that moment still lives."""
    return bool(start) and start_of(pid) == start


_autogroup: list[int] = []


def hold_autogroup() -> None:
    """Open the file that `yield_to_screens` writes: once a process may not be dumped, its files below /proc are root's."""
    with contextlib.suppress(OSError):
        _autogroup.append(os.open("/proc/self/autogroup", os.O_WRONLY))


def yield_to_screens(nice: int = 6) -> None:
    """Give other sessions priority while processors are busy: a record may lag for a moment, a key may not.

    Linux shares processors by session first and within one by nice; helm has a session of its own and is not slowed down.
    On other kernels nothing happens.
    """
    with contextlib.suppress(OSError):
        for handle in _autogroup:
            os.write(handle, str(nice).encode())


_CHANGES: Final = ("install", "upgrade", "rollback", "uninstall", "delete")
_NAMESPACE: Final = ("-n", "--namespace")


def helms(release: str, namespace: str) -> list[int]:
    """Processes of this machine that look like a helm changing that release; not those that name another namespace."""
    return [pid for pid, argv in _commands() if is_helm(argv, release, namespace)]


def is_helm(argv: Sequence[str], release: str, namespace: str) -> bool:
    """Whether a command line is helm's, on that release."""
    if not argv or not Path(argv[0]).name.startswith("helm"):
        return False
    words = [argument for argument in argv[1:] if not argument.startswith("-")]
    if not (set(words) & set(_CHANGES)) or release not in words:
        return False
    named = [argv[at + 1] for at, argument in enumerate(argv[:-1]) if argument in _NAMESPACE]
    named += [
        argument.partition("=")[2] for argument in argv if argument.startswith(tuple(f"{flag}=" for flag in _NAMESPACE))
    ]
    return not named or named[-1] == namespace


def _commands() -> Iterator[tuple[int, list[str]]]:
    if Path("/proc/self/cmdline").exists():
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                text = (folder / "cmdline").read_bytes().decode("utf-8", "replace")
            except OSError:
                continue  # it has ended, or belongs to somebody else
            yield int(folder.name), text.split("\0")[:-1]
        return
    listed = subprocess.run(
        ["ps", "-axo", "pid=,args="], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=5
    )
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        if pid.isdigit():
            yield int(pid), command.split()
