"""Holds a release's Lease while a run is at work. A refusal of the cluster is reported once and stops nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from wizard.core.errors import Exit, Problem
from wizard.core.kube import lease
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster

_RELEASE_SECONDS: Final = 3.0


class Held:
    """One release's Lease for one run."""

    def __init__(self, cluster: Cluster, clock: Clock, target: Target, holder: str, say: Callable[..., None]) -> None:
        self._cluster, self._clock, self._target, self._holder, self._say = cluster, clock, target, holder, say
        self._mine: Object | None = None

    async def take(self, *, accepted: bool = False) -> None:
        """Take it, also from a holder whose Lease has run out.

        Raises:
            Problem: a wizard on another machine holds it, and that was not accepted.
        """
        if not self._holder:
            return
        target = self._target
        try:
            try:
                fresh = lease.manifest(target, self._holder, self._clock.now())
                self._mine = await self._cluster.create(fresh, target.namespace)
            except ClusterError as error:
                if error.kind != "conflict":
                    raise
                existing = await self._cluster.get("Lease", lease.name(target.release), target.namespace)
                holder = lease.holder(existing, self._clock.now())
                if lease.of_another(holder, self._holder.rpartition("/")[0]) and not accepted:
                    raise Problem(
                        f"A wizard of {lease.words(holder)} is at work on {target} right now.",
                        "Wait until it has ended, or ask who that is.",
                        Exit.REFUSED,
                    ) from None
                renewed = lease.manifest(target, self._holder, self._clock.now(), existing)
                self._mine = await self._cluster.replace(renewed, target.namespace)
        except ClusterError as error:
            what = "wizards on other machines, which are not warned of this run"
            self._say("watch.blind", what=what, reason=error.message, permission=error.permission)

    async def renew(self) -> None:
        """Renew it until cancelled; a Lease that somebody else took is left alone."""
        while True:
            await asyncio.sleep(lease.RENEW_SECONDS)
            if self._mine is None:
                continue
            try:
                again = lease.manifest(self._target, self._holder, self._clock.now(), self._mine)
                self._mine = await self._cluster.replace(again, self._target.namespace)
            except ClusterError as error:
                if error.kind in ("conflict", "not-found", "forbidden"):
                    self._mine = None

    async def release(self) -> None:
        """Remove it, if it is still ours."""
        mine, self._mine = self._mine, None
        if mine is None:
            return
        with contextlib.suppress(ClusterError, TimeoutError):
            async with asyncio.timeout(_RELEASE_SECONDS):
                uid = str(mine["metadata"].get("uid", ""))
                await self._cluster.delete("Lease", mine["metadata"]["name"], self._target.namespace, uid=uid)
