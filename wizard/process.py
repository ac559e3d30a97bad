"""Hardening of every process of the wizard at its start: where it imports from, and no memory dumps."""

# Python has imported these two already. Any other module, even pathlib, could still come from the current folder.
import os
import sys

_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""The folder that contains our package."""
_PR_SET_DUMPABLE = 4
"""From <linux/prctl.h>."""


def import_folders() -> list[str]:
    """sys.path with absolute paths and without the current folder, in which anybody may have put a module.

    `python -m` and an empty entry of PYTHONPATH add the current folder. It stays when it contains our own package:
    whoever can write there can change the package itself.
    """
    try:
        current = os.path.realpath(os.getcwd())
    except FileNotFoundError:  # it was removed: nothing can be imported from it
        return [entry for entry in sys.path if os.path.isabs(entry)]
    absolute = (os.path.abspath(entry) for entry in sys.path)
    return [entry for entry in absolute if (real := os.path.realpath(entry)) != current or real == _OURS]


def no_dump() -> None:
    """Keep the memory, which holds secrets, from core files and from other processes of this user.

    RLIMIT_CORE prevents core files, also of child processes. A program that the kernel pipes cores to ignores it;
    PR_SET_DUMPABLE prevents that, and `ptrace` and /proc/PID/environ as well, until the next execve.
    """
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):
        pass  # not every system has such a limit
    if sys.platform == "linux":
        try:
            import ctypes  # 2 ms

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        except (ImportError, OSError, AttributeError):
            pass  # a Python without ctypes still has the limit
