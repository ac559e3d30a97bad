"""What a release that is gone has left behind, told by ownership, and its removal: named objects only, each proven first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import manifests
from wizard.core.rules.check import Unknown
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES, Target
from wizard.engine.release import inventory, listing
from wizard.ports.cluster import Cluster, ClusterError

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
_LOOK_EACH, _LOOKS = 0.2, 50
"""Seconds between two looks at a deleted object, and their number; one that something uses takes longer, and is said to."""


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
    """Why it is known to be the release's."""
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
        """Whether something is lost with it, so that the release's name has to be typed."""
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
    """Volumes that held something of this namespace, of no known release: never deleted from here."""
    foreign: tuple[str, ...] = ()
    """What in the namespace is of others, or of releases that are installed: it keeps the namespace."""
    installed: tuple[str, ...] = ()
    """Releases that are installed here; what they use is not left over."""
    unseen: tuple[str, ...] = ()
    certain: bool = True
    """Whether helm's records could be read; without them nothing is deleted."""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "namespace": self.namespace, "items": [one.to_data() for one in self.items], "unproven": list(self.unproven),
            "foreign": list(self.foreign), "installed": list(self.installed), "unseen": list(self.unseen),
        }  # fmt: skip


@dataclass(frozen=True)
class Removal:
    """What became of one object: deleted, going (something uses it still), gone (before) or failed."""

    item: Leftover
    state: str
    text: str = ""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"object": self.item.label, "state": self.state, "text": self.text}


# Looking


async def everywhere(cluster: Cluster, target: Target, home: str = "") -> tuple[Leftovers, ...]:
    """What is left in the target's namespace, or wherever this person may look; an empty release means any.

    Raises:
        Problem: the release is installed, or nothing at all can be seen.
    """
    spaces = (target.namespace,) if target.namespace else await _spaces(cluster, target.release, home)
    found = await asyncio.gather(*(look(cluster, replace(target, namespace=one)) for one in spaces))
    with_any = [one for one in found if one.items or one.unproven]
    return tuple(with_any or found[:1])


async def _spaces(cluster: Cluster, release: str, home: str) -> tuple[str, ...]:
    """The namespaces that hold claims or kept Secrets of some release; those that may be looked into when not all may."""
    labels = f"{_INSTANCE}={release}" if release else _INSTANCE
    try:
        found = await asyncio.gather(
            *(cluster.list(kind, "", labels=labels, metadata_only=True) for kind in (CLAIM, SECRET))
        )
    except ClusterError as error:
        if error.kind != "forbidden":
            raise Problem(error.message, "Retry when the cluster answers.", Exit.UNKNOWN) from error
        return tuple(dict.fromkeys(filter(None, (home, DEFAULT_RELEASE, *NAMESPACES.values()))))
    names = {str(one["metadata"].get("namespace", "")) for many in found for one in many}
    return tuple(sorted(filter(None, names))) or (home or DEFAULT_RELEASE,)


async def look(cluster: Cluster, target: Target) -> Leftovers:
    """What is left in one namespace; see `everywhere`."""
    space = target.namespace
    records = await listing.records(cluster, space)
    certain = not isinstance(records, Unknown)
    states = {} if isinstance(records, Unknown) else records
    installed = {name for name, one in states.items() if one.status != "uninstalled"}
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
        installed = {name for one in every if one["kind"] in _WORKLOADS and (name := _release_of(one, space)[0])}
    items, foreign = [], []
    for one in every:
        release, group, proof = _release_of(one, space)
        if not release:
            if not one["metadata"].get("ownerReferences") and manifests.label(one) not in _ALWAYS:
                foreign.append(manifests.label(one))
        elif release in installed:
            foreign.append(manifests.label(one))
        elif target.release in ("", release):
            items.append(_item(one, release, group, proof))
        else:
            foreign.append(manifests.label(one))
    items, unproven = _with_volumes(items, every, volumes, target, installed)
    items = [replace(one, note=_opens(one, items, every)) if one.group == "secret" else one for one in items]
    items.sort(key=lambda one: (one.release, _ORDER.index(one.group), one.kind, one.name))
    if items and not foreign and not hidden and space != "default" and not space.startswith("kube-"):
        items.append(await _space(cluster, space, items[0].release))
    return Leftovers(
        space, tuple(one for one in items if one.uid), unproven, tuple(foreign), tuple(sorted(installed)),
        (*unseen, *hidden), certain,
    )  # fmt: skip


