"""Who is at the other end of a local socket."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Final

_CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred of <sys/socket.h>: pid, uid, gid."""


def is_own(line: Any) -> bool:
    """Whether the same user, or root, is there; `line` is a socket. Where the system does not say, its folder's mode must do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = _CREDENTIALS.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in (os.getuid(), 0)
