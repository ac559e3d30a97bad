"""The user at the other end of a local socket."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Final

_CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred of <sys/socket.h>: pid, uid, gid."""


def is_own(end: Any) -> bool:
    """Whether this user, or root, is at the other end of a socket; True where the system does not tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    _, user, _ = _CREDENTIALS.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return user in (os.getuid(), 0)
