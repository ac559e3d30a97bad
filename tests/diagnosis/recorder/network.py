"""A network of the recorder's own: the cluster's addresses on its loopback, and a name server that knows the Services.

Everything here runs inside `unshare --mount --net --uts`: nothing of it is seen outside, and nothing outside is reached.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from pathlib import Path
from typing import Final

DATABASE, CACHE = "llm-cost-ops-postgresql", "llm-cost-ops-redis"
DOMAIN: Final = "shop.svc.cluster.local"
NAME: Final = "llm-cost-ops-6bcdf8b9bf-k2lqs"
POD, DNS = "10.244.1.23", "10.96.0.10"
ADDRESSES: Final = tuple(f"10.96.118.{number}" for number in range(40, 60))
"""Of the servers; each trouble says which of them a Service's name has."""


def lay(folder: Path, trees: tuple[Path, ...] = ()) -> None:
    """Lay the addresses, and make the resolver of this machine and of the given system trees ask our name server."""
    _run("hostname", NAME)
    _run("ip", "link", "set", "lo", "up")
    for address in (POD, DNS, *ADDRESSES):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    for address in ADDRESSES:  # a client shows up as its pod
        _run("ip", "route", "replace", "local", address, "dev", "lo", "table", "local", "src", POD)
    resolver, hosts = folder / "resolv.conf", folder / "hosts"
    resolver.write_text(f"search {DOMAIN} svc.cluster.local cluster.local\nnameserver {DNS}\noptions ndots:5\n")
    hosts.write_text(f"127.0.0.1 localhost\n::1 localhost\n{POD} {NAME}\n")
    for file in (resolver, hosts):
        _run("mount", "--bind", str(file), str(Path("/etc", file.name).resolve()))
        for tree in trees:
            (tree / "etc" / file.name).write_text(file.read_text())


def _run(*words: str) -> None:
    subprocess.run(words, check=True, timeout=20)


class Names(threading.Thread):
    """A name server with a table of names; `broken` makes it fail each question."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.table: dict[str, str] = {}
        self.broken = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((DNS, 53))

    def run(self) -> None:
        while True:
            question, client = self._socket.recvfrom(1500)
            self._socket.sendto(self._answer(question), client)

    def _answer(self, question: bytes) -> bytes:
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode().lower())
            at += length + 1
        kind, end = struct.unpack("!H", question[at + 1 : at + 3])[0], at + 5
        address = self.table.get(".".join(labels).removesuffix(f".{DOMAIN}"))
        code = 2 if self.broken else 0 if address else 3
        found = bool(address) and not self.broken and kind == 1
        head = question[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, int(found), 0, 0)
        record = struct.pack("!HHHIH", 0xC00C, 1, 1, 5, 4) + socket.inet_aton(address or POD) if found else b""
        return head + question[12:end] + record
