"""The patch of helm's client-side apply: a three-way merge of old manifest, new manifest and live object.

Built-in kinds get a strategic merge patch, others a JSON merge patch of the two manifests, as in helm
(helm 3 always, helm 4 for releases that were created that way; helm pkg/kube/client.go createPatch).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.core.kube.objects import Object

Where = tuple[str, ...]
_GROUPS: Final = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io",
    "autoscaling", "batch", "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions",
    "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
    "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
})  # fmt: skip
"""The API groups whose types helm knows: it merges their lists by key."""
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_IN_POD: Final[Mapping[str, str]] = {
    **dict.fromkeys((*_CONTAINERS, "volumes", "imagePullSecrets", "schedulingGates", "resourceClaims"), "name"),
    "hostAliases": "ip", "topologySpreadConstraints": "topologyKey",
}  # fmt: skip
_IN_CONTAINER: Final[Mapping[str, str]] = {
    "ports": "containerPort", "env": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
}  # fmt: skip
_PRIMITIVE: Final = frozenset({"finalizers"})
_RETAIN: Final = frozenset({"strategy", "volumes", "resourceClaims"})
"""Maps (or items of lists) in which a key that is no longer given is removed, no matter who set it."""


def is_builtin(obj: Object) -> bool:
    """Whether helm knows the object's type."""
    group, slash, _ = str(obj.get("apiVersion", "")).rpartition("/")
    return (group if slash else "") in _GROUPS


def list_key(kind: str, where: Where) -> str:
    """The field that identifies the items of a list ("" for a list that is replaced as a whole)."""
    name, parent = where[-1], where[-2] if len(where) > 1 else ""
    if parent in _CONTAINERS:
        return _IN_CONTAINER.get(name, "")
    if parent == "spec":
        if kind == "Service":
            return "port" if name == "ports" else ""
        return _IN_POD.get(name, "")
    if kind == "ServiceAccount" and where in (("secrets",), ("imagePullSecrets",)):
        return "name"
    if where == ("metadata", "ownerReferences"):
        return "uid"
    if where == ("webhooks",):
        return "name"
    return ""


def patch(old: Object | None, new: Object, live: Object) -> dict[str, Any]:
    """The patch that helm sends for an existing object; empty when it sends none.

    `old` is None for an object that the release takes over: then helm starts from the live object.
    """
    before = live if old is None else old
    if not is_builtin(new):
        return _json_merge(before, new)
    return _three_way(str(new["kind"]), before, new, live, ())


def _json_merge(old: Object, new: Object) -> dict[str, Any]:
    result: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key in old and isinstance(value, Mapping) and isinstance(old[key], Mapping):
            if inner := _json_merge(old[key], value):
                result[key] = inner
        elif key not in old or old[key] != value:
            result[key] = value
    return result


def _three_way(kind: str, old: Object, new: Object, live: Object, where: Where) -> dict[str, Any]:
    result: dict[str, Any] = {key: None for key in old if key not in new and key in live}
    for key, value in new.items():
        at = (*where, str(key))
        was, now = old.get(key), live.get(key)
        if value is None:
            if now is not None:
                result[key] = None
        elif isinstance(value, Mapping) and isinstance(now, Mapping):
            inner = _three_way(kind, was if isinstance(was, Mapping) else {}, value, now, at)
            if inner:
                result[key] = inner | ({"$retainKeys": list(value)} if key in _RETAIN else {})
        elif isinstance(value, list) and isinstance(now, list) and (by := list_key(kind, at)):
            result |= _keyed(kind, (was if isinstance(was, list) else [], value, now), at, by)
        elif isinstance(value, list) and isinstance(now, list) and key in _PRIMITIVE:
            result |= _primitives(was if isinstance(was, list) else [], value, now, str(key))
        elif value != now:
            result[key] = value
    return result


def _keyed(kind: str, lists: tuple[Sequence[Any], Sequence[Any], Sequence[Any]], at: Where, by: str) -> dict[str, Any]:
    old, new, live = ({item.get(by): item for item in side if isinstance(item, Mapping)} for side in lists)
    items: list[dict[str, Any]] = []
    for key, value in new.items():
        if key not in live:
            items.append(dict(value))
        elif inner := _three_way(kind, old.get(key, {}), value, live[key], at):
            retain = {"$retainKeys": list(value)} if at[-1] in _RETAIN else {}
            items.append({**inner, by: key, **retain})
    items += [{"$patch": "delete", by: key} for key in old if key not in new and key in live]
    kept = [key for key in live if key in new]
    if not items and kept == list(new):
        return {}
    order = {f"$setElementOrder/{at[-1]}": [{by: key} for key in new]}
    return {at[-1]: items, **order} if items else order


def _primitives(old: Sequence[Any], new: Sequence[Any], live: Sequence[Any], name: str) -> dict[str, Any]:
    added = [value for value in new if value not in live]
    gone = [value for value in old if value not in new and value in live]
    result: dict[str, Any] = {name: added} if added else {}
    return result | ({f"$deleteFromPrimitiveList/{name}": gone} if gone else {})
