"""Checks before anything changes: facts in parallel, rules as soon as what they need is in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from wizard.core.answers import Draft
from wizard.core.model.target import Target
from wizard.core.rules.registry import CheckResult
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm

if TYPE_CHECKING:
    from wizard.engine.session import Session


async def run(session: Session, draft: Draft) -> AsyncIterator[CheckResult]:
    """Every check of the draft as it is decided; never raises."""
    for result in ():
        yield result


async def late(
    cluster: Cluster, documents: Documents, helm: Helm, target: Target, chart: str, values_path: str
) -> list[CheckResult]:
    """The checks that had to wait for the namespace, made again once it is there; never raises."""
    return []
