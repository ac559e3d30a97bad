"""A plan: the current manifest, the next one and the live objects, compared per object, with the effect of each change.

The next state of an object comes from the API server's dry run, so that its defaults are on both sides and cause no
differences. Secrets are sealed (core/masking); a plan shows only that they change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from wizard.core.kube import conflicts, field_path, merge_patch, quantity
from wizard.core.kube.objects import Object
from wizard.core.text.masking import SEALED, masked_field
from wizard.core.text.redaction import hide
from wizard.core.text.secrets import Redactor
from wizard.core.text.words import counted

Change = Literal["created", "changed", "unchanged", "removed", "kept", "refused", "unknown"]
Restart = Literal["", "rolling", "recreate", "on-delete"]

HIDDEN: Final = "(secret)"
"""Shown for both sides of a Secret's changed value."""
ABSENT: Final = None
"""The side on which a field is absent; an object on the server has no null fields."""

TAKEN: Final = "it is there already"
"""How the refusal of an object with another owner starts."""
_BRIEF: Final = 40
"""Characters that are shown of a value that is taken over; the fields have it whole."""
_SERVERS_OWN: Final = frozenset({
    "managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink", "deletionTimestamp",
    "deletionGracePeriodSeconds",
})  # fmt: skip
_SERVERS_NOTES: Final = frozenset({"deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation"})
_TEMPLATED: Final = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_KEEP: Final = ("helm.sh/resource-policy", "keep")


NOT_ROLLED_BACK: Final = (
    "data in volumes and databases: it stays as it is now",
    "a database schema that a newer version migrated",
    "Secrets that the wizard or another person made, and what was written into them",
    "claims: their size and class stay as they are",
    "custom resource definitions (CRDs)",
)
"""What helm does not roll back, the most harmful first."""


@dataclass(frozen=True)
class Field:
    """One field that differs: its path as a person writes it, and both sides (ABSENT where it is absent)."""

    path: str
    old: Any
    new: Any

    def to_data(self) -> dict[str, Any]:
        """JSON-ready; an absent side has no key."""
        sides = {"old": self.old, "new": self.new}
        return {"path": self.path, **{name: value for name, value in sides.items() if value is not ABSENT}}


@dataclass(frozen=True)
class Refusal:
    """A refusal of the API server: the field's path ("" for the whole object) and its message."""

    path: str
    words: str


@dataclass(frozen=True)
class Takeover:
    """A field that another field manager owns and that helm takes over: its path as in `Field`, and the manager's name."""

    path: str
    manager: str