def _release_of(one: Object, space: str) -> tuple[str, str, str]:
    """(release, group, proof) of an object; an empty release means that nothing proves whose it is."""
    meta = one["metadata"]
    labels, notes = meta.get("labels") or {}, meta.get("annotations") or {}
    if meta.get("ownerReferences"):
        return "", "", ""
    if labels.get("owner") == "helm" and labels.get("name"):
        return str(labels["name"]), "record", "helm's own record"
    group = {CLAIM: "data", SECRET: "secret"}.get(one["kind"], "rest")
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
    if one["kind"] == CLAIM and str(labels.get("app.kubernetes.io/managed-by", "Helm")) == "Helm":
        return release, "data", "its label names the release"
    return "", "", ""


def _item(one: Object, release: str, group: str, proof: str) -> Leftover:
    meta = one["metadata"]
    note = "there is no way back by rollback without it" if group == "record" else ""
    note = "it is being deleted already" if meta.get("deletionTimestamp") else note
    return Leftover(
        one["kind"], meta["name"], str(one.get("apiVersion", "")), str(meta.get("uid", "")), release, group, proof, note,
        str(meta.get("creationTimestamp") or ""),
    )  # fmt: skip


async def _volumes(cluster: Cluster, space: str) -> tuple[tuple[Object, ...], tuple[str, ...]]:
    try:
        found = await cluster.list(VOLUME)
    except ClusterError as error:
        needs = f" (needs {error.permission})" if error.permission else f": {error.message}"
        return (), (f"volumes, and whether a claim's data goes with it{needs}",)
    return tuple(one for one in found if (_ref(one).get("namespace")) == space), ()


def _ref(volume: Object) -> Mapping[str, Any]:
    return (volume.get("spec") or {}).get("claimRef") or {}


def _with_volumes(
    items: Sequence[Leftover], every: Iterable[Object], volumes: Iterable[Object], target: Target, installed: set[str]
) -> tuple[list[Leftover], tuple[str, ...]]:
    """The items with what their volumes do, and the volumes whose claim is gone."""
    claims = {str(one["metadata"].get("uid")) for one in every if one["kind"] == CLAIM}
    by_claim = {str(_ref(one).get("uid")): one for one in volumes}
    found = [
        replace(one, note=_fate(by_claim.get(one.uid))) if one.kind == CLAIM and not one.note else one for one in items
    ]
    unproven: list[str] = []
    known = {one.release for one in items} | ({target.release} if target.release else set()) | {DEFAULT_RELEASE}
    for uid, volume in by_claim.items():
        if uid in claims or str((volume.get("status") or {}).get("phase")) == "Bound":
            continue
        claim = str(_ref(volume).get("name"))
        release = _named(claim, known | installed)
        if release in installed:
            continue
        if not release:
            unproven.append(f"{manifests.label(volume)}, which was bound to claim {claim}")
        elif target.release in ("", release):
            proof = f"it was bound to {claim}, which is this release's claim by its name"
            one = _item({**volume, "kind": VOLUME, "apiVersion": "v1"}, release, "data", proof)
            found.append(replace(one, note="its claim is gone; what it holds can still be copied by an administrator"))
    return found, tuple(unproven)


def _fate(volume: Object | None) -> str:
    if volume is None:
        return "its data is lost with it, unless its volume is kept"
    policy = (volume.get("spec") or {}).get("persistentVolumeReclaimPolicy")
    name = volume["metadata"]["name"]
    if policy == "Retain":
        return f"volume {name} stays, with the data (reclaim policy Retain)"
    return f"volume {name} and its data are deleted with it (reclaim policy {policy})"


def _named(claim: str, known: Iterable[str]) -> str:
    """The release whose chart names a claim so; "" when none of those known would."""
    for release in known:
        stem = f"(?:{re.escape(release)}|{re.escape(f'{release}-llm-cost-ops')})"
        if re.fullmatch(rf"(?:data-)?{stem}-(?:{_COMPONENTS})(?:-\d+)?", claim):
            return release
    return ""


def _opens(secret: Leftover, items: Sequence[Leftover], every: Iterable[Object]) -> str:
    """What a Secret is needed for: a claim of the same component that is left too."""
    mine = _component(secret, every)
    held = [one.name for one in items if one.kind == CLAIM and one.release == secret.release]
    needed = [name for name in held if mine and mine in name]
    return f"opens what is in claim {', '.join(needed)}" if needed else secret.note


def _component(secret: Leftover, every: Iterable[Object]) -> str:
    label = next(
        ((one["metadata"].get("labels") or {}).get(_COMPONENT) for one in every if one["metadata"].get("uid") == secret.uid),
        "",
    )  # fmt: skip
    if label:
        return str(label)
    part = secret.name.removeprefix(f"{secret.release}-").partition("-")[0]
    return part if part in ("postgresql", "redis", "grafana") else ""


async def _space(cluster: Cluster, space: str, release: str) -> Leftover:
    try:
        found = await cluster.get(SPACE, space)
    except ClusterError:
        return Leftover(SPACE, space, "v1", "", release, "namespace", "")
    note = "only together with everything that is listed here"
    proof = "nothing of others is in it"
    return replace(_item({**found, "kind": SPACE, "apiVersion": "v1"}, release, "namespace", proof), note=note)


