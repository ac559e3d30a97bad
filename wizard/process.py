"""What holds for every process of ours before it does anything: whose modules it imports, and that its memory stays memory."""

# Python has imported these two before us. Any other, `__future__` and pathlib too, could still come from the current folder.
import os
import sys

_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
"""The folder that our package lies in."""
_PR_SET_DUMPABLE = 4
"""Of <linux/prctl.h>."""


def import_folders() -> list[str]:
    """sys.path with absolute names and without the current folder, where anybody may have put a module.

    `python -m` and an empty entry of PYTHONPATH bring it there. It stays when our own package lies in it: who can write
    there can change the package itself.
    """
    try:
        here = os.path.realpath(os.getcwd())
    except FileNotFoundError:  # it was removed: nothing can be imported from it
        return [entry for entry in sys.path if os.path.isabs(entry)]
    absolute = (os.path.abspath(entry) for entry in sys.path)
    return [entry for entry in absolute if (real := os.path.realpath(entry)) != here or real == _OURS]


def no_dump() -> None:
    """Neither a crash nor another process of this user gets the memory, in which secrets are.

    The limit is what a core file obeys, and what we start inherits it. A program that the kernel pipes cores to does not
    obey it; PR_SET_DUMPABLE ends that, and `ptrace` and /proc/PID/environ with it, until the next execve.
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
