"""Leftovers of a release that is gone, found by ownership, and their removal: named objects only, each proven first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import manifests
from wizard.core.rules.check import Unknown
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES, Target
from wizard.engine.release import inventory, listing
from wizard.ports.cluster import Cluster

CLAIM, VOLUME, SECRET, SPACE = "PersistentVolumeClaim", "PersistentVolume", "Secret", "Namespace"
_INSTANCE, _COMPONENT = "app.kubernetes.io/instance", "app.kubernetes.io/component"
_NAME, _SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_SHORT: Final[Mapping[str, str]] = {
    "pvc": CLAIM,
    "pv": VOLUME,
    "ns": SPACE,
    "cm": "ConfigMap",
    "po": "Pod",
    "ing": "Ingress",
}
_WORKLOADS: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_ALWAYS: Final = frozenset({"ConfigMap/kube-root-ca.crt", "ServiceAccount/default"})
_COMPONENTS: Final = "postgresql|redis-master|redis-replicas|redis|prometheus|grafana|backup"
_ORDER: Final = ("rest", "data", "secret", "record", "namespace")
_POLL_SECONDS, _POLLS = 0.2, 50
"""Seconds between two polls of a deleted object, and their number; an object still in use takes longer and is "going"."""


@dataclass(frozen=True)
class Leftover:
    """One object that was a release's. `group` is data, secret, record, rest or namespace."""

    kind: str
    name: str
    api_version: str
    uid: str
    release: str
    group: str
    proof: str
    """Why it is certain that it was the release's."""
    note: str = ""
    """What its removal means."""
    since: str = ""
    """RFC 3339: when it was made."""

    @property
    def label(self) -> str:
        """Kind/name."""
        return f"{self.kind}/{self.name}"

    @property
    def matters(self) -> bool:
        """Whether something is lost with it, so that the release's name must be typed."""
        return self.group != "rest"

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "object": self.label, "release": self.release, "group": self.group, "proof": self.proof, "note": self.note,
            "since": self.since,
        }  # fmt: skip


@dataclass(frozen=True)
class Leftovers:
    """What is left in one namespace of releases that are gone."""

    namespace: str
    items: tuple[Leftover, ...] = ()
    unproven: tuple[str, ...] = ()
    """Volumes that held data of this namespace, of no known release: never deleted from here."""
    foreign: tuple[str, ...] = ()
    """Objects of others or of installed releases: with them the namespace is not deleted."""
    installed: tuple[str, ...] = ()
    """Releases that are installed here: their objects are no leftovers."""
    unseen: tuple[str, ...] = ()
    certain: bool = True
    """Whether helm's records could be read; without them nothing is deleted."""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "namespace": self.namespace, "items": [leftover.to_data() for leftover in self.items], "unproven": list(self.unproven),
            "foreign": list(self.foreign), "installed": list(self.installed), "unseen": list(self.unseen),
        }  # fmt: skip


@dataclass(frozen=True)
class Removal:
    """The result for one object: deleted, going (it is still in use), gone (somebody deleted it before) or failed."""

    item: Leftover
    state: str
    text: str = ""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"object": self.item.label, "state": self.state, "text": self.text}


# Finding


async def everywhere(cluster: Cluster, target: Target, home: str = "") -> tuple[Leftovers, ...]:
    """Leftovers in the target's namespace, or in every namespace that this person may read; an empty release means any.

    Raises:
        Problem: the release is installed, or nothing can be read.
    """
    spaces = (target.namespace,) if target.namespace else await _spaces(cluster, target.release, home)
    by_space = await asyncio.gather(*(look(cluster, replace(target, namespace=space)) for space in spaces))
    with_any = [leftovers for leftovers in by_space if leftovers.items or leftovers.unproven]
    return tuple(with_any or by_space[:1])


async def _spaces(cluster: Cluster, release: str, home: str) -> tuple[str, ...]:
    """The namespaces that hold claims or kept Secrets of some release; the usual ones when this person may not list all."""
    labels = f"{_INSTANCE}={release}" if release else _INSTANCE
    try:
        lists = await asyncio.gather(
            *(cluster.list(kind, "", labels=labels, metadata_only=True) for kind in (CLAIM, SECRET))
        )
    except ClusterError as error:
        if error.kind != "forbidden":
            raise Problem(error.message, "Retry when the cluster answers.", Exit.UNKNOWN) from error
        return tuple(dict.fromkeys(filter(None, (home, DEFAULT_RELEASE, *NAMESPACES.values()))))
    names = {str(obj["metadata"].get("namespace", "")) for objects in lists for obj in objects}
    return tuple(sorted(filter(None, names))) or (home or DEFAULT_RELEASE,)


