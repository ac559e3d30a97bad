"""Which process is meant: a pid alone is reused, a pid with its start time is not."""

from __future__ import annotations

import subprocess
from pathlib import Path


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
    """Whether the very process that started at that moment still lives."""
    return bool(start) and start_of(pid) == start
