"""What an uninstall would do: what it deletes, what stays, what is lost for ever; and what prevents it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import plan, upgrade_values
from wizard.core.helm.release import ReleaseRecord
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import backends
from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import manifests
from wizard.core.target import Target
from wizard.engine.release import inventory, records
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

_ALWAYS_THERE: Final = frozenset({"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"})


@dataclass(frozen=True)
class Item:
    """One object of a list, and why it is in it."""

    label: str
    why: str = ""


@dataclass(frozen=True)
class Uninstall:
    """The three lists, and what is hidden from this person. `revision` is the one that is uninstalled."""

    release: str
    namespace: str
    revision: int
    chart: str
    production: bool
    deleted: tuple[Item, ...]
    kept: tuple[Item, ...]
    lost: tuple[Item, ...]
    foreign: tuple[str, ...] | None = None
    """Objects of others in the namespace; None when they were not asked for."""
    unseen: tuple[str, ...] = ()
    owner: str = ""
    cluster_uid: str = ""
    """The uid of kube-system; "" when it is hidden."""
    moved: str = ""
    """A sentence when the context reaches another cluster than the last time."""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        lists = {"deleted": self.deleted, "kept": self.kept, "lost": self.lost}
        return {
            "release": self.release, "namespace": self.namespace, "revision": self.revision, "chart": self.chart,
            **{name: [{"object": item.label, "why": item.why} for item in items] for name, items in lists.items()},
            "foreign": None if self.foreign is None else list(self.foreign), "unseen": list(self.unseen), "owner": self.owner,
            "cluster_uid": self.cluster_uid, "moved": self.moved,
        }  # fmt: skip


async def look(cluster: Cluster, documents: Documents, target: Target, *, namespace: bool = False) -> Uninstall:
    """The three lists of a release; with `namespace` also what else is in its namespace.

    Raises:
        Problem: there is no such release, its record is hidden or unreadable, or an Ingress of it serves another release.
    """
    heads = await records.require_heads(cluster, target)
    record = await records.read(cluster, target, heads[-1].revision)
    stored = records.objects_of(documents, record.manifest)
    live, claims, secrets = await asyncio.gather(
        asyncio.gather(*(_live(cluster, obj, target.namespace) for obj in stored)),
        _list(cluster, "PersistentVolumeClaim", target.namespace),
        _list(cluster, "Secret", target.namespace, f"{MANAGED_BY}={WIZARD}"),
    )
    existing = [obj for obj in live if isinstance(obj, Mapping)]
    await _guard(cluster, target, existing)
    going = [obj for obj in existing if not plan.is_kept(obj)]
    unseen = [answer.message for answer in (*live, claims, secrets) if isinstance(answer, ClusterError)]
    kept = [Item(manifests.label(obj), "helm.sh/resource-policy: keep") for obj in existing if plan.is_kept(obj)]
    lost: list[Item] = []
    volumes = [] if isinstance(claims, ClusterError) else await _volumes(cluster, claims)
    names = {plan.identity(obj, target.namespace)[3] for obj in going if obj["kind"] == "PersistentVolumeClaim"}
    for claim, policy in volumes:
        name, owner = claim["metadata"]["name"], _stateful_set(claim, existing)
        goes = name in names or (owner is not None and _deletes_claims(owner))
        if owner is None and name not in names and not _of(claim, target):
            continue
        (lost if goes and policy != "Retain" else kept).append(
            Item(f"PersistentVolumeClaim/{name}", _why(goes, policy))
        )
    if not isinstance(secrets, ClusterError):
        kept += [
            Item(manifests.label(secret), "made by the wizard, of no revision")
            for secret in secrets
            if _of(secret, target)
        ]
    if namespace:
        lost += [Item(item.label, "it goes with the namespace") for item in kept]
        kept = []
    else:
        kept.append(Item(f"Namespace/{target.namespace}", "helm never deletes it"))
    return Uninstall(
        target.release, target.namespace, record.revision, f"{record.chart}-{record.chart_version}", is_production(record),
        tuple(Item(manifests.label(obj)) for obj in going), tuple(kept), tuple(lost),
        await foreign(cluster, target) if namespace else None, tuple(dict.fromkeys(unseen)), str(upgrade_values.owner(existing) or ""),
    )  # fmt: skip


def is_production(record: ReleaseRecord) -> bool:
    """Whether a revision's values say that it is production."""
    for tree in (record.config, record.defaults):
        environment = (tree.get("global") or {}).get("environment") if isinstance(tree.get("global"), Mapping) else None
        if environment:
            return str(environment) == "production"
    return False