@dataclass(frozen=True)
class ObjectPlan:
    """What would happen to one object."""

    kind: str
    name: str
    namespace: str
    api_version: str
    change: Change
    fields: tuple[Field, ...] = ()
    restart: Restart = ""
    refusals: tuple[Refusal, ...] = ()
    drift: tuple[Field, ...] = ()
    """Where the live object (new) differs from the manifest of the deployed revision (old)."""
    note: str = ""
    taken: tuple[Takeover, ...] = ()
    """The conflicts of server-side apply that --force-conflicts decides for helm."""

    @property
    def label(self) -> str:
        """Kind/name."""
        return f"{self.kind}/{self.name}"

    @property
    def conflicts(self) -> tuple[Refusal, ...]:
        """The refusals that --force-conflicts overrides."""
        return tuple(refusal for refusal in self.refusals if conflicts.owner(refusal.words))

    @property
    def takeovers(self) -> tuple[str, ...]:
        """A line for each field that is taken over: "spec.replicas: taken over from kubectl: 3 -> 2"."""
        sides = {
            field.path: f": {_brief(field.old)} -> {_brief(field.new)}"
            for field in self.fields
            if field.old != field.new
        }
        return tuple(
            f"{taken.path}: taken over from {taken.manager}{sides.get(taken.path, '')}" for taken in self.taken
        )

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "kind": self.kind, "name": self.name, "namespace": self.namespace, "api_version": self.api_version,
            "change": self.change, "restart": self.restart, "note": self.note,
            "fields": [field.to_data() for field in self.fields],
            "refusals": [{"path": refusal.path, "words": refusal.words} for refusal in self.refusals],
            "drift": [field.to_data() for field in self.drift],
            "taken_over": [{"path": taken.path, "manager": taken.manager} for taken in self.taken],
        }  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What an operation would do. `base` is the revision that it starts from; 0 when there is none."""

    operation: str
    context: str
    namespace: str
    release: str
    base: int
    last: int
    """The newest revision; it is not the base when it failed."""
    objects: tuple[ObjectPlan, ...]
    chart: str = ""
    method: str = ""
    """How helm will write: "apply" (server-side) or "patch" (client-side three-way merge)."""
    hooks: tuple[str, ...] = ()
    """Hooks that run: "Kind/name (events)"."""
    unseen: tuple[str, ...] = ()
    """What could not be read, and which right would allow it."""
    warnings: tuple[str, ...] = ()
    """What a person must know before they confirm: a downgrade, a controller that would undo it."""
    downgrade: str = ""
    """The warning when the chart version is older; then the release's name must be typed."""
    owner: str = ""
    """The GitOps controller that owns the release; then the wizard changes nothing."""
    inputs: str = ""
    """A hash of values, chart and target."""
    rendered: str = ""
    """A hash of the rendered objects (`digest`), to compare the stored manifest with afterwards."""
    cluster_uid: str = ""
    """The uid of kube-system of the planned cluster; "" when it was hidden."""

    def warning(self, sentence: str) -> Plan:
        """The plan with one more warning; unchanged for ""."""
        return replace(self, warnings=(*self.warnings, sentence)) if sentence else self

    @property
    def changes(self) -> tuple[ObjectPlan, ...]:
        """The objects that would be changed, or are refused."""
        return tuple(obj for obj in self.objects if obj.change in ("created", "changed", "removed", "refused"))

    @property
    def refused(self) -> tuple[ObjectPlan, ...]:
        """The objects that the API server refuses."""
        return tuple(obj for obj in self.objects if obj.change == "refused")

    @property
    def drifted(self) -> tuple[ObjectPlan, ...]:
        """The objects that were changed without helm."""
        return tuple(obj for obj in self.objects if obj.drift)

    @property
    def conflicts(self) -> tuple[ObjectPlan, ...]:
        """The objects that are refused for fields of other managers, which --force-conflicts would take over."""
        return tuple(obj for obj in self.objects if obj.conflicts)

    @property
    def takes(self) -> str:
        """What is taken over from other managers in words: "2 fields from kubectl, kubectl-edit"; "" for nothing."""
        taken = [taken for obj in self.objects for taken in obj.taken]
        managers = ", ".join(dict.fromkeys(each.manager for each in taken))
        return f"{counted(len(taken), 'field')} from {managers}" if taken else ""

    @property
    def hash(self) -> str:
        """A hash of the inputs, the newest revision and the planned changes."""
        whole = [self.inputs, self.operation, self.context, self.cluster_uid, self.namespace, self.release, self.last]
        objects = [obj.to_data() for obj in self.objects]
        return hashlib.sha256(json.dumps([whole, objects], sort_keys=True, default=str).encode()).hexdigest()[:16]

    @property
    def step(self) -> str:
        """The current and the next revision in words."""
        return f"revision {self.last} -> {self.last + 1}" if self.last else "revision 1"

    @property
    def counted(self) -> str:
        """The number of objects per change, in words."""
        return ", ".join(f"{count} {name}" for name, count in self.counts().items()) or "no objects"

    def counts(self) -> dict[str, int]:
        """The number of objects per change, the most important change first, without zeros."""
        order = ("refused", "removed", "changed", "created", "kept", "unknown", "unchanged")
        totals = {name: sum(obj.change == name for obj in self.objects) for name in order}
        return {name: count for name, count in totals.items() if count}

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, without secrets."""
        return {
            "operation": self.operation,
            "target": {"context": self.context, "namespace": self.namespace, "release": self.release},
            "cluster_uid": self.cluster_uid, "chart": self.chart, "base_revision": self.base, "last_revision": self.last, "method": self.method,
            "hash": self.hash, "counts": self.counts(), "objects": [obj.to_data() for obj in self.objects],
            "hooks": list(self.hooks), "unseen": list(self.unseen),
            "warnings": list(self.warnings), "owner": self.owner,
        }  # fmt: skip


def difference(before: Plan, after: Plan) -> tuple[str, ...]:
    """What differs between two plans of the same answers, one sentence each; empty when nothing does."""
    sentences = []
    if before.cluster_uid and after.cluster_uid and before.cluster_uid != after.cluster_uid:
        sentences.append(f"the context {after.context} reaches another cluster now")
    if before.last != after.last:
        sentences.append(f"the release is at revision {after.last} now, it was at {before.last}")
    if before.inputs != after.inputs:
        sentences.append("the values or the chart have changed")
    old = {_key(obj): obj for obj in before.objects}
    new = {_key(obj): obj for obj in after.objects}
    for key in [*old, *(key for key in new if key not in old)]:
        was, now = old.get(key), new.get(key)
        if was is None and now is not None:
            sentences.append(f"{now.label}: {now.change} now, it was not there")
        elif now is None and was is not None:
            sentences.append(f"{was.label}: not there any more, it was {was.change}")
        elif was and now and was.change != now.change:
            sentences.append(f"{now.label}: {now.change} now, it was {was.change}")
        elif was and now and was != now:
            sentences.append(
                f"{now.label}: other fields than before ({', '.join(field.path for field in now.fields[:3])})"
            )
    return tuple(sentences)


# Manifests


def _key(obj: ObjectPlan) -> tuple[str, str, str]:
    return obj.kind, obj.namespace, obj.name


def identity(obj: Object, namespace: str) -> tuple[str, str, str, str]:
    """(group, kind, namespace, name): helm's identity of an object."""
    metadata = obj.get("metadata") or {}
    group, slash, _ = str(obj.get("apiVersion", "")).rpartition("/")
    return (
        group if slash else "",
        str(obj.get("kind")),
        str(metadata.get("namespace") or namespace),
        str(metadata.get("name")),
    )


