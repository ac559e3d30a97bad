"""The detached process of one run; `start.py` starts it.

It may be started ahead of time. It reads one order from its stdin, a socket: the run's folder as a line, with a descriptor
of the target's lock, then the secrets as JSON `{Secret: {key: value}}` to the end. Without an order it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from wizard import SELDOM, process
from wizard.adapters.clock import SystemClock
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.runs import processes
from wizard.core.answers.secrets import PARTS
from wizard.core.errors import Exit
from wizard.core.helm.binary import HelmInfo
from wizard.core.rules import finding
from wizard.core.run.events import Event
from wizard.core.run.spec import RunSpec
from wizard.core.text.secrets import Secret
from wizard.engine.preflight import (
    checks,  # noqa: F401 - the run imports it late; here it is imported ahead of the order
)
from wizard.engine.run.run import Run, RunWorld
from wizard.runner.control import Control
from wizard.runner.helm_process import SupervisedHelm
from wizard.runner.record import Record

_BEAT_SECONDS: Final = 2.0
_CHUNK: Final = 64 * 1024


def main() -> int:
    """Wait for the order, then run it; returns the run's exit code."""
    os.umask(0o077)
    processes.hold_autogroup()
    process.no_dump()  # before the order: there is no secret here yet
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    importlib.import_module("urllib3")  # what the cluster's adapter imports at its first call
    finding.all_findings()
    gc.freeze()
    gc.set_threshold(*SELDOM)
    order = _order()
    if order is None:
        return Exit.DONE
    folder, lock, material = order
    claim = os.open(folder / "runner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another runner is on this run already", file=sys.stderr)
        return Exit.REFUSED
    record = Record(folder, SystemClock())
    try:
        constants = {key for part in PARTS.values() for key, _ in part.constants}  # "admin" is a name, not a secret
        record.know(value for keys in material.values() for key, value in keys.items() if key not in constants)
        return asyncio.run(_run(folder, lock, record, material))
    except Exception as error:  # noqa: BLE001 - the record must tell it, and helm must not be affected
        print(record.masked("".join(traceback.format_exception(error))), file=sys.stderr, flush=True)
        _failed(folder, record, error)
        return Exit.FAILED
    finally:
        record.close()


def _order() -> tuple[Path, int, dict[str, dict[str, Secret]]] | None:
    with socket.socket(fileno=0) as connection:
        first, locks, _, _ = socket.recv_fds(connection, _CHUNK, 1)
        chunks = [first]
        while chunk := connection.recv(_CHUNK):
            chunks.append(chunk)
    if not first:
        return None
    name, _, secrets = b"".join(chunks).partition(b"\n")
    folder = Path(os.fsdecode(name))
    os.chdir(folder)
    _descriptors(folder)
    data: Mapping[str, Mapping[str, str]] = json.loads(secrets)
    material = {secret: {key: Secret(value) for key, value in keys.items()} for secret, keys in data.items()}
    return folder, locks[0] if locks else -1, material


def _descriptors(folder: Path) -> None:
    """Close stdin; from now on the output of this process goes to the run's log."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null != 0:
        os.dup2(null, 0)
        os.close(null)
    log = os.open(folder / "runner.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)


async def _run(folder: Path, lock: int, record: Record, material: Mapping[str, Mapping[str, Secret]]) -> int:
    spec = RunSpec.of_data(json.loads((folder / "run.json").read_text()), str(folder / "values.yaml"))
    process = SupervisedHelm(folder, lock)
    helm = HelmCli(spec.helm_path, known=HelmInfo(spec.helm_path, spec.helm_version, spec.helm_major))
    cluster = KubeCluster(spec.target)
    back = SupervisedHelm(folder / "rollback", lock)
    world = RunWorld(cluster, YamlDocuments(), helm, SystemClock(), record, process, back)
    run = Run(spec, world, material)

    def cancel(request: Mapping[str, Any]) -> Mapping[str, Any]:
        text = run.cancel()
        decided = {"what": "stop", "who": str(request.get("who") or "somebody here"), "text": text}
        record.emit([Event("decision", decided)])
        return {"ok": True, "text": text}

    def ping(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ok": True, "pid": os.getpid(), "id": spec.id, "trouble": record.problem}

    control = Control(folder, {"cancel": cancel, "fix": run.fix, "ping": ping})
    await control.open()
    beating = asyncio.create_task(_beat(folder / "runner.json"))
    try:
        if not process.begun():
            return await run.go()
        inherit(lock)
        return await run.resume()
    finally:
        beating.cancel()
        if lock >= 0:
            os.close(lock)
        process.forget()
        await control.close()
        await cluster.close()


def inherit(lock: int) -> threading.Thread:
    """Wait in a thread for the target's lock, which the helm of a lost runner holds: no other run can take it in between."""
    waiter = threading.Thread(target=fcntl.flock, args=(lock, fcntl.LOCK_EX), daemon=True)
    waiter.start()
    return waiter


async def _beat(file: Path) -> None:
    """Touch the file every two seconds: a runner that is stopped or hangs does not. Needs no room on the disk."""
    while True:
        with contextlib.suppress(OSError):
            os.utime(file)
        await asyncio.sleep(_BEAT_SECONDS)


def _failed(folder: Path, record: Record, error: Exception) -> None:
    """Finish the record after a fault of the wizard, but only when no helm is at work; else a new runner may continue."""
    process = SupervisedHelm(folder)
    if process.begun() and not process.ended():
        return
    reason = f"The wizard itself failed: {type(error).__name__}: {error}. Details are in {folder / 'runner.log'}."
    data = {"code": int(Exit.FAILED), "verdict": "unknown", "reason": reason, "files": [], "commands": []}
    record.emit([Event("run.finished", data)])
