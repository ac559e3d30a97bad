"""What is begun before the checks are imported, which takes as long as a round trip: connections, and what helm is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from wizard.core.target import Target
from wizard.engine import cluster_identity

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.engine.state import SessionState
    from wizard.ports.helm import Helm

_AT_FIRST: Final = 12
"""Connections for what is asked of the API server before anything is rendered."""


@dataclass(frozen=True)
class Opening:
    """Helm's answer to which cluster it reaches, as it was asked for with a target; none where it was not."""

    target: Target
    uid: asyncio.Future[str] | None

    def uid_for(self, target: Target) -> asyncio.Future[str] | None:
        """The answer, where that target is in the same cluster by the same kubeconfig."""
        same = (target.kubeconfig, target.context) == (self.target.kubeconfig, self.target.context)
        return self.uid if same else None


@asynccontextmanager
async def begun(state: SessionState, draft: Draft, *, helm: bool) -> AsyncIterator[Opening]:
    """Open connections and start helm, and end at the end what nobody has waited for; `helm`: whether it is asked for its cluster."""
    state.kubeconfig()  # its current context is the one that no answer names
    target, ports = target_without_chart(state, draft), state.ports
    connecting = asyncio.ensure_future(state.cluster(target).connect(_AT_FIRST))
    finding = asyncio.ensure_future(ports.helm.info())
    uid = asyncio.ensure_future(_uid(ports.helm, target)) if helm else None
    try:
        await asyncio.sleep(0)  # so that they begin
        yield Opening(target, uid)
    finally:
        started = [task for task in (connecting, finding, uid) if task]
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


async def _uid(helm: Helm, target: Target) -> str:
    """By helm, unless it is told to go elsewhere than the kubeconfig says, or takes no such name of a release."""
    from wizard.core.answers import validate  # 8 ms, while connections open already

    if validate.release(target.release) or helm.overrides(target):
        return ""
    return await helm.uid_of(target, *cluster_identity.USUAL)


def target_without_chart(state: SessionState, draft: Draft) -> Target:
    """Where a draft goes, as far as that is known without its chart."""
    options, suggestions, given = state.options, state.suggestions, draft.answers
    return Target(
        given.get("context") or suggestions.current_context,
        given.get("namespace") or options.namespace or "default",
        given.get("release") or options.release or "llm-cost-ops",
        draft.kubeconfig or options.kubeconfig,
    )
