"""An OCI registry on this machine: the reference implementation, with TLS of an authority of its own and one login, or neither."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from wizard.sandbox import pki, toolchain
from wizard.sandbox.toolchain import Pin

PIN: Final = Pin("registry", "registry", "", str(Path(__file__).with_name("module")), ".", 560)
USER: Final = "reader"
PASSWORD: Final = "canary-of-the-registry"
_ENTRY: Final = "reader:$2b$04$abcdefghijklmnopqrstuujNG9TNvp2wzcl5tPae97bvCqUFA1Bzu"
"""USER and the bcrypt of PASSWORD, as htpasswd writes it."""
_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    host: str
    """Address and port."""
    authority: Path
    """The certificate of its authority, PEM."""


@contextmanager
def running(folder: Path, *, plain: bool = False, address: str = "127.0.0.1") -> Iterator[Registry]:
    """A registry at an address of this machine that keeps what it has in the folder; a plain one has no TLS and wants no login."""
    program = toolchain.ensure_pin(PIN)
    authority = pki.make_authority()
    (folder / "ca.pem").write_bytes(authority.certificate)
    pki.issue(authority, "registry", server=True, addresses=(address,)).write(
        folder / "server.pem", folder / "server.key"
    )
    (folder / "htpasswd").write_text(f"{_ENTRY}\n")
    with socket.create_server((address, 0)) as free:
        port = free.getsockname()[1]
    http: dict[str, Any] = {"addr": f"{address}:{port}"}
    config: dict[str, Any] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "content")}},
        "http": http,
    }
    if not plain:
        http["tls"] = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(config))
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(program), "serve", str(folder / "config.yml")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        _await((address, port), server, folder / "log")
        yield Registry(f"{address}:{port}", folder / "ca.pem")
    finally:
        server.kill()
        server.wait()


def _await(address: tuple[str, int], server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            socket.create_connection(address, 1).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.02)  # until it listens; nothing tells when
        else:
            return
