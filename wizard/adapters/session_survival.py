"""Whether a run outlives its person's logout, by the settings of systemd-logind and this process's cgroup."""

from __future__ import annotations

import contextlib
import getpass
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wizard.adapters import bounded
from wizard.core import limits

_SETTINGS: Final = ("/usr/lib/systemd", "/run/systemd", "/etc/systemd")
_LINGER: Final = Path("/var/lib/systemd/linger")


@dataclass(frozen=True)
class Login:
    """Facts of this login: /proc/self/cgroup, logind's settings files (later ones win), the user, and whether they linger."""

    cgroup: str = ""
    settings: tuple[str, ...] = ()
    user: str = ""
    lingers: bool = False


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


def ended_by_logout(login: Login) -> tuple[str, str]:
    """("", "") when a run outlives the logout, else why not and what to do."""
    if re.search(r"/user@\d+\.service(/|$)", login.cgroup, re.MULTILINE):
        if login.lingers:
            return "", ""
        return (
            "this login is managed by systemd, which ends your processes when your last session ends",
            "Stay logged in until the run has ended, or first: loginctl enable-linger",
        )
    if not re.search(r"/session-[^/\s]+\.scope", login.cgroup):
        return "", ""
    kills = _setting(login.settings, "KillUserProcesses", "no").lower() in ("yes", "true", "on", "1")
    only, spared = (_setting(login.settings, name, "").split() for name in ("KillOnlyUsers", "KillExcludeUsers"))
    spared = spared or ["root"]
    if not kills or login.user in spared or (only and login.user not in only):
        return "", ""
    return (
        "systemd ends your processes at logout (KillUserProcesses=yes)",
        "Stay logged in until the run has ended, or first: loginctl enable-linger; "
        "then start the wizard with: systemd-run --user --scope",
    )


def _setting(settings: Iterable[str], name: str, default: str) -> str:
    """A setting by the last file that has it; a commented line is the default of the system."""
    setting, built = None, default
    for text in settings:
        for sign, value in re.findall(rf"^[ \t]*([#;]?)[ \t]*{name}[ \t]*=[ \t]*(.*?)[ \t]*$", text, re.MULTILINE):
            if sign:
                built = value
            else:
                setting = value
    return built if setting is None else setting