async def look(cluster: Cluster, target: Target) -> Leftovers:
    """Leftovers in one namespace; see `everywhere`."""
    space = target.namespace
    records = await listing.records(cluster, space)
    certain = not isinstance(records, Unknown)
    states = {} if isinstance(records, Unknown) else records
    installed = {name for name, state in states.items() if state.status != "uninstalled"}
    if target.release in installed:
        raise Problem(
            f"{target.release} is installed in {space} (revision {states[target.release].revision}): what it holds is in "
            "use, nothing is left over.",
            "uninstall --dry-run lists what an uninstall would leave.",
        )
    (every, hidden), (volumes, unseen) = await asyncio.gather(inventory.read(cluster, space), _volumes(cluster, space))
    if isinstance(records, Unknown):
        needs = f" (needs {records.permission})" if records.permission else ""
        unseen = (f"which releases are installed here{needs}", *unseen)
        installed = {name for obj in every if obj["kind"] in _WORKLOADS and (name := _release_of(obj, space)[0])}
    items, foreign = [], []
    for obj in every:
        release, group, proof = _release_of(obj, space)
        if not release:
            if not obj["metadata"].get("ownerReferences") and manifests.label(obj) not in _ALWAYS:
                foreign.append(manifests.label(obj))
        elif release in installed:
            foreign.append(manifests.label(obj))
        elif target.release in ("", release):
            items.append(_item(obj, release, group, proof))
        else:
            foreign.append(manifests.label(obj))
    items, unproven = _with_volumes(items, every, volumes, target, installed)
    items = [replace(item, note=_opens(item, items, every)) if item.group == "secret" else item for item in items]
    items.sort(key=lambda item: (item.release, _ORDER.index(item.group), item.kind, item.name))
    if items and not foreign and not hidden and space != "default" and not space.startswith("kube-"):
        items.append(await _space(cluster, space, items[0].release))
    return Leftovers(
        space, tuple(item for item in items if item.uid), unproven, tuple(foreign), tuple(sorted(installed)),
        (*unseen, *hidden), certain,
    )  # fmt: skip


def _release_of(obj: Object, space: str) -> tuple[str, str, str]:
    """(release, group, proof) of an object; an empty release means that nothing proves its owner."""
    meta = obj["metadata"]
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    if meta.get("ownerReferences"):
        return "", "", ""
    if labels.get("owner") == "helm" and labels.get("name"):
        return str(labels["name"]), "record", "helm's own record"
    group = {CLAIM: "data", SECRET: "secret"}.get(obj["kind"], "rest")
    if notes.get(_NAME):
        same = notes.get(_SPACE, space) == space
        return (str(notes[_NAME]), group, "helm's annotation names the release") if same else ("", "", "")
    release = str(labels.get(_INSTANCE) or "")
    if not release:
        return "", "", ""
    if labels.get(MANAGED_BY) == WIZARD:
        return release, group, "the wizard made it for the release"
    if notes.get("helm.sh/hook"):
        return release, group, f"a hook of the release ({notes['helm.sh/hook']})"
    if obj["kind"] == CLAIM and str(labels.get("app.kubernetes.io/managed-by", "Helm")) == "Helm":
        return release, "data", "its label names the release"
    return "", "", ""


def _item(obj: Object, release: str, group: str, proof: str) -> Leftover:
    meta = obj["metadata"]
    note = "no rollback is possible without it" if group == "record" else ""
    note = "it is being deleted already" if meta.get("deletionTimestamp") else note
    return Leftover(
        obj["kind"], meta["name"], str(obj.get("apiVersion", "")), str(meta.get("uid", "")), release, group, proof, note,
        str(meta.get("creationTimestamp") or ""),
    )  # fmt: skip


