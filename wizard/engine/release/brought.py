"""Kinds that a chart brings in its folder crds/: helm makes their CRDs before everything else, at an install alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wizard.core.limits import map_of, text_of

if TYPE_CHECKING:
    from wizard.core.kube.objects import Object
    from wizard.ports.documents import Documents
    from wizard.ports.helm import Helm

Kinds = frozenset[tuple[str, str]]
"""(group, kind)."""


def kind_of(obj: Object) -> tuple[str, str]:
    """(group, kind) of an object."""
    return str(obj.get("apiVersion") or "").rpartition("/")[0], str(obj.get("kind") or "")


async def kinds(helm: Helm, documents: Documents, chart: str, not_served: Iterable[Object]) -> Kinds:
    """Those of the kinds of these objects that the chart brings; helm is asked only when there are some. Raises Problem."""
    wanted = {kind_of(obj) for obj in not_served}
    if not wanted:
        return frozenset()
    found = documents.load_all(await helm.crds(chart), "helm show crds")
    specs = [map_of(obj, "spec") for obj in found if isinstance(obj, dict)]
    made = {(text_of(spec, "group"), text_of(map_of(spec, "names"), "kind")) for spec in specs}
    return frozenset(wanted & made)
