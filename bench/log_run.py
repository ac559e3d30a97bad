"""Simulates a runner: watches one release and writes its logs into a record of its own until its stdin ends.

`python -m bench.log_run ID NAMESPACE`: the folder is laid out like a run's, so `wizard runs ID` shows it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from datetime import UTC, datetime

from wizard import SELDOM
from wizard.adapters.clock import SystemClock
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.runs import processes
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine.watch.log_tail import LogTail
from wizard.engine.watch.release_watch import ReleaseWatch
from wizard.paths import state_dir
from wizard.runner.record import Record

RELEASE = "shop"


async def main(run_id: str, namespace: str) -> None:
    """Record until the other end of stdin is closed."""
    folder = state_dir("runs") / run_id
    folder.mkdir(mode=0o700)
    names = {"context": "bench", "namespace": namespace, "release": RELEASE}
    started = datetime.now(UTC).isoformat()
    spec = {"id": run_id, "started": started, "who": "bench", "operation": "install", "target": names}
    (folder / "run.json").write_text(json.dumps(spec))
    (folder / "runner.json").write_text(json.dumps({"pid": os.getpid(), "start": processes.start_of(os.getpid())}))
    clock, cluster = SystemClock(), KubeCluster(Target("", namespace, RELEASE, kubeconfig=os.environ["KUBECONFIG"]))
    record = Record(folder, clock, log_budget=8 * 1024**3)
    about = {"id": run_id, "operation": "install", "target": names, "chart": "", "helm": "", "preset": ""}
    record.emit([Event("run.started", about), Event("run.phase", {"phase": "watching", "text": "bench"})])
    watch = ReleaseWatch(cluster, Target("", namespace, RELEASE), clock, record.emit)
    tail = LogTail(cluster, namespace, clock, record.emit)
    watch.on_pods(tail.update)
    tail.on_lines(watch.keep_last_lines)
    tasks = [asyncio.create_task(watch.run()), asyncio.create_task(tail.run())]
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    end = {"code": 0, "verdict": "ready", "reason": "the bench is over", "files": [], "commands": []}
    record.emit([Event("run.finished", end)])
    record.close()
    await cluster.close()


if __name__ == "__main__":
    gc.set_threshold(*SELDOM)  # as in the process that this one simulates
    asyncio.run(main(sys.argv[1], sys.argv[2]))
