"""Two revisions, or rendered objects, compared as text: object by object, secrets masked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from wizard.core.helm import plan, values
from wizard.core.helm.release import ReleaseRecord
from wizard.core.kube.objects import Object
from wizard.core.text import masking
from wizard.core.text.secrets import Redactor
from wizard.engine.release import records
from wizard.ports.documents import Documents


@dataclass(frozen=True)
class ObjectDiff:
    """One object that differs between two manifests: added, removed or changed, with a unified diff."""

    label: str
    change: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between two revisions; secret values are never shown."""

    old: int
    new: int
    chart: tuple[str, str]
    values: tuple[str, ...]
    """A unified diff of the user-supplied values, then the names of those that changed but are masked."""
    objects: tuple[ObjectDiff, ...]

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "old": self.old, "new": self.new, "chart": list(self.chart), "values": list(self.values),
            "objects": [{"object": obj.label, "change": obj.change, "diff": list(obj.lines)} for obj in self.objects],
        }  # fmt: skip


def revisions(documents: Documents, old: ReleaseRecord, new: ReleaseRecord) -> Comparison:
    """What differs between two stored revisions."""
    sides = [records.objects_of(documents, record.manifest) for record in (old, new)]
    redact = masking.known_secrets([old.config, new.config], (*sides[0], *sides[1]))
    given = (old.config, new.config)
    shown = [masking.masked_values(tree, redact) for tree in given]
    texts = [documents.render((), tree, {}) for tree in shown]
    return Comparison(
        old.revision,
        new.revision,
        (f"{old.chart}-{old.chart_version}", f"{new.chart}-{new.chart_version}"),
        (*diff(texts[0], texts[1], old.revision, new.revision), *_masked_changes(given, shown)),
        tuple(_objects(documents, sides[0], sides[1], redact, (old, new))),
    )


def _objects(
    documents: Documents,
    old: Iterable[Object],
    new: Iterable[Object],
    redact: Redactor,
    records: tuple[ReleaseRecord, ReleaseRecord],
) -> Iterable[ObjectDiff]:
    space = records[0].namespace
    left, right = ({plan.identity(obj, space): obj for obj in objects} for objects in (old, new))
    for key in sorted(left.keys() | right.keys()):
        was, now = left.get(key), right.get(key)
        if was == now:
            continue
        change = "added" if was is None else "removed" if now is None else "changed"
        texts = [_text(documents, obj, redact) for obj in (was, now)]
        both = [obj for obj in (was, now) if obj]
        lines = (
            *diff(texts[0], texts[1], records[0].revision, records[1].revision),
            *_masked_changes([masking.sealed(obj) for obj in both], [masking.kept(obj, redact) for obj in both]),
        )
        yield ObjectDiff(f"{key[1]}/{key[3]}", change, lines)


def _masked_changes(trees: Sequence[Any], shown: Sequence[Any]) -> tuple[str, ...]:
    """One line with the paths of values that differ in two trees but are equal when masked; none without such values."""
    if len(trees) < 2:
        return ()
    (old, new), (left, right) = ([dict(values.leaves(tree)) for tree in pair] for pair in (trees, shown))
    changed = [path for path in old if old[path] != new.get(path, old[path]) and left.get(path) == right.get(path)]
    names = sorted(str(path[1]) if path[0] == "data" and len(path) == 2 else values.dotted(path) for path in changed)
    return (f"values changed: {', '.join(names)}",) if names else ()


def values_text(
    documents: Documents, record: ReleaseRecord, redact: Redactor | None = None, *, every: bool = False
) -> str:
    """The values of a revision as YAML, masked: the user-supplied ones, or with `every` all of them."""
    redact = redact or masking.known_secrets([record.config, record.defaults])
    tree = values.merge(record.defaults, record.config) if every else record.config
    return documents.render((), masking.masked_values(tree, redact), {})


def manifest(documents: Documents, record: ReleaseRecord) -> str:
    """The manifest of a revision, masked."""
    objects = records.objects_of(documents, record.manifest)
    return manifest_text(documents, objects, masking.known_secrets([record.config], objects))


def manifest_text(documents: Documents, objects: Iterable[Object], redact: Redactor) -> str:
    """Objects as a stream of YAML documents, Secrets masked."""
    return "".join(f"---\n{_text(documents, obj, redact)}" for obj in objects)


def _text(documents: Documents, obj: Object | None, redact: Redactor) -> str:
    if obj is None:
        return ""
    return documents.render((), masking.kept(obj, redact), {}).lstrip("\n")


def diff(old: str, new: str, before: int, after: int) -> tuple[str, ...]:
    """A unified diff of two texts named by their revisions."""
    sides = (old.splitlines(), new.splitlines())
    return tuple(difflib.unified_diff(*sides, f"revision {before}", f"revision {after}", lineterm="", n=2))