async def _live(cluster: Cluster, obj: Object, namespace: str) -> Object | ClusterError | None:
    _, kind, space, name = plan.identity(obj, namespace)
    try:
        live = await cluster.get(kind, name, space, str(obj.get("apiVersion", "")))
    except ClusterError as error:
        return None if error.kind == "not-found" else error
    return {"apiVersion": obj.get("apiVersion"), "kind": kind, **live}


async def _list(cluster: Cluster, kind: str, namespace: str, labels: str = "") -> tuple[Object, ...] | ClusterError:
    try:
        return await cluster.list(kind, namespace, labels=labels)
    except ClusterError as error:
        return error


async def _volumes(cluster: Cluster, claims: Sequence[Object]) -> list[tuple[Object, str]]:
    """Each claim with the reclaim policy of its volume; "" when it has none yet, "?" when it is hidden."""
    return list(zip(claims, await asyncio.gather(*(_policy(cluster, claim) for claim in claims)), strict=True))


async def _policy(cluster: Cluster, claim: Object) -> str:
    volume = str((claim.get("spec") or {}).get("volumeName") or "")
    if not volume:
        return ""
    try:
        live = await cluster.get("PersistentVolume", volume)
    except ClusterError:
        return "?"
    return str((live.get("spec") or {}).get("persistentVolumeReclaimPolicy") or "?")


def _stateful_set(claim: Object, objects: Iterable[Object]) -> Object | None:
    """The StatefulSet of the release that a claim was made for."""
    name = str(claim["metadata"]["name"])
    for obj in objects:
        if obj["kind"] == "StatefulSet":
            for template in (obj.get("spec") or {}).get("volumeClaimTemplates") or ():
                start = f"{template['metadata']['name']}-{obj['metadata']['name']}-"
                if name.startswith(start) and name[len(start) :].isdigit():
                    return obj
    return None


def _deletes_claims(owner: Object) -> bool:
    policy = (owner.get("spec") or {}).get("persistentVolumeClaimRetentionPolicy") or {}
    return str(policy.get("whenDeleted")) == "Delete"


def _why(goes: bool, policy: str) -> str:
    if goes:
        reasons = {
            "": "it has no volume yet",
            "?": "whether its volume is kept is hidden from you (needs get persistentvolumes)",
        }
        return reasons.get(policy, f"its volume is deleted with it (reclaim policy {policy})") if policy != "Retain" else (
            "the claim goes, its volume and data stay (reclaim policy Retain)"
        )  # fmt: skip
    return "a StatefulSet's claim stays with its data; a new install with this name takes it up again"


def _of(obj: Object, target: Target) -> bool:
    labels = obj["metadata"].get("labels") or {}
    return bool(labels.get("app.kubernetes.io/instance") == target.release)


# What prevents it


async def _guard(cluster: Cluster, target: Target, objects: Sequence[Object]) -> None:
    """Raise Problem when an Ingress or HTTPRoute of this release routes to a Service of another: deleting it is an outage."""
    own = {obj["metadata"]["name"] for obj in objects if obj["kind"] == "Service"}
    for obj in objects:
        if plan.is_kept(obj):
            continue
        for service in backends(obj):
            if service in own:
                continue
            try:
                live = await cluster.get("Service", service, target.namespace)
            except ClusterError:
                continue
            notes = live["metadata"].get("annotations") or {}
            other = notes.get("meta.helm.sh/release-name") or ""
            if other != target.release:
                whose = f"release {other}" if other else "somebody else"
                raise Problem(
                    f"{manifests.label(obj)} belongs to {target.release}, but sends its traffic to Service {service} of {whose}: "
                    f"uninstalling {target.release} deletes it, and {whose} is not reachable any more. Nothing was changed.",
                    f"First give {other or 'the other release'} a way in of its own (upgrade it with ingress.enabled=true and another "
                    "host or class), move the traffic there, then uninstall.",
                    Exit.REFUSED,
                )


async def foreign(cluster: Cluster, target: Target) -> tuple[str, ...]:
    """What is in the release's namespace that is not the release's or the wizard's, kinds that are hidden included."""
    objects, hidden = await inventory.read(cluster, target.namespace)
    return tuple(dict.fromkeys((*hidden, *(label for obj in objects if (label := _foreign(obj, target))))))


def _foreign(obj: Object, target: Target) -> str:
    metadata, label = obj["metadata"], manifests.label(obj)
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if metadata.get("ownerReferences") or label in _ALWAYS_THERE:
        return ""
    if labels.get("owner") == "helm" and labels.get("name") == target.release:
        return ""
    release = notes.get("meta.helm.sh/release-name") or labels.get("app.kubernetes.io/instance")
    return "" if release == target.release else label
