"""What this system says about the login that the wizard was started in."""

from __future__ import annotations

import contextlib
import getpass
from pathlib import Path
from typing import Final

from wizard.adapters import bounded
from wizard.core import limits
from wizard.core.logout import Login

_SETTINGS: Final = ("/usr/lib/systemd", "/run/systemd", "/etc/systemd")
_LINGER: Final = Path("/var/lib/systemd/linger")


def login() -> Login:
    """The facts; empty where there is no systemd. Never raises."""
    cgroup = _text(Path("/proc/self/cgroup"))
    if "user.slice" not in cgroup:
        return Login()
    files: list[Path] = [Path(folder) / "logind.conf" for folder in _SETTINGS]
    dropped = {file.name: file for folder in _SETTINGS for file in sorted(Path(folder).glob("logind.conf.d/*.conf"))}
    files += [dropped[name] for name in sorted(dropped)]
    user = ""
    with contextlib.suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
    return Login(cgroup, tuple(map(_text, files)), user, bool(user) and (_LINGER / user).exists())


def _text(file: Path) -> str:
    try:
        return bounded.read(file, limits.FILE).decode("utf-8", "replace")
    except OSError:
        return ""
