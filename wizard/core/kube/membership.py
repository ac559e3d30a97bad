"""Which objects belong to a release, and which events are about them. Pure; an object is the API's own dictionary."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, ObjectEvent
from wizard.core.text import sanitize

_COMMAND: Final = re.compile(r"(command(?: timed out:)? [\"'])(.*)(?=[\"'])")
_COMMAND_WORDS: Final = 60
_INSTANCE: Final = "app.kubernetes.io/instance"
_RELEASE: Final = "meta.helm.sh/release-name"
_RELEASE_NAMESPACE: Final = "meta.helm.sh/release-namespace"


def of(every: Mapping[str, Object], release: str, namespace: str) -> dict[str, Object]:
    """The objects of the release among all (by uid): by Helm's annotations, else the instance label, else an owner."""
    decided: dict[str, bool] = {}

    def belongs(uid: str) -> bool:
        if uid not in decided:
            obj = every[uid]
            decided[uid] = False  # owner references may form a cycle
            owners = obj["metadata"].get("ownerReferences") or ()
            decided[uid] = _is_ours(obj, release, namespace) or any(
                str(owner.get("uid")) in every and belongs(str(owner["uid"])) for owner in owners
            )
        return decided[uid]

    return {uid: obj for uid, obj in every.items() if belongs(uid)}


def is_marked(obj: Object) -> bool:
    """Whether it tells itself to which release it belongs, so that its owners are not asked."""
    meta = obj["metadata"]
    return _RELEASE in (meta.get("annotations") or {}) or _INSTANCE in (meta.get("labels") or {})


def _is_ours(obj: Object, release: str, namespace: str) -> bool:
    meta = obj["metadata"]
    annotations = meta.get("annotations") or {}
    if annotations.get(_RELEASE) is not None:
        owner_namespace = annotations.get(_RELEASE_NAMESPACE, namespace)
        return bool(annotations[_RELEASE] == release and owner_namespace == namespace)
    return bool((meta.get("labels") or {}).get(_INSTANCE) == release)


def object_events(events: Iterable[Object], members: Mapping[str, Object]) -> list[ObjectEvent]:
    """The events about these objects, and about pods of theirs that lost their place and are gone; oldest first."""
    result = []
    for raw in events:
        about = raw.get("involvedObject") or raw.get("regarding") or {}
        gone = raw.get("reason") in LOST_PLACE and about.get("kind") == "Pod"
        if str(about.get("uid", "")) in members or (gone and maker_of(str(about.get("name")), members.values())):
            result.append(object_event(raw, about))
    return sorted(result, key=lambda event: event.time)


LOST_PLACE: Final = ("Preempted", "TaintManagerEviction")
"""Reasons of events that say why a pod was deleted; the pod is mostly gone by the time they are read."""


def maker_of(name: str, objects: Iterable[Object]) -> Object | None:
    """The controller among these that names its pods like this one; None when there is none."""
    for maker in objects:
        kind = maker.get("kind")
        if kind in ("ReplicaSet", "StatefulSet", "DaemonSet", "Job"):
            suffix = r"\d+" if kind == "StatefulSet" else r"[a-z0-9]{5}"
            if re.fullmatch(rf"{re.escape(str(maker['metadata']['name']))}-{suffix}", name):
                return maker
    return None


def object_event(raw: Object, about: Mapping[str, Any]) -> ObjectEvent:
    """An event in either shape of the API (v1 or events.k8s.io)."""
    series = raw.get("series") or {}
    field = str(about.get("fieldPath") or "")
    when = (
        series.get("lastObservedTime")
        or raw.get("lastTimestamp")
        or raw.get("deprecatedLastTimestamp")
        or raw.get("eventTime")
        or raw.get("firstTimestamp")
        or status.created(raw)
    )
    return ObjectEvent(
        str(about.get("uid", "")),
        str(about.get("kind", "")),
        str(about.get("name", "")),
        str(raw.get("type") or "Normal"),
        str(raw.get("reason") or ""),
        _one_line(str(raw.get("message") or raw.get("note") or "")),
        int(series.get("count") or raw.get("count") or raw.get("deprecatedCount") or 1),
        str(when),
        field.partition("{")[2].rstrip("}"),
    )


def _one_line(message: str) -> str:
    """An event's message without line breaks; a probe's command in it is cut to its first words."""
    return _COMMAND.sub(lambda match: match[1] + sanitize.shorten(match[2], _COMMAND_WORDS), " ".join(message.split()))
