"""Which cluster this is, and whether helm reaches the same one as the wizard.

The uid of its namespace kube-system identifies a cluster: it is made with the cluster and never again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

from wizard.core.answers.draft import Draft
from wizard.core.errors import Exit, Problem
from wizard.core.helm import environment
from wizard.core.kube.errors import ClusterError
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.ports.cluster import Cluster
from wizard.ports.helm import Helm

USUAL: Final = ("Namespace", "kube-system")
"""Kind and name of what identifies a cluster for everybody who may read it."""
_LIMIT: Final = 5.0
"""Seconds that the identity of the cluster is waited for; after that it is unknown."""


@dataclass(frozen=True)
class Mark:
    """An object that tells clusters apart, with its uid."""

    kind: str
    name: str
    namespace: str
    uid: str

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        return f"{self.kind.lower()} {self.name}" + (f" in {self.namespace}" if self.namespace else "")


async def uid(cluster: Cluster) -> str:
    """The uid of kube-system, "" when this person may not read it. Raises nothing."""
    namespace = await _mark(cluster, *USUAL, "")
    return namespace.uid if namespace else ""


async def mark(cluster: Cluster, target: Target) -> Mark | None:
    """The object that identifies the cluster: kube-system, else the ConfigMap that is in every namespace, else None."""
    return await _mark(cluster, *USUAL, "") or await _mark(cluster, "ConfigMap", "kube-root-ca.crt", target.namespace)


async def _mark(cluster: Cluster, kind: str, name: str, namespace: str) -> Mark | None:
    try:
        obj = await asyncio.wait_for(cluster.get(kind, name, namespace), _LIMIT)
    except (ClusterError, TimeoutError):
        return None
    object_uid = str(obj["metadata"].get("uid") or "")
    return Mark(kind, name, namespace, object_uid) if object_uid else None


def refuse_overrides(helm: Helm, target: Target) -> None:
    """Raise Problem when variables would give helm another cluster or another user than the wizard has."""
    if names := helm.overrides(target):
        sentence = environment.differing(names)
        raise Problem(f"{sentence}. Nothing was changed.", environment.unset(names))


async def prove(cluster: Cluster, helm: Helm, target: Target) -> None:
    """Raise Problem unless helm, in a run's environment, reaches the cluster that we reach.

    When neither may read the object, nothing is raised: check W06 reports it as unknown.
    """
    refuse_overrides(helm, target)
    ours = await mark(cluster, target)
    if ours and (theirs := await helm.uid_of(target, ours.kind, ours.name, ours.namespace)) != ours.uid:
        raise Problem(
            f"helm reaches another cluster than the wizard: {ours.title} is {theirs or 'not there'} for helm and "
            f"{ours.uid} for the wizard. Nothing was changed.",
            "Look at KUBECONFIG, proxy variables and HELM_* in your environment.",
        )


@contextlib.asynccontextmanager
async def proven(cluster: Cluster, helm: Helm, target: Target) -> AsyncIterator[None]:
    """Prove it while the block reads something else; raises Problem as `prove` does, at once or at the end of the block."""
    refuse_overrides(helm, target)
    proof = asyncio.ensure_future(prove(cluster, helm, target))
    try:
        yield
        await proof
    finally:
        proof.cancel()


async def refuse_another(cluster: Cluster, target: Target, planned: str) -> None:
    """Raise Problem when the context reaches another cluster than at the time of planning.

    Args:
        cluster: as it is reached now.
        target: names the context.
        planned: the uid at that time; "" when it was hidden, and then nothing is raised.
    """
    now = await uid(cluster) if planned else ""
    if now and now != planned:
        raise Problem(
            f"The context {target.context} reaches another cluster than when this was planned "
            f"(kube-system was {planned}, it is {now}). Nothing was changed.",
            "Look at the kubeconfig, then plan again.",
            Exit.REFUSED,
        )


def moved(target: Target, now: str, drafts: Iterable[tuple[str, Draft]], runs: Iterable[RunSummary]) -> str:
    """One sentence when the context reaches another cluster than the last recorded time; "" when it does not.

    Args:
        target: context and kubeconfig.
        now: the uid of kube-system; "" when it is hidden, and then the answer is "".
        drafts: kept drafts with the time when they were saved.
        runs: past runs.
    """
    if not now:
        return ""
    reached = (target.context, target.kubeconfig)
    records = [
        (saved, draft.cluster_uid, "a draft")
        for saved, draft in drafts
        if draft.cluster_uid and (draft.answers.get("context", target.context), draft.kubeconfig) == reached
    ]
    records += [
        (run.started, run.cluster_uid, f"run {run.id}")
        for run in runs
        if run.cluster_uid and (run.target.context, run.target.kubeconfig) == reached
    ]
    when, before, what = max(records, default=("", now, ""))
    if before == now:
        return ""
    return f"context {target.context} reaches another cluster than on {when[:10]} ({what})"
