"""The values of an upgrade: old and new default, own value, result; the differences to a values file; GitOps owners."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from wizard.core.helm import values, version
from wizard.core.helm.plan import HIDDEN
from wizard.core.text import masking
from wizard.core.text.secrets import MASK

ABSENT: Final = "(none)"
"""Shown for an absent value."""
Kind = Literal["mine", "new-default", "gone", "added"]


@dataclass(frozen=True)
class ValueRow:
    """One value of an upgrade; texts and numbers unchanged, ABSENT where there is none, secrets masked.

    kind: mine (a person set it), new-default (the chart's default changed and nobody set it), gone (a person's value
    whose key the new chart no longer has), added (a key that only the new chart has).
    """

    path: str
    old_default: Any
    new_default: Any
    mine: Any
    result: Any
    kind: Kind

    @property
    def stays(self) -> bool:
        """Whether the upgrade keeps the running value."""
        return bool(self.result == (self.old_default if self.mine == ABSENT else self.mine))

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return dict(vars(self))


def rows(
    old: Mapping[str, Any], new: Mapping[str, Any], mine: Mapping[str, Any], result: Mapping[str, Any]
) -> tuple[ValueRow, ...]:
    """The four columns, for every value that a person set or whose default differs between the charts.

    Args:
        old: the defaults of the deployed chart.
        new: the defaults of the new chart.
        mine: what a person gave to the deployed revision.
        result: all values of the new revision.
    """
    redact = masking.known_secrets([old, new, mine, result])
    sides = [_leaves(masking.masked_values(tree, redact)) for tree in (old, new, mine, result)]
    paths = dict.fromkeys(path for side in sides for path in side)
    value_rows = []
    for path in paths:
        was, will, own, after = (side.get(path, ABSENT) for side in sides)
        if own is ABSENT and was == will:
            continue
        if own is not ABSENT:
            kind: Kind = "gone" if will is ABSENT and was is not ABSENT else "mine"
        else:
            kind = "added" if was is ABSENT else "new-default"
        value_rows.append(ValueRow(path, was, will, own, after, kind))
    order = ("gone", "mine", "new-default", "added")
    return tuple(sorted(value_rows, key=lambda row: (order.index(row.kind), row.path)))


@dataclass(frozen=True)
class KeyDifference:
    """A value that differs between a file in git and the deployed release; secrets are masked on both sides."""

    path: str
    running: Any
    file: Any


def against_file(
    running: Mapping[str, Any], file: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[KeyDifference, ...]:
    """The differences between a values file and the values of the running release; chart defaults count on both sides.

    A value that only one of them names, with the chart's default, is not a difference. Secrets are excluded.
    """
    redact = masking.known_secrets([running, file])
    whole = [values.merge(defaults, values.without_secrets(tree)) for tree in (running, file)]
    left, right = (_leaves(tree) for tree in whole)
    shown = [_leaves(masking.masked_values(tree, redact)) for tree in whole]
    differences = []
    for path in dict.fromkeys([*left, *right]):
        if left.get(path, ABSENT) != right.get(path, ABSENT):
            sides = [side.get(path, ABSENT) for side in shown]
            differences.append(KeyDifference(path, *(HIDDEN if side == MASK else side for side in sides)))
    return tuple(differences)


def _leaves(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {values.dotted(path): value for path, value in values.leaves(tree) if path and value not in ({}, None)}


# GitOps owners

_FLUX: Final = ("helm.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/name")
_ARGO: Final = ("argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance")


@dataclass(frozen=True)
class Owner:
    """A GitOps controller, which would undo manual changes, and its resource for the release."""

    tool: str
    name: str
    seen_on: str

    def __str__(self) -> str:
        return f"{self.tool} ({self.name}), seen on {self.seen_on}"


def owner(objects: Iterable[Mapping[str, Any]]) -> Owner | None:
    """The GitOps controller that the labels or annotations of live objects name; None when there is none."""
    return next(_owners(objects), None)


def _owners(objects: Iterable[Mapping[str, Any]]) -> Iterator[Owner]:
    for obj in objects:
        metadata = obj.get("metadata") or {}
        labels, notes = metadata.get("labels") or {}, metadata.get("annotations") or {}
        seen = f"{obj.get('kind')}/{metadata.get('name')}"
        for key in _ARGO:
            if text := notes.get(key) or labels.get(key):
                yield Owner("Argo CD", f"application {str(text).split(':', maxsplit=1)[0]}", seen)
        for key in _FLUX:
            if text := labels.get(key):
                space = labels.get(key.replace("/name", "/namespace"), "")
                what = "HelmRelease" if key.startswith("helm") else "Kustomization"
                yield Owner("Flux", f"{what} {space}/{text}".replace(" /", " "), seen)


def is_downgrade(running: str, chart: str) -> bool:
    """Whether a chart version is older than the running one; False when one of them cannot be parsed."""
    old, new = version.parse(running), version.parse(chart)
    return old is not None and new is not None and new < old
