"""The claims that a release makes or takes over, by the names that they get."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

from wizard.core.kube import quantity
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.rules import manifests
from wizard.core.rules.facts import StorageClass
from wizard.core.scheduling.selectors import labels_match

NO_PROVISIONER: Final = "kubernetes.io/no-provisioner"
"""The provisioner of a class whose volumes people make (docs: StorageClass, local)."""
_MOST: Final = 100
"""Claims of one StatefulSet that are looked at."""


@dataclass(frozen=True)
class Wanted:
    """A claim: who wants it ("Kind/name"), its name, its spec; `templated` for one that a StatefulSet makes."""

    owner: str
    name: str
    spec: Mapping[str, Any]
    templated: bool = False
    first: bool = True
    """Whether it is that of the first pod."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Of a template: the metadata that its claims get."""

    @property
    def size(self) -> Fraction:
        """The bytes that it asks for; 0 when it does not say."""
        return quantity.parse(self.shown_size) or Fraction(0)

    @property
    def shown_size(self) -> str:
        """The size as it is written."""
        return str(map_of(map_of(self.spec, "resources"), "requests").get("storage") or "0")

    def storage_class(self, classes: Sequence[StorageClass]) -> str:
        """The name of its class, the default one if it names none; "" for volumes without a class."""
        named = self.spec.get("storageClassName")
        if named is None:
            return next((one.name for one in classes if one.default), "")
        return str(named)


def wanted(objects: Iterable[Object]) -> Iterator[Wanted]:
    """The claims of rendered objects; of a StatefulSet one for each template and pod."""
    for obj in objects:
        spec = map_of(obj, "spec")
        if obj.get("kind") == "PersistentVolumeClaim":
            yield Wanted(manifests.label(obj), str(obj["metadata"].get("name")), spec)
        elif obj.get("kind") == "StatefulSet":
            replicas = spec.get("replicas", 1)
            count = min(replicas, _MOST) if isinstance(replicas, int) else 1
            for template in maps_of(spec, "volumeClaimTemplates"):
                for number in range(count):
                    name = f"{text_of(map_of(template, 'metadata'), 'name')}-{obj['metadata'].get('name')}-{number}"
                    meta = map_of(template, "metadata")
                    yield Wanted(manifests.label(obj), name, map_of(template, "spec"), True, number == 0, meta)


def mounted(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The claims that a pod spec names."""
    claims = (map_of(volume, "persistentVolumeClaim") for volume in maps_of(spec, "volumes"))
    return tuple(dict.fromkeys(name for claim in claims if (name := text_of(claim, "claimName"))))


def modes(spec: Mapping[str, Any]) -> frozenset[str]:
    """The access modes of a claim or volume."""
    listed = spec.get("accessModes")
    return frozenset(map(str, listed)) if isinstance(listed, list | tuple) else frozenset()


def assign(claims: Sequence[Wanted], volumes: Sequence[Object], namespace: str) -> dict[str, str]:
    """Claim -> the volume that it gets of those that are there: the smallest that fits, each once, largest claim first."""
    free = {str(one["metadata"].get("name")): one for one in volumes}
    found: dict[str, str] = {}
    for claim in sorted(claims, key=lambda one: (not text_of(one.spec, "volumeName"), -one.size)):
        fitting = [(_capacity(one), name) for name, one in free.items() if _fits(claim, one, namespace)]
        if fitting:
            found[claim.name] = min(fitting)[1]
            del free[found[claim.name]]
    return found


def _capacity(volume: Object) -> Fraction:
    return quantity.parse(map_of(map_of(volume, "spec"), "capacity").get("storage") or "0") or Fraction(0)


def _fits(claim: Wanted, volume: Object, namespace: str) -> bool:
    """Whether the binder would give the volume to the claim (k8s.io/component-helpers, storage/volume FindMatchingVolume)."""
    spec, of = claim.spec, map_of(volume, "spec")
    named = text_of(spec, "volumeName")
    if named and named != volume["metadata"].get("name"):
        return False
    if reserved := map_of(of, "claimRef"):
        if (reserved.get("namespace"), reserved.get("name")) != (namespace, claim.name):
            return False
    elif map_of(volume, "status").get("phase") not in ("Available", None):
        return False
    if volume["metadata"].get("deletionTimestamp") or _capacity(volume) < claim.size or not modes(spec) <= modes(of):
        return False
    if text_of(of, "storageClassName") != text_of(spec, "storageClassName"):
        return False
    if (of.get("volumeMode") or "Filesystem") != (spec.get("volumeMode") or "Filesystem"):
        return False
    selector = spec.get("selector")
    return not isinstance(selector, Mapping) or labels_match(selector, labels_of(volume))
