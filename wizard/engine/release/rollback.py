"""A rollback as it is shown before it starts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from wizard.core.helm.plan import Plan
from wizard.core.kube.rights import Right
from wizard.core.target import Target
from wizard.engine import approval, cluster_identity
from wizard.engine.approval import Approval
from wizard.engine.release import plan, rights, uninstall
from wizard.engine.state import SessionState


@dataclass(frozen=True)
class Rollback:
    """Its revision, its plan, the missing rights, and what a person has to agree to."""

    revision: int
    plan: Plan
    missing: tuple[Right, ...]
    approval: Approval
    force_conflicts: bool = False
    """Whether it was asked to take over the fields of other managers."""


async def look(state: SessionState, target: Target, revision: int, *, force_conflicts: bool = False) -> Rollback:
    """What a rollback would do and needs (revision 0: the last good one); raises Problem."""
    cluster, ports = state.cluster(target), state.ports
    async with cluster_identity.proven(cluster, ports.helm, target):
        planned, missing = await asyncio.gather(
            plan.of_rollback(cluster, ports.helm, ports.documents, target, revision, force_conflicts=force_conflicts),
            rights.missing(cluster, target, "rollback"),
        )
    moved = await asyncio.to_thread(state.moved, target, planned.plan.cluster_uid)
    shown = planned.plan.warning(moved)
    production = uninstall.is_production(planned.newest)
    agreed = approval.of_rollback(target.release, shown, production=production)
    return Rollback(planned.revision, shown, missing, agreed, force_conflicts)
