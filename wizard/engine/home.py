"""The lines of home: cluster, you, tools, releases, and what this cluster has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wizard.core.rules.registry import State

if TYPE_CHECKING:
    from wizard.engine.session import Session


@dataclass(frozen=True)
class HomeLine:
    """One line. `key` may repeat: the later one replaces the earlier. `keys`: (key to press, what it does)."""

    key: str
    state: State
    title: str
    text: str
    next_step: str = ""
    keys: tuple[tuple[str, str], ...] = ()


async def lines(session: Session) -> AsyncIterator[HomeLine]:
    """The lines as they become known; never raises."""
    config = session.kubeconfig()
    if config.problem:
        yield HomeLine("cluster", "fail", "Cluster", config.problem.what, config.problem.next_step)
