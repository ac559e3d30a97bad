"""What a machine must have for a real node, and why this one cannot run it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from wizard.core.errors import Exit, Problem

DEBIAN = "bookworm"

PROGRAMS: Mapping[str, str] = {
    "runc": "runc", "nft": "nftables", "mmdebstrap": "mmdebstrap", "mvn": "maven", "ip": "iproute2",
    "unshare": "util-linux", "nsenter": "util-linux", "sysctl": "procps", "dpkg-deb": "dpkg",
}  # fmt: skip
"""Programs that are run, and the Debian package of each."""

_OWN_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--mount-proc")


def missing_packages() -> list[str]:
    """Debian packages that are to be installed first."""
    return sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})


def why_not() -> str | None:
    """One sentence that says why this machine cannot run a real node; None when it can, perhaps after `install`."""
    if not sys.platform.startswith("linux"):
        return "A real node needs Linux: containers are a feature of its kernel."
    if os.geteuid() != 0:
        return "A real node needs root: it makes namespaces, cgroups and a network link."
    if platform.machine() != "x86_64":
        return f"A real node needs x86_64: the PostgreSQL programs come for it only, and this is {platform.machine()}."
    if _debian() != DEBIAN:
        return f"A real node needs Debian {DEBIAN}: its images are made of that release's packages."
    return _why_not_the_kernel() or _why_not_the_packages()


def install(progress: Callable[[str], None]) -> None:
    """Install the missing Debian packages; they stay. Raises Problem."""
    packages = missing_packages()
    if not packages:
        return
    progress(f"installing {' '.join(packages)} with apt-get")
    run(["apt-get", "update", "-qq"], 300)
    run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], 900)


def run(command: list[str], limit: float, folder: Path | None = None) -> str:
    """Output of a command; raises Problem with its last line when it fails or takes longer than `limit` seconds."""
    environment = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=limit, check=False,
            cwd=folder, env=environment, start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Problem(
            f"{command[0]} took over {limit:.0f} s.", "Check the network and try again.", Exit.FAILED
        ) from None
    except OSError as error:
        raise Problem(f"{command[0]} cannot be run: {error.strerror}.", "Install it.", Exit.FAILED) from None
    if done.returncode != 0:
        reason = ((done.stderr.strip() or done.stdout.strip()).splitlines() or [f"code {done.returncode}"])[-1]
        raise Problem(f"`{' '.join(command[:3])}` failed: {reason}.", "Put that right and try again.", Exit.FAILED)
    return done.stdout


def _debian() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return ""
    return dict(line.partition("=")[::2] for line in lines).get("VERSION_CODENAME", "")


def _why_not_the_kernel() -> str | None:
    if not all(Path("/sys/fs/cgroup", name, "cgroup.procs").exists() for name in ("memory", "cpuset", "pids")):
        return "A real node needs the cgroup v1 hierarchies memory, cpuset and pids under /sys/fs/cgroup; on v2 it was never run."
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        return "A real node needs the overlay file system in the kernel."
    try:
        run([*_OWN_NAMESPACES, "sysctl", "-qw", "net.ipv4.ip_forward=1"], 20)
        if shutil.which("nft"):
            run([*_OWN_NAMESPACES, "nft", "add", "table", "ip", "probe"], 20)
    except Problem as problem:
        return f"A real node needs namespaces of its own with nftables in them: {problem.what}"
    return None


def _why_not_the_packages() -> str | None:
    packages = missing_packages()
    if packages and shutil.which("apt-get") is None:
        return f"A real node needs the Debian packages {', '.join(packages)}, and there is no apt-get to install them."
    return None
