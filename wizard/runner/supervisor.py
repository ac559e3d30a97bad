"""The owner of helm: a tiny process of its own, so that no front end and no runner can end helm by its own end.

Run by path, without our package: `python -I -S supervisor.py FOLDER LOCK_FD HELM ARGUMENT...`. It starts helm in a session of
its own with stdin closed and both outputs in files of the run's folder, passes on one SIGTERM where helm can be stopped
(install and upgrade), outlives a hang-up, an interrupt and its parent, and writes to `supervisor.json` which processes run and to
`exit.json` how helm ended.

It waits for the line `go` on its stdin and ends without it, so that it can be started while the namespace is still being made.

LOCK_FD is a descriptor of the target's lock, or -1; helm inherits it, so that the lock is held as long as helm lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

_ROOM = 16 * 1024
"""Bytes of a file of this folder: helm's arguments and some numbers; padded with blanks."""


def main(folder: Path, lock: int, argv: list[str]) -> int:
    """Run helm to its end; returns 0 once `exit.json` is written."""
    os.umask(0o077)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    helm: subprocess.Popen[bytes] | None = None
    asked = passed_on = False

    def pass_on() -> None:
        nonlocal passed_on
        # helm reads one signal only: a second one would have no effect.
        if helm is not None and asked and not passed_on:
            passed_on = True
            helm.send_signal(signal.SIGTERM)

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        # helm has no handler for it in a rollback or an uninstall: it would die there and leave the release locked.
        asked = argv[1:2] in (["install"], ["upgrade"])
        pass_on()

    signal.signal(signal.SIGTERM, stop)
    no_dump()
    if sys.stdin.buffer.readline() != b"go\n":
        return 0
    out, err = (_private(folder / name) for name in ("helm.out", "helm.err"))
    # A disk that fills up later must not cost the pid of this helm, nor its exit code.
    for name in ("supervisor.json", "exit.json"):
        reserve(folder / name)
    fds = (lock,) if lock >= 0 else ()
    try:
        helm = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True, pass_fds=fds
        )
    except OSError as error:
        os.write(err, f"{argv[0]} cannot be started: {error.strerror}\n".encode())
        write(folder / "exit.json", {"code": 127, "signal": "", "cancelled": asked, "time": time.time()})
        return 0
    pass_on()
    started = {"pid": helm.pid, "start": start_of(helm.pid)}
    own = {"pid": os.getpid(), "start": start_of(os.getpid())}
    write(folder / "supervisor.json", {"supervisor": own, "helm": started, "argv": argv})
    code = helm.wait()
    name = signal.Signals(-code).name if code < 0 else ""
    ended = {"code": None if code < 0 else code, "signal": name, "cancelled": asked, "time": time.time()}
    write(folder / "exit.json", ended)
    return 0


def no_dump() -> None:
    """No core dump of this process, whose environment may hold logins; helm inherits the limit on cores from the runner."""
    if sys.platform == "linux":
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def reserve(path: Path) -> None:
    """Make room for a file that is written later; raises OSError when there is none, and then helm is not started."""
    with open(_private(_beside(path)), "wb") as file:
        file.write(b" " * _ROOM)
        file.flush()
        os.fsync(file.fileno())


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _private(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def write(path: Path, data: Mapping[str, object]) -> None:
    """Write the data as JSON, completely or not at all, in the room that was reserved for it."""
    beside = _beside(path)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(json.dumps(data).encode().ljust(_ROOM))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def start_of(pid: int) -> str:
    """When a process started, in a form that only that process ever has ("" when it is gone)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        if Path("/proc/self/stat").exists():
            return ""
        # macOS has no /proc.
        answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout.strip()
    return text.rpartition(")")[2].split()[19]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