async def _volumes(cluster: Cluster, space: str) -> tuple[tuple[Object, ...], tuple[str, ...]]:
    try:
        volumes = await cluster.list(VOLUME)
    except ClusterError as error:
        needs = f" (needs {error.permission})" if error.permission else f": {error.message}"
        return (), (f"volumes, and whether a claim's data goes with it{needs}",)
    return tuple(volume for volume in volumes if (_ref(volume).get("namespace")) == space), ()


def _ref(volume: Object) -> Mapping[str, Any]:
    return (volume.get("spec") or {}).get("claimRef") or {}


def _with_volumes(
    items: Sequence[Leftover], every: Iterable[Object], volumes: Iterable[Object], target: Target, installed: set[str]
) -> tuple[list[Leftover], tuple[str, ...]]:
    """The items with notes on their volumes, and the volumes whose claim is gone."""
    claims = {str(obj["metadata"].get("uid")) for obj in every if obj["kind"] == CLAIM}
    by_claim = {str(_ref(volume).get("uid")): volume for volume in volumes}
    noted = [
        replace(item, note=_fate(by_claim.get(item.uid))) if item.kind == CLAIM and not item.note else item
        for item in items
    ]
    unproven: list[str] = []
    releases = {item.release for item in items} | ({target.release} if target.release else set()) | {DEFAULT_RELEASE}
    for uid, volume in by_claim.items():
        if uid in claims or str((volume.get("status") or {}).get("phase")) == "Bound":
            continue
        claim = str(_ref(volume).get("name"))
        release = _named(claim, releases | installed)
        if release in installed:
            continue
        if not release:
            unproven.append(f"{manifests.label(volume)}, which was bound to claim {claim}")
        elif target.release in ("", release):
            proof = f"it was bound to {claim}, which is this release's claim by its name"
            leftover = _item({**volume, "kind": VOLUME, "apiVersion": "v1"}, release, "data", proof)
            noted.append(
                replace(leftover, note="its claim is gone; what it holds can still be copied by an administrator")
            )
    return noted, tuple(unproven)


def _fate(volume: Object | None) -> str:
    if volume is None:
        return "its data is lost with it, unless its volume is kept"
    policy = (volume.get("spec") or {}).get("persistentVolumeReclaimPolicy")
    name = volume["metadata"]["name"]
    if policy == "Retain":
        return f"volume {name} stays, with the data (reclaim policy Retain)"
    return f"volume {name} and its data are deleted with it (reclaim policy {policy})"


def _named(claim: str, releases: Iterable[str]) -> str:
    """The release whose chart gives a claim this name; "" when none of `releases` does."""
    for release in releases:
        stem = f"(?:{re.escape(release)}|{re.escape(f'{release}-llm-cost-ops')})"
        if re.fullmatch(rf"(?:data-)?{stem}-(?:{_COMPONENTS})(?:-\d+)?", claim):
            return release
    return ""


def _opens(secret: Leftover, items: Sequence[Leftover], every: Iterable[Object]) -> str:
    """The note of a Secret: the claims of the same component that are left and need it."""
    component = _component(secret, every)
    held = [item.name for item in items if item.kind == CLAIM and item.release == secret.release]
    needed = [name for name in held if component and component in name]
    return f"opens what is in claim {', '.join(needed)}" if needed else secret.note


def _component(secret: Leftover, every: Iterable[Object]) -> str:
    label = next(
        ((obj["metadata"].get("labels") or {}).get(_COMPONENT) for obj in every if obj["metadata"].get("uid") == secret.uid),
        "",
    )  # fmt: skip
    if label:
        return str(label)
    part = secret.name.removeprefix(f"{secret.release}-").partition("-")[0]
    return part if part in ("postgresql", "redis", "grafana") else ""


async def _space(cluster: Cluster, space: str, release: str) -> Leftover:
    try:
        live = await cluster.get(SPACE, space)
    except ClusterError:
        return Leftover(SPACE, space, "v1", "", release, "namespace", "")
    note = "only together with everything that is listed here"
    proof = "nothing of others is in it"
    return replace(_item({**live, "kind": SPACE, "apiVersion": "v1"}, release, "namespace", proof), note=note)


# Choosing and removing


