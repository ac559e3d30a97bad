"""Diagnoses a release again whenever something of it may have changed, in place of asking every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

from wizard.core.kube.errors import ClusterError
from wizard.core.rules.diagnosis import Diagnosis
from wizard.core.target import Target
from wizard.ports.cluster import Cluster

_KINDS: Final = ("Pod", "Event", "Service")
"""What nearly all that happens to a release shows in, and what leads to it; each costs one connection."""
PAUSE: Final = 3.0
"""Least seconds between two diagnoses: changes come in crowds."""
LONGEST: Final = 60.0
"""Most seconds: what changes nothing in the namespace, such as a certificate, is seen so late."""
POLL: Final = 10.0
"""The same where nothing may be watched."""


async def diagnoses(
    cluster: Cluster, target: Target, once: Callable[[], AsyncIterator[Diagnosis]], *,
    pause: float = PAUSE, longest: float = LONGEST, poll: float = POLL,
) -> AsyncIterator[Diagnosis]:  # fmt: skip
    """The views of one diagnosis after the other, until the caller stops."""
    changed = asyncio.Event()
    watches = [asyncio.create_task(_tell(cluster, kind, target.namespace, changed)) for kind in _KINDS]
    try:
        while True:
            changed.clear()
            async for view in once():
                yield view
            await asyncio.sleep(pause)
            blind = any(watch.done() for watch in watches)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), max(0.0, (poll if blind else longest) - pause))
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)


async def _tell(cluster: Cluster, kind: str, namespace: str, changed: asyncio.Event) -> None:
    """Set the event at each change of a kind; ends where it may not be watched."""
    listed = False
    with contextlib.suppress(ClusterError):
        async for event in cluster.watch(kind, namespace):
            if event.type != "LIST" or listed:
                changed.set()
            listed = True
