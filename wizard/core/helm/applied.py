"""Whether live objects match a revision, compared where its manifest differs from those of earlier revisions. Pure.

Only these differences are compared, so that defaults of the API server and fields of other managers do not count.
Secrets are not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.helm import plan
from wizard.core.kube import quantity
from wizard.core.kube.objects import Object
from wizard.core.text import sanitize

Key = tuple[str, str, str, str]
"""Group, kind, namespace and name."""

_MAPS: Final = frozenset({"env", "args", "command", "volumes", "volumeMounts", "labels", "annotations", "data"})
"""Fields whose removed entries are compared; elsewhere the API server puts a default in place of a removed entry."""
_NOT_COMPARED: Final = frozenset({("spec", "replicas"), ("status",), ("metadata", "namespace")})
"""An autoscaler may own the number of replicas."""


@dataclass(frozen=True)
class Applied:
    """Which objects of a revision are live, each as Kind/name. `hidden` says why nothing is known, "" otherwise."""

    there: tuple[str, ...] = ()
    """They match the revision, or it does not change them."""
    changed: tuple[str, ...] = ()
    """Those of `there` that the revision changes."""
    before: tuple[str, ...] = ()
    """They are unchanged from before, or do not exist."""
    unsure: tuple[str, ...] = ()
    """They match neither, or cannot be read."""
    recorded: bool = True
    """Whether helm recorded the revision."""
    hidden: str = ""

    @property
    def whole(self) -> bool:
        """Whether all of the revision is live."""
        return self.recorded and not (self.before or self.unsure or self.hidden)

    @property
    def nothing(self) -> bool:
        """Whether none of its changes is live."""
        return not self.recorded or bool(self.before and not self.changed and not self.unsure and not self.hidden)


@dataclass(frozen=True)
class Wanted:
    """The objects of a revision, and those of the revisions that may have been live before it."""

    new: Mapping[Key, Object]
    before: Sequence[Mapping[Key, Object]]
    status: str = ""
    """Helm's status of the revision."""

    def differing(self) -> tuple[Key, ...]:
        """The objects that the revision creates, changes or removes."""
        removed = {key for objects in self.before for key in objects} - self.new.keys()
        changed = [key for key, obj in self.new.items() if self._is_new(key) or any(self._paths(key, obj))]
        return (*changed, *sorted(key for key in removed if not _kept(self._old(key))))

    def compare(self, live: Mapping[Key, Object | None], only: Collection[str] = ()) -> Applied:
        """How much of the revision is live.

        Args:
            live: the live object of each differing one, None when it does not exist; one without an entry is hidden.
            only: kinds to compare; all when empty.
        """
        unchanged: list[str] = []
        changed: list[str] = []
        before: list[str] = []
        unsure: list[str] = []
        differing = set(self.differing())
        for key in (*self.new, *(key for key in differing if key not in self.new)):
            label = f"{key[1]}/{key[3]}"
            if only and key[1] not in only:
                continue
            if key not in differing:
                unchanged.append(label)
            elif key not in live:
                unsure.append(label)
            else:
                state = self._state(key, live[key])
                (changed if state == "new" else before if state == "before" else unsure).append(label)
        return Applied((*unchanged, *changed), tuple(changed), tuple(before), tuple(unsure))

    def _state(self, key: Key, live: Object | None) -> str:
        if key not in self.new:
            return "new" if live is None else "before"
        if live is None:
            ends = key[1] == "Job" and (self.new[key].get("spec") or {}).get("ttlSecondsAfterFinished") is not None
            return "new" if ends else "before"  # a finished Job may have been removed by its TTL
        leaves, state = dict(_leaves(live)), "new"
        for path, new, old in self._paths(key, self.new[key]):
            now = leaves.get(path)
            if _same(path, now, new):
                continue
            if any(_same(path, now, value) for value in old):
                return "before"
            state = "unsure"
        return state

    def _is_new(self, key: Key) -> bool:
        return not any(key in objects for objects in self.before)

    def _old(self, key: Key) -> Object:
        return next(objects[key] for objects in self.before if key in objects)

    def _paths(self, key: Key, new: Object) -> Iterator[tuple[tuple[str, ...], Any, list[Any]]]:
        """The paths in which the object differs from an earlier one, with the new value and the old ones."""
        mine, old = dict(_leaves(new)), [dict(_leaves(objects[key])) for objects in self.before if key in objects]
        for path in dict.fromkeys((*mine, *(path for leaves in old for path in leaves if _MAPS & {*path}))):
            values = [leaves.get(path) for leaves in old]
            if any(not _same(path, value, mine.get(path)) for value in values):
                yield path, mine.get(path), values


def wanted(new: Iterable[Object], before: Iterable[Iterable[Object]], namespace: str, status: str = "") -> Wanted:
    """The objects to compare, without hooks and Secrets."""
    return Wanted(_by_key(new, namespace), [_by_key(objects, namespace) for objects in before], status)


def _by_key(objects: Iterable[Object], namespace: str) -> dict[Key, Object]:
    return {
        plan.identity(obj, namespace): obj
        for obj in objects
        if obj.get("kind") != "Secret" and not plan.hook_events(obj)
    }


def _kept(obj: Object) -> bool:
    return bool(((obj.get("metadata") or {}).get("annotations") or {}).get("helm.sh/resource-policy"))


def _leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value with its path; a list item is identified by its name where all have one, else by its index."""
    if path in _NOT_COMPARED:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, (*path, str(key)))
    elif isinstance(node, list):
        named = all(isinstance(item, Mapping) and item.get("name") for item in node)
        for number, item in enumerate(node):
            yield from _leaves(item, (*path, str(item["name"]) if named else str(number)))
    elif node not in (None, "", False, 0):  # the API server drops these
        yield path, node


def _same(path: tuple[str, ...], left: Any, right: Any) -> bool:
    if left == right or str(left) == str(right):
        return True
    if quantity.FIELDS.intersection(path) and quantity.equal(left, right):
        return True
    # Live objects were sanitised, manifests were not.
    texts = [sanitize.text(value, len(value) + 1) if isinstance(value, str) else value for value in (left, right)]
    return texts[0] == texts[1]
