"""What an uninstall would do, before it does it: what goes, what stays, what is lost for ever; and what stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import plan, upgrade_values
from wizard.core.helm.release import ReleaseRecord
from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import manifests
from wizard.core.target import Target
from wizard.engine.release import inventory, records
from wizard.ports.cluster import Cluster, ClusterError
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
    """What in the namespace is of others, when that was asked; None when it was not."""
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
            **{name: [{"object": one.label, "why": one.why} for one in many] for name, many in lists.items()},
            "foreign": None if self.foreign is None else list(self.foreign), "unseen": list(self.unseen), "owner": self.owner,
            "cluster_uid": self.cluster_uid, "moved": self.moved,
        }  # fmt: skip


async def look(cluster: Cluster, documents: Documents, target: Target, *, namespace: bool = False) -> Uninstall:
    """The three lists of a release; with `namespace` also what else is in its namespace.

    Raises:
        Problem: there is no such release, its record is hidden or unreadable, or an Ingress of it serves another release.
    """
    known = await records.known(cluster, target)
    record = await records.read(cluster, target, known[-1].revision)
    stored = plan.objects_of(documents.load_all(record.manifest, "the stored manifest"))
    live, claims, secrets = await asyncio.gather(
        asyncio.gather(*(_live(cluster, one, target.namespace) for one in stored)),
        _list(cluster, "PersistentVolumeClaim", target.namespace),
        _list(cluster, "Secret", target.namespace, f"{MANAGED_BY}={WIZARD}"),
    )
    there = [one for one in live if isinstance(one, Mapping)]
    await _guard(cluster, target, there)
    going = [one for one in there if not plan.is_kept(one)]
    unseen = [one.message for one in (*live, claims, secrets) if isinstance(one, ClusterError)]
    kept = [Item(manifests.label(one), "helm.sh/resource-policy: keep") for one in there if plan.is_kept(one)]
    lost: list[Item] = []
    volumes = [] if isinstance(claims, ClusterError) else await _volumes(cluster, claims)
    names = {plan.identity(one, target.namespace)[3] for one in going if one["kind"] == "PersistentVolumeClaim"}
    for claim, policy in volumes:
        name, owner = claim["metadata"]["name"], _stateful(claim, there)
        goes = name in names or (owner is not None and _deletes_claims(owner))
        if owner is None and name not in names and not _of(claim, target):
            continue
        (lost if goes and policy != "Retain" else kept).append(
            Item(f"PersistentVolumeClaim/{name}", _why(goes, policy))
        )
    if not isinstance(secrets, ClusterError):
        kept += [
            Item(manifests.label(one), "made by the wizard, of no revision") for one in secrets if _of(one, target)
        ]
    if namespace:
        lost += [Item(one.label, "it goes with the namespace") for one in kept]
        kept = []
    else:
        kept.append(Item(f"Namespace/{target.namespace}", "helm never deletes it"))
    return Uninstall(
        target.release, target.namespace, record.revision, f"{record.chart}-{record.chart_version}", is_production(record),
        tuple(Item(manifests.label(one)) for one in going), tuple(kept), tuple(lost),
        await foreign(cluster, target) if namespace else None, tuple(dict.fromkeys(unseen)), str(upgrade_values.owner(there) or ""),
    )  # fmt: skip


def is_production(record: ReleaseRecord) -> bool:
    """Whether a revision's values say that it is production."""
    for tree in (record.config, record.defaults):
        said = (tree.get("global") or {}).get("environment") if isinstance(tree.get("global"), Mapping) else None
        if said:
            return str(said) == "production"
    return False


async def _live(cluster: Cluster, obj: Object, namespace: str) -> Object | ClusterError | None:
    _, kind, where, name = plan.identity(obj, namespace)
    try:
        found = await cluster.get(kind, name, where, str(obj.get("apiVersion", "")))
    except ClusterError as error:
        return None if error.kind == "not-found" else error
    return {"apiVersion": obj.get("apiVersion"), "kind": kind, **found}


async def _list(cluster: Cluster, kind: str, namespace: str, labels: str = "") -> tuple[Object, ...] | ClusterError:
    try:
        return await cluster.list(kind, namespace, labels=labels)
    except ClusterError as error:
        return error


async def _volumes(cluster: Cluster, claims: Sequence[Object]) -> list[tuple[Object, str]]:
    """Each claim with the reclaim policy of its volume; "" when it has none yet, "?" when it is hidden."""
    return list(zip(claims, await asyncio.gather(*(_policy(cluster, one) for one in claims)), strict=True))


