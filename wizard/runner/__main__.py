"""`python -m wizard.runner FOLDER [--lock FD]`: the detached process of one run.

Secrets come as JSON `{Secret: {key: value}}` on stdin, which is read once and closed. Everything else is in the folder.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard.adapters.clock import SystemClock
from wizard.core.errors import Exit
from wizard.core.events import Event
from wizard.core.secret_plan import PARTS
from wizard.core.secrets import Secret
from wizard.runner.record import Record


def main(arguments: list[str]) -> int:
    """Run it; returns the run's exit code."""
    folder = Path(arguments[0])
    lock = int(arguments[arguments.index("--lock") + 1]) if "--lock" in arguments else -1
    os.umask(0o077)
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    material = _secrets()
    claim = os.open(folder / "runner.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("another runner is on this run already", file=sys.stderr)
        return Exit.REFUSED
    record = Record(folder, SystemClock())
    try:
        known = {key for part in PARTS.values() for key, _ in part.constants}  # "admin" is a name, not a secret
        record.know(value for keys in material.values() for key, value in keys.items() if key not in known)
        return asyncio.run(_run(folder, lock, record, material))
    except Exception as error:  # noqa: BLE001 - the record must say it, and helm must not suffer
        traceback.print_exc()
        _failed(folder, record, error)
        return Exit.FAILED
    finally:
        record.close()


def _secrets() -> dict[str, dict[str, Secret]]:
    text = sys.stdin.buffer.read()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    data: Mapping[str, Mapping[str, str]] = json.loads(text or b"{}")
    return {name: {key: Secret(value) for key, value in keys.items()} for name, keys in data.items()}


async def _run(folder: Path, lock: int, record: Record, material: Mapping[str, Mapping[str, Secret]]) -> int:
    from wizard.adapters.documents import YamlDocuments
    from wizard.adapters.helm_cli import HelmCli
    from wizard.adapters.kube import KubeCluster
    from wizard.engine.run import Run, RunSpec, RunWorld
    from wizard.runner.control import Control
    from wizard.runner.helm_process import SupervisedHelm

    spec = RunSpec.of(json.loads((folder / "run.json").read_text()), str(folder / "values.yaml"))
    process = SupervisedHelm(folder, lock)
    cluster = KubeCluster(spec.target)
    world = RunWorld(cluster, YamlDocuments(), HelmCli(spec.helm_path), SystemClock(), record, process)
    run = Run(spec, world, material)

    def cancel(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ok": True, "text": run.cancel()}

    def ping(_: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ok": True, "pid": os.getpid(), "id": spec.id}

    control = Control(folder, {"cancel": cancel, "ping": ping})
    await control.open()
    try:
        return await (run.resume() if process.begun() else run.go())
    finally:
        process.forget()
        await control.close()
        await cluster.close()


def _failed(folder: Path, record: Record, error: Exception) -> None:
    """The wizard's own fault ends the record only when no helm is at work; else a new runner may pick it up."""
    from wizard.runner.helm_process import SupervisedHelm

    process = SupervisedHelm(folder)
    if process.begun() and not process.ended():
        return
    reason = f"The wizard itself failed: {type(error).__name__}: {error}. Details are in {folder / 'runner.log'}."
    data = {"code": int(Exit.FAILED), "verdict": "unknown", "reason": reason, "files": [], "commands": []}
    record.emit([Event("run.finished", data)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
