"""`python -m bench.log_reader NAMESPACE POD LINES`: reads that many lines with the wizard's reader; prints the seconds."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time

from wizard import SELDOM
from wizard.adapters.kube.client import KubeCluster
from wizard.core.target import Target


async def main(namespace: str, pod: str, lines: int) -> None:
    """Print the seconds from the request to the last line."""
    cluster = KubeCluster(Target("", namespace, kubeconfig=os.environ["KUBECONFIG"]))
    began, count = time.perf_counter(), 0
    async for batch in cluster.logs(namespace, pod, pod, follow=False, tail_lines=lines):
        count += len(batch)
    taken = time.perf_counter() - began
    await cluster.close()
    if count < lines:  # more is fine: the container writes on meanwhile
        raise RuntimeError(f"{count} lines of {lines}")
    print(taken)


if __name__ == "__main__":
    gc.set_threshold(*SELDOM)  # as in the process that this one simulates
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