def chosen(leftovers: Leftovers, wanted: Iterable[str]) -> tuple[Leftover, ...]:
    """The items that were named as KIND/NAME; pvc/NAME, pv/NAME and plural kinds are understood.

    Raises:
        Problem: an object is not left over, or the namespace is named and something in it is not.
    """
    by_key = {(item.kind.lower(), item.name): item for item in leftovers.items}
    picked: dict[str, Leftover] = {}
    for text in wanted:
        kind, slash, name = text.partition("/")
        if not (slash and name):
            raise Problem(f'--delete "{text}" is not of the form KIND/NAME.', "Write it as the list does.")
        full = _SHORT.get(kind.lower(), kind).lower()
        item = next((by_key[key, name] for key in (full, full.removesuffix("s")) if (key, name) in by_key), None)
        if item is None:
            raise Problem(
                f"{text} is not left over in {leftovers.namespace}: it is not there, or nothing proves that it was this "
                "release's. Nothing was deleted.",
                f"Left are: {', '.join(item.label for item in leftovers.items) or 'nothing'}.",
            )
        picked[item.label] = item
    rest = [item.label for item in leftovers.items if item.label not in picked]
    if any(item.kind == SPACE for item in picked.values()) and rest:
        raise Problem(
            f"Namespace {leftovers.namespace} is not deleted: {', '.join(rest[:6])} would go with it and is not named. "
            "Nothing was deleted.",
            "Name those too, or leave the namespace out.",
        )
    return tuple(sorted(picked.values(), key=lambda item: (_ORDER.index(item.group), item.kind == VOLUME)))


def warnings(leftovers: Leftovers, picked: Sequence[Leftover]) -> tuple[str, ...]:
    """What a person must know before: Secrets that are deleted while the data that they open stays."""
    going = {item.name for item in picked if item.kind == CLAIM}
    texts = []
    for secret in (item for item in picked if item.kind == SECRET and item.note.startswith("opens ")):
        stays = [name for name in secret.note.rpartition("claim ")[2].split(", ") if name not in going]
        if stays:
            texts.append(f"{secret.label} is the only key to claim {', '.join(stays)}, which stays")
    return tuple(texts)


async def remove(cluster: Cluster, target: Target, picked: Sequence[Leftover]) -> AsyncIterator[Removal]:
    """Delete what was named, after a new proof that each is the same object and of no installed release.

    Raises:
        Problem: something is another object by now, or may not be deleted; then nothing was deleted.
    """
    now = await look(cluster, target)
    if not now.certain:
        raise Problem(f"Nothing was deleted: {now.unseen[0]} cannot be seen.", "Ask for that right.", Exit.UNKNOWN)
    current = {(item.label, item.uid) for item in now.items}
    if lost := [item.label for item in picked if (item.label, item.uid) not in current]:
        raise Problem(f"Nothing was deleted: {', '.join(lost)} is not what was shown any more.", "Look again.")
    kinds = {item.kind: item for item in picked}
    space = target.namespace
    where = {kind: "" if kind in (VOLUME, SPACE) else space for kind in kinds}
    may = await asyncio.gather(*(cluster.may("delete", kind, where[kind]) for kind in kinds))
    if refused := [kind for kind, allowed in zip(kinds, may, strict=True) if not allowed]:
        raise Problem(
            f"Nothing was deleted: you may not delete {', '.join(f'{kind} objects' for kind in refused)} in {space}.",
            "Ask for that right, or leave them out.",
        )
    for item in picked:
        yield await _remove(cluster, item, where[item.kind])


async def _remove(cluster: Cluster, item: Leftover, space: str) -> Removal:
    try:
        await cluster.delete(item.kind, item.name, space, item.api_version, uid=item.uid)
    except ClusterError as error:
        if error.kind == "not-found":
            return Removal(item, "gone", "somebody deleted it before")
        return Removal(item, "failed", error.message)
    try:
        for _ in range(1 if item.kind == SPACE else _POLLS):
            if not await _exists(cluster, item, space):
                return Removal(item, "deleted")
            await asyncio.sleep(_POLL_SECONDS)
    except ClusterError as error:
        return Removal(item, "going", error.message)
    reason = "Kubernetes removes what is in it first" if item.kind == SPACE else "it is still in use"
    return Removal(item, "going", f"it is being deleted; {reason}")


async def _exists(cluster: Cluster, item: Leftover, space: str) -> bool:
    try:
        live = await cluster.get(item.kind, item.name, space, item.api_version)
    except ClusterError as error:
        if error.kind == "not-found":
            return False
        raise
    return str(live["metadata"].get("uid")) == item.uid
