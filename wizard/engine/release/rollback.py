"""A roll-back as it is looked at before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.core.helm.plan import Plan
from wizard.core.kube.rights import Right
from wizard.engine.approval import Approval


@dataclass(frozen=True)
class Rollback:
    """Where it goes, what it would do, which rights are missing, and what a person has to agree to."""

    revision: int
    plan: Plan
    missing: tuple[Right, ...]
    approval: Approval