def objects_of(documents: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    """The objects of a manifest's documents, with Lists unpacked."""
    result: list[dict[str, Any]] = []
    for document in documents:
        if not isinstance(document, dict) or not document.get("kind"):
            continue
        if str(document["kind"]).endswith("List") and isinstance(document.get("items"), list):
            result += objects_of(document["items"])
        elif isinstance(document.get("metadata"), Mapping):
            result.append(document)
    return tuple(result)


def digest(objects: Iterable[Object]) -> str:
    """A hash of rendered objects; only the names of Secrets count, as a chart may generate new passwords each time."""
    plain = [
        {"kind": "Secret", "name": (obj.get("metadata") or {}).get("name")} if obj.get("kind") == "Secret" else obj
        for obj in objects
        if not hook_events(obj)
    ]
    texts = sorted(json.dumps(obj, sort_keys=True, default=str) for obj in plain)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def hook_events(obj: Object) -> tuple[str, ...]:
    """The events at which a rendered object runs as a hook; empty for an object that is not a hook."""
    notes = (obj.get("metadata") or {}).get("annotations") or {}
    return tuple(part.strip() for part in str(notes.get("helm.sh/hook", "")).split(",") if part.strip())


def is_kept(obj: Object) -> bool:
    """Whether helm keeps the object instead of deleting it (resource policy keep)."""
    notes = (obj.get("metadata") or {}).get("annotations") or {}
    return str(notes.get(_KEEP[0], "")).strip().lower() == _KEEP[1]


def with_owner(obj: Object, release: str, namespace: str) -> dict[str, Any]:
    """The object with the label and annotations that helm adds before it sends it."""
    metadata = dict(obj.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), "app.kubernetes.io/managed-by": "Helm"}
    owner = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **owner}
    return {**obj, "metadata": metadata}


def foreign_owner(live: Object, release: str, namespace: str) -> str:
    """Why helm refuses to take over an existing object; "" when it takes it over."""
    metadata = live.get("metadata") or {}
    notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    owner = (notes.get("meta.helm.sh/release-name"), notes.get("meta.helm.sh/release-namespace"))
    if owner == (release, namespace) and labels.get("app.kubernetes.io/managed-by") == "Helm":
        return ""
    if owner[0]:
        return f"{TAKEN} and belongs to release {owner[0]} in namespace {owner[1]}"
    return f"{TAKEN} and was not made by helm"


# Comparing


def fields(old: Object, new: Object, *, kind: str = "") -> tuple[Field, ...]:
    """The differing fields of two objects with the server's defaults; without server-owned metadata and the status."""
    kind = kind or str(new.get("kind") or old.get("kind") or "")
    return tuple(_hide(kind, field) for field in _differences(kind, _plain(old), _plain(new), ()))


def _plain(obj: Object) -> dict[str, Any]:
    result = {key: value for key, value in obj.items() if key not in ("status", "apiVersion", "kind")}
    metadata = {key: value for key, value in (obj.get("metadata") or {}).items() if key not in _SERVERS_OWN}
    notes = {
        key: value for key, value in (metadata.pop("annotations", None) or {}).items() if key not in _SERVERS_NOTES
    }
    result["metadata"] = {**metadata, **({"annotations": notes} if notes else {})}
    return result