# Choosing and removing


def chosen(found: Leftovers, wanted: Iterable[str]) -> tuple[Leftover, ...]:
    """The items that were named as KIND/NAME; pvc/NAME, pv/NAME and plural kinds are understood.

    Raises:
        Problem: one is not left over, or the namespace is named and something in it is not.
    """
    by_key = {(one.kind.lower(), one.name): one for one in found.items}
    picked: dict[str, Leftover] = {}
    for text in wanted:
        kind, slash, name = text.partition("/")
        if not (slash and name):
            raise Problem(f'--delete "{text}" is not of the form KIND/NAME.', "Write it as the list does.")
        full = _SHORT.get(kind.lower(), kind).lower()
        one = next((by_key[key, name] for key in (full, full.removesuffix("s")) if (key, name) in by_key), None)
        if one is None:
            raise Problem(
                f"{text} is not left over in {found.namespace}: it is not there, or nothing proves that it was this "
                "release's. Nothing was deleted.",
                f"Left are: {', '.join(one.label for one in found.items) or 'nothing'}.",
            )
        picked[one.label] = one
    rest = [one.label for one in found.items if one.label not in picked]
    if any(one.kind == SPACE for one in picked.values()) and rest:
        raise Problem(
            f"Namespace {found.namespace} is not deleted: {', '.join(rest[:6])} would go with it and is not named. "
            "Nothing was deleted.",
            "Name those too, or leave the namespace out.",
        )
    return tuple(sorted(picked.values(), key=lambda one: (_ORDER.index(one.group), one.kind == VOLUME)))


def warnings(found: Leftovers, picked: Sequence[Leftover]) -> tuple[str, ...]:
    """What a person must know first: a Secret that goes while the data that it opens stays."""
    going = {one.name for one in picked if one.kind == CLAIM}
    said = []
    for secret in (one for one in picked if one.kind == SECRET and one.note.startswith("opens ")):
        stays = [name for name in secret.note.rpartition("claim ")[2].split(", ") if name not in going]
        if stays:
            said.append(f"{secret.label} is the only key to claim {', '.join(stays)}, which stays")
    return tuple(said)


async def remove(cluster: Cluster, target: Target, picked: Sequence[Leftover]) -> AsyncIterator[Removal]:
    """Delete what was named, after proving once more that each is the same object and still nobody's.

    Raises:
        Problem: something is another object by now, or may not be deleted; then nothing was deleted.
    """
    now = await look(cluster, target)
    if not now.certain:
        raise Problem(f"Nothing was deleted: {now.unseen[0]} cannot be seen.", "Ask for that right.", Exit.UNKNOWN)
    there = {(one.label, one.uid) for one in now.items}
    if lost := [one.label for one in picked if (one.label, one.uid) not in there]:
        raise Problem(f"Nothing was deleted: {', '.join(lost)} is not what was shown any more.", "Look again.")
    kinds = {one.kind: one for one in picked}
    space = target.namespace
    where = {kind: "" if kind in (VOLUME, SPACE) else space for kind in kinds}
    may = await asyncio.gather(*(cluster.may("delete", kind, where[kind]) for kind in kinds))
    if refused := [kind for kind, allowed in zip(kinds, may, strict=True) if not allowed]:
        raise Problem(
            f"Nothing was deleted: you may not delete {', '.join(f'{kind} objects' for kind in refused)} in {space}.",
            "Ask for that right, or leave them out.",
        )
    for one in picked:
        yield await _remove(cluster, one, where[one.kind])


async def _remove(cluster: Cluster, one: Leftover, space: str) -> Removal:
    try:
        await cluster.delete(one.kind, one.name, space, one.api_version, uid=one.uid)
    except ClusterError as error:
        if error.kind == "not-found":
            return Removal(one, "gone", "somebody deleted it before")
        return Removal(one, "failed", error.message)
    try:
        for _ in range(1 if one.kind == SPACE else _LOOKS):
            if not await _there(cluster, one, space):
                return Removal(one, "deleted")
            await asyncio.sleep(_LOOK_EACH)
    except ClusterError as error:
        return Removal(one, "going", error.message)
    said = "Kubernetes removes what is in it first" if one.kind == SPACE else "something uses it still"
    return Removal(one, "going", f"it is being deleted; {said}")


async def _there(cluster: Cluster, one: Leftover, space: str) -> bool:
    try:
        found = await cluster.get(one.kind, one.name, space, one.api_version)
    except ClusterError as error:
        if error.kind == "not-found":
            return False
        raise
    return str(found["metadata"].get("uid")) == one.uid