async def _policy(cluster: Cluster, claim: Object) -> str:
    volume = str((claim.get("spec") or {}).get("volumeName") or "")
    if not volume:
        return ""
    try:
        found = await cluster.get("PersistentVolume", volume)
    except ClusterError:
        return "?"
    return str((found.get("spec") or {}).get("persistentVolumeReclaimPolicy") or "?")


def _stateful(claim: Object, there: Iterable[Object]) -> Object | None:
    """The StatefulSet of the release that a claim was made for."""
    name = str(claim["metadata"]["name"])
    for one in there:
        if one["kind"] == "StatefulSet":
            for template in (one.get("spec") or {}).get("volumeClaimTemplates") or ():
                start = f"{template['metadata']['name']}-{one['metadata']['name']}-"
                if name.startswith(start) and name[len(start) :].isdigit():
                    return one
    return None


def _deletes_claims(owner: Object) -> bool:
    policy = (owner.get("spec") or {}).get("persistentVolumeClaimRetentionPolicy") or {}
    return str(policy.get("whenDeleted")) == "Delete"


def _why(goes: bool, policy: str) -> str:
    if goes:
        told = {
            "": "it has no volume yet",
            "?": "whether its volume is kept is hidden from you (needs get persistentvolumes)",
        }
        return told.get(policy, f"its volume is deleted with it (reclaim policy {policy})") if policy != "Retain" else (
            "the claim goes, its volume and data stay (reclaim policy Retain)"
        )  # fmt: skip
    return "a StatefulSet's claim stays with its data; a new install with this name takes it up again"


def _of(one: Object, target: Target) -> bool:
    labels = one["metadata"].get("labels") or {}
    return bool(labels.get("app.kubernetes.io/instance") == target.release)


# What stops it


async def _guard(cluster: Cluster, target: Target, there: Sequence[Object]) -> None:
    """Raise Problem when a way in of this release leads to a Service of another one: deleting it would be an outage."""
    own = {one["metadata"]["name"] for one in there if one["kind"] == "Service"}
    for one in there:
        if plan.is_kept(one):
            continue
        for service in backends(one):
            if service in own:
                continue
            try:
                found = await cluster.get("Service", service, target.namespace)
            except ClusterError:
                continue
            notes = found["metadata"].get("annotations") or {}
            other = notes.get("meta.helm.sh/release-name") or ""
            if other != target.release:
                whose = f"release {other}" if other else "somebody else"
                raise Problem(
                    f"{manifests.label(one)} belongs to {target.release}, but sends its traffic to Service {service} of {whose}: "
                    f"uninstalling {target.release} deletes it, and {whose} is not reachable any more. Nothing was changed.",
                    f"First give {other or 'the other one'} a way in of its own (upgrade it with ingress.enabled=true and another "
                    "host or class), move the traffic there, then uninstall.",
                    Exit.REFUSED,
                )


def backends(obj: Object) -> Iterator[str]:
    """The Services that an Ingress or HTTPRoute sends traffic to."""
    spec = obj.get("spec") or {}
    if obj["kind"] == "Ingress":
        paths = [path for rule in spec.get("rules") or () for path in (rule.get("http") or {}).get("paths") or ()]
        places = [spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)]
        names = [(one.get("service") or {}).get("name") for one in places]
    elif obj["kind"] == "HTTPRoute":
        refs = [ref for rule in spec.get("rules") or () for ref in rule.get("backendRefs") or ()]
        names = [ref.get("name") for ref in refs if ref.get("kind", "Service") == "Service"]
    else:
        return
    yield from dict.fromkeys(str(name) for name in names if name)


async def foreign(cluster: Cluster, target: Target) -> tuple[str, ...]:
    """What is in the release's namespace that is not the release's or the wizard's, kinds that are hidden included."""
    found, hidden = await inventory.read(cluster, target.namespace)
    return tuple(dict.fromkeys((*hidden, *(label for one in found if (label := _foreign(one, target))))))


def _foreign(one: Object, target: Target) -> str:
    metadata, label = one["metadata"], manifests.label(one)
    labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if metadata.get("ownerReferences") or label in _ALWAYS_THERE:
        return ""
    if labels.get("owner") == "helm" and labels.get("name") == target.release:
        return ""
    release = notes.get("meta.helm.sh/release-name") or labels.get("app.kubernetes.io/instance")
    return "" if release == target.release else label