def _hide(kind: str, field: Field) -> Field:
    sides = (field.old, field.new)
    if kind == "Secret" and any(isinstance(side, str) and side.startswith(SEALED) for side in sides):
        return Field(field.path, *(HIDDEN if side else side for side in sides))
    return field


Where = tuple[str, ...]


def _differences(kind: str, old: Any, new: Any, where: Where) -> Iterator[Field]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _differences(kind, old.get(key), new.get(key), (*where, str(key)))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(kind, old, new, where)
    elif isinstance(old, Mapping) and new is ABSENT and old:
        for key in old:
            yield from _differences(kind, old[key], ABSENT, (*where, str(key)))
    elif isinstance(new, Mapping) and old is ABSENT and new:
        for key in new:
            yield from _differences(kind, ABSENT, new[key], (*where, str(key)))
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield Field(field_path.text(where), old, new)


def _lists(kind: str, old: list[Any], new: list[Any], where: Where) -> Iterator[Field]:
    by = _by(kind, where, old, new)
    if by:
        left, right = ({item[by]: item for item in items} for items in (old, new))
        for key in [*left, *(key for key in right if key not in left)]:
            yield from _differences(kind, left.get(key), right.get(key), (*where, f"[{key}]"))
        if [key for key in left if key in right] != [key for key in right if key in left]:
            yield Field(field_path.text(where), list(left), list(right))
        return
    for at in range(max(len(old), len(new))):
        yield from _differences(kind, _at(old, at), _at(new, at), (*where, f"[{at}]"))


def _at(items: list[Any], at: int) -> Any:
    return items[at] if at < len(items) else ABSENT


def _by(kind: str, where: Where, old: list[Any], new: list[Any]) -> str:
    """The key that identifies the items of both lists; "" when there is none."""
    plain = tuple(part for part in where if not part.startswith("["))
    by = merge_patch.list_key(kind, plain)
    for key in dict.fromkeys(filter(None, (by, "name"))):
        if all(
            all(isinstance(item, Mapping) and key in item for item in items)
            and len({str(item[key]) for item in items}) == len(items)
            for items in (old, new)
        ):
            return key
    return ""


def drift(stored: Object, live: Object) -> tuple[Field, ...]:
    """The fields of a live object that differ from its manifest; fields that the manifest does not set are ignored.

    Both are sealed. Quantities are compared as amounts, and an empty value counts as absent.
    """
    kind = str(stored.get("kind") or "")
    wanted = {key: value for key, value in stored.items() if key not in ("apiVersion", "kind", "status")}
    metadata = {
        key: value for key, value in (wanted.pop("metadata", None) or {}).items() if key in ("labels", "annotations")
    }
    differing = [
        *_drifted(kind, metadata, live.get("metadata") or {}, ("metadata",)),
        *_drifted(kind, wanted, live, ()),
    ]
    return tuple(_hide(kind, field) for field in differing)


def _drifted(kind: str, wanted: Any, live: Any, where: Where) -> Iterator[Field]:
    if isinstance(wanted, Mapping) and (isinstance(live, Mapping) or not live):
        for key, value in wanted.items():
            yield from _drifted(kind, value, (live or {}).get(key), (*where, str(key)))
    elif isinstance(wanted, list) and isinstance(live, list):
        by = _by(kind, where, wanted, live)
        if by:
            live_items = {item[by]: item for item in live}
            for item in wanted:
                yield from _drifted(kind, item, live_items.get(item[by]), (*where, f"[{item[by]}]"))
            wanted_keys = {item[by] for item in wanted}
            for key, item in live_items.items():
                if key not in wanted_keys:
                    yield Field(field_path.text((*where, f"[{key}]")), ABSENT, _short(item))
        else:
            for at in range(max(len(wanted), len(live))):
                yield from _drifted(kind, _at(wanted, at), _at(live, at), (*where, f"[{at}]"))
    elif not _same(wanted, live, where):
        yield Field(field_path.text(where), wanted if wanted not in ([], {}) else ABSENT, live)


def _short(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {key: value for key, value in item.items() if isinstance(value, str | int)}


def _same(wanted: Any, live: Any, where: Where) -> bool:
    if wanted == live:
        return True
    if live is ABSENT:
        return not wanted
    if wanted in (None, "", [], {}):
        return live in (None, "", [], {})
    if quantity.FIELDS.intersection(where) and quantity.equal(wanted, live):
        return True
    # A text that YAML reads as another type (1.10, yes) is read in the same way by helm and the server.
    return isinstance(live, str) and not isinstance(wanted, str | bool | Mapping | list) and str(wanted) == live


# One object


def updated(
    obj: Object,
    live: Object,
    after: Object,
    drifted: tuple[Field, ...],
    namespace: str,
    taken: tuple[Takeover, ...] = (),
) -> ObjectPlan:
    """The plan of an existing object: `after` is the server's dry run of the change."""
    differing = fields(live, after)
    plan = _named(obj, namespace, "changed" if differing else "unchanged", differing)
    return replace(plan, restart=_restart(str(obj["kind"]), differing, after), drift=drifted, taken=taken)


def takeovers(refusals: Iterable[Refusal]) -> tuple[Takeover, ...]:
    """What is taken over where these refusals are overridden; empty when one of them is no conflict."""
    owners = {refusal: conflicts.owner(refusal.words) for refusal in refusals}
    if not all(owners.values()):
        return ()
    return tuple(Takeover(conflicts.path(refusal.path), owner) for refusal, owner in owners.items())


def autoscaled(objects: Iterable[ObjectPlan]) -> tuple[str, ...]:
    """A sentence for each object whose number of pods is taken over from an autoscaler."""
    return tuple(
        f"{obj.label}: an autoscaler ({taken.manager}) sets its replicas and will set them again: leave replicas out of the "
        "values, or turn the autoscaler off"
        for obj in objects
        for taken in obj.taken
        if conflicts.is_autoscaled(f".{taken.path}", taken.manager)
    )


def simple(
    obj: Object, namespace: str, change: Change, *, note: str = "", refusals: Sequence[Refusal] = (),
    drifted: tuple[Field, ...] = (),
) -> ObjectPlan:  # fmt: skip
    """The plan of an object without fields to show."""
    return replace(_named(obj, namespace, change, ()), note=note, refusals=tuple(refusals), drift=drifted)


def _named(obj: Object, namespace: str, change: Change, differing: tuple[Field, ...]) -> ObjectPlan:
    _, kind, where, name = identity(obj, namespace)
    return ObjectPlan(kind, name, where, str(obj.get("apiVersion", "")), change, differing)


def _restart(kind: str, differing: Iterable[Field], after: Object) -> Restart:
    if kind not in _TEMPLATED or not any(field.path.startswith("spec.template.") for field in differing):
        return ""
    spec = after.get("spec") or {}
    how = (spec.get("strategy") if kind == "Deployment" else spec.get("updateStrategy")) or {}
    return {"Recreate": "recreate", "OnDelete": "on-delete"}.get(str(how.get("type")), "rolling")  # type: ignore[return-value] # the three words of Restart


def _brief(value: Any) -> str:
    text = "(none)" if value is ABSENT else value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}..."


_ORDER: Final = ("refused", "removed", "changed", "created", "kept", "unknown", "unchanged")


def sort(objects: Iterable[ObjectPlan]) -> tuple[ObjectPlan, ...]:
    """The most important changes first, then by kind and name."""
    return tuple(sorted(objects, key=lambda obj: (_ORDER.index(obj.change), obj.kind, obj.name)))


def with_stale(objects: Sequence[ObjectPlan], users: Mapping[tuple[str, str], Sequence[str]]) -> tuple[ObjectPlan, ...]:
    """The plans with a note on each ConfigMap or Secret that changes without a restart of the pods that read it.

    Args:
        objects: the plans.
        users: (kind, name) of a ConfigMap or Secret -> "Kind/name" of the workloads that read it at start.
    """
    restarts = {obj.label for obj in objects if obj.restart or obj.change in ("created", "removed", "refused")}
    result = []
    for obj in objects:
        left = [user for user in users.get((obj.kind, obj.name), ()) if user not in restarts]
        note = f"{', '.join(left)} keeps the old content until its pods restart"
        result.append(replace(obj, note=note) if obj.change == "changed" and left else obj)
    return tuple(result)


def redacted(plan: Plan, redact: Redactor) -> Plan:
    """The plan with all secrets masked: known ones, and those found by name or shape."""

    def side(side_fields: tuple[Field, ...]) -> tuple[Field, ...]:
        return tuple(
            Field(
                field.path,
                *(
                    value if value is ABSENT or value == HIDDEN else masked_field(field.path, value, redact)
                    for value in (field.old, field.new)
                ),
            )
            for field in side_fields
        )

    objects = tuple(
        replace(
            obj,
            fields=side(obj.fields),
            drift=side(obj.drift),
            refusals=tuple(Refusal(refusal.path, hide(redact(refusal.words))) for refusal in obj.refusals),
        )
        for obj in plan.objects
    )
    return replace(plan, objects=objects)
