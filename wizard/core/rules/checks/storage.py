"""S04 to S07: whether the disks of a release can be made where its pods go, are there, are shared, can change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from wizard.core.helm import revision
from wizard.core.kube import quantity
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.rules import claims, manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.claims import Wanted
from wizard.core.rules.facts import DiskRoom, Release, Rendered, StorageClass
from wizard.core.rules.manifests import Template
from wizard.core.scheduling.placement import class_fits
from wizard.core.scheduling.selectors import labels_match, node_matches, untolerated
from wizard.core.target import Target

_DATABASE: Final = "database.class"
_ZONE: Final = "topology.kubernetes.io/zone"
_HOST: Final = "kubernetes.io/hostname"
_ONE_POD: Final = "ReadWriteOncePod"
_ZONAL: Final = frozenset({
    "ebs.csi.aws.com", "kubernetes.io/aws-ebs", "pd.csi.storage.gke.io", "kubernetes.io/gce-pd", "disk.csi.azure.com",
    "kubernetes.io/azure-disk", "cinder.csi.openstack.org", "kubernetes.io/cinder",
})  # fmt: skip
"""Drivers whose volumes stay in the zone in which they were made."""


@check("S04", "place of the disks", needs=("rendered", "storage_classes", "disk_nodes", "admitted"), decides=False)
def place(facts: Facts) -> Outcome:
    """A volume is made where its pod can go: by the topologies of its class, and by the zones of the pod's nodes."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    nodes: Sequence[Object] = facts["disk_nodes"]
    by_name = {one.name: one for one in classes}
    lines: dict[str, None] = {}
    for template, wanted in _uses(rendered):
        of = by_name.get(wanted.storage_class(classes))
        spec = {**template.spec, **facts["admitted"].get(template.owner, {})}
        if of and (line := _misplaced(template.owner, spec, of, nodes)):
            lines[line] = None
    if lines:
        step = "Choose a class with volumeBindingMode WaitForFirstConsumer that these nodes can use, or let the pods go to the other zones."
        return Outcome("warn", capped(lines), step, _DATABASE)
    return Outcome("pass", ("every volume can be made where its pod goes",))


def _misplaced(owner: str, spec: Mapping[str, Any], of: StorageClass, nodes: Sequence[Object]) -> str:
    """Why a volume of the class might not be where the pod can go; "" when it always is."""
    takes = [node for node in nodes if _takes(spec, node)]
    if not takes:
        return ""  # C01 reports it
    fits = class_fits({"allowedTopologies": of.topologies})
    if not any(map(fits, takes)):
        return f"{owner}: class {of.name} makes no volume for any of the {len(takes)} nodes that take its pods (allowedTopologies)"
    if not of.immediate or of.provisioner not in _ZONAL:
        return ""
    everywhere = {str(labels_of(node)[_ZONE]) for node in nodes if _ZONE in labels_of(node) and fits(node)}
    away = sorted(everywhere - {str(labels_of(node).get(_ZONE)) for node in takes})
    if away:
        return f"{owner}: class {of.name} makes the volume before the pod has a node, perhaps in {', '.join(away[:4])}, where its pods cannot go"
    return ""


@check(
    "S10",
    "place of the volumes that are there",
    needs=("rendered", "bound_volumes", "nodes", "admitted"),
    severity="B",
    decides=False,
)
def bound(facts: Facts) -> Outcome:
    """A volume that a pod's claim has can be used on a node that takes the pod."""
    rendered: Rendered = facts["rendered"]
    volumes: Mapping[str, Object] = facts["bound_volumes"]
    nodes: Sequence[Object] = facts["nodes"]
    lines: dict[str, None] = {}
    for template, wanted in _named(rendered):
        volume = volumes.get(wanted)
        required = map_of(map_of(map_of(volume, "spec"), "nodeAffinity"), "required") if volume else {}
        takes = [node for node in nodes if _takes({**template.spec, **facts["admitted"].get(template.owner, {})}, node)]
        if not required or not takes:  # C01 reports that no node takes the pod
            continue
        there = {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}
        if volume and not any(node_matches(there, node) for node in takes):
            lines[
                f"{template.owner}: claim {wanted} has volume {volume['metadata'].get('name')}, which none of the {len(takes)} nodes "
                "that take its pods can use (node affinity of the volume)"
            ] = None
    if lines:
        step = "Let the pods go where the volume is, have a node added there, or move the data to another volume."
        return Outcome("fail", capped(lines), step)
    return Outcome("pass", ("every volume that is there can be used where its pod goes",))


def _named(rendered: Rendered) -> Iterator[tuple[Template, str]]:
    """The names of the claims of every pod template."""
    every = list(claims.wanted(rendered.objects))
    for template in manifests.templates(rendered.objects):
        own = [one.name for one in every if one.templated and one.owner == template.owner]
        yield from ((template, name) for name in (*claims.mounted(template.spec), *own))


def _takes(spec: Mapping[str, Any], node: Object) -> bool:
    rules = map_of(node, "spec")
    open_to = untolerated(maps_of(rules, "taints"), spec, ("NoSchedule", "NoExecute")) is None
    return open_to and not rules.get("unschedulable") and node_matches(spec, node)


def _uses(rendered: Rendered) -> Iterator[tuple[Template, Wanted]]:
    """The claims of every pod template: those that it names, and those that its StatefulSet makes."""
    every = list(claims.wanted(rendered.objects))
    for template in manifests.templates(rendered.objects):
        named = claims.mounted(template.spec)
        for one in every:
            if one.name in named or (one.templated and one.owner == template.owner):
                yield template, one


@check(
    "S05",
    "room for the disks",
    needs=("rendered", "storage_classes", "live_claims", "disk_room", "target"),
    severity="B",
    decides=False,
)
def disk_room(facts: Facts) -> Outcome:
    """Where no driver makes volumes, one is there for every claim; where a driver tells its capacity, it has enough."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    room: DiskRoom = facts["disk_room"]
    target: Target = facts["target"]
    new = [one for one in claims.wanted(rendered.objects) if one.name not in facts["live_claims"]]
    if lines := list(_without_volume(new, classes, room.volumes, target.namespace)):
        return Outcome("fail", capped(lines), "Have these volumes made, or choose a class that makes them.", _DATABASE)
    if lines := list(_without_capacity(new, classes, room.capacities or ())):
        return Outcome("warn", capped(lines), "Ask for less, choose another class, or have storage added.", _DATABASE)
    return Outcome(
        "pass",
        (
            "every claim that needs a volume that is there finds one"
            if room.volumes is not None
            else "the drivers make the volumes",
        ),
    )


def _without_volume(
    new: Sequence[Wanted], classes: Sequence[StorageClass], volumes: tuple[Object, ...] | None, namespace: str
) -> Iterator[str]:
    if volumes is None:
        return
    static = {one.name for one in classes if one.provisioner == claims.NO_PROVISIONER} | {""}
    mine = [one for one in new if one.spec.get("storageClassName") is not None and one.storage_class(classes) in static]
    found = claims.assign(mine, volumes, namespace)
    for one in mine:
        if one.name not in found:
            name = one.storage_class(classes)
            said = f"class {name} makes no volumes" if name else "it wants one without a class"
            of_class = sum(text_of(map_of(volume, "spec"), "storageClassName") == name for volume in volumes)
            wants = ", ".join([one.shown_size, *sorted(claims.modes(one.spec))])
            yield f"{one.owner}: {said}, and none of the {of_class} that {'is' if of_class == 1 else 'are'} there is free for claim {one.name} ({wants})"


def _without_capacity(
    new: Sequence[Wanted], classes: Sequence[StorageClass], capacities: Sequence[Object]
) -> Iterator[str]:
    late = {one.name for one in classes if not one.immediate}
    for one in new:
        name = one.storage_class(classes)
        left = [_left(capacity) for capacity in capacities if capacity.get("storageClassName") == name]
        if name in late and left and max(amount for amount, _ in left) < one.size:
            yield f"{one.owner}: claim {one.name} wants {one.shown_size}, and the most that the driver of class {name} has in one place is {max(left)[1]}"


def _left(capacity: Object) -> tuple[Fraction, str]:
    """What one volume can have at most there (k8s.io/api, CSIStorageCapacity)."""
    shown = str(capacity.get("maximumVolumeSize") or capacity.get("capacity") or "0")
    return quantity.parse(shown) or Fraction(0), shown


@check("S06", "disks that pods share", needs=("rendered", "live_claims", "hosts"), severity="B")
def shared(facts: Facts) -> Outcome:
    """A disk that one node or pod alone can have is not asked for by pods of several.

    ReadWriteOnce is held by the attach of a volume to a node, ReadWriteOncePod by the scheduler (docs: access modes).
    """
    rendered: Rendered = facts["rendered"]
    live: Mapping[str, Object] = facts["live_claims"]
    known = {name: claims.modes(map_of(one, "spec")) for name, one in live.items()}
    known |= {one.name: claims.modes(one.spec) for one in claims.wanted(rendered.objects) if not one.templated}
    users: dict[str, list[Template]] = {}
    for template in manifests.templates(rendered.objects):
        for name in claims.mounted(template.spec):
            if template.stays and len(known.get(name, ())) == 1:
                users.setdefault(name, []).append(template)
    refused: list[str] = []
    risky: list[str] = []
    for name, templates in users.items():
        (mode,) = known[name]
        pods = sum(max(one.replicas, one.most) for one in templates)
        who = ", ".join(one.owner for one in templates)
        if mode == _ONE_POD and pods > 1:
            refused.append(f"{who}: {pods} pods want claim {name}, which one pod alone can have ({mode})")
        elif mode == "ReadWriteOnce" and facts["hosts"] != 1:
            risky += _on_several_nodes(name, who, pods, templates)
    if refused:
        return Outcome("fail", capped([*refused, *risky]), "Have one pod alone, or a claim with ReadWriteMany.")
    if risky:
        return Outcome("warn", capped(risky), "Use strategy Recreate and one pod, or a claim with ReadWriteMany.")
    return Outcome("pass", ("no disk is asked for by pods of several nodes",))


def _on_several_nodes(name: str, who: str, pods: int, templates: Sequence[Template]) -> Iterator[str]:
    if all(_stays_together(one) for one in templates):
        return
    if pods > 1:
        yield f"{who}: {pods} pods want claim {name}, which one node alone can have (ReadWriteOnce): those on other nodes would wait"
    elif any(_surges(one) for one in templates):
        yield f"{who}: a new pod is made before the old one goes, and claim {name} can be on one node alone (ReadWriteOnce): an upgrade may wait for ever"


def _stays_together(template: Template) -> bool:
    """Whether its pods are held to one node, by its name or by affinity to each other."""
    spec = template.spec
    if spec.get("nodeName") or _HOST in map_of(spec, "nodeSelector"):
        return True
    terms = maps_of(map_of(map_of(spec, "affinity"), "podAffinity"), "requiredDuringSchedulingIgnoredDuringExecution")
    return any(
        one.get("topologyKey") == _HOST and labels_match(one.get("labelSelector"), template.labels) for one in terms
    )


def _surges(template: Template) -> bool:
    rules = map_of(map_of(template.of, "spec"), "strategy")
    if template.of["kind"] != "Deployment" or rules.get("type") == "Recreate":
        return False
    return str(map_of(rules, "rollingUpdate").get("maxSurge", "25%")) not in ("0", "0%")


@check(
    "S07", "disks that are there", needs=("rendered", "storage_classes", "live_claims", "release"), severity="B",
    decides=False,
)  # fmt: skip
def changed(facts: Facts) -> Outcome:
    """A claim that is there already has the size and the class that are asked for, or can get them."""
    rendered: Rendered = facts["rendered"]
    classes: tuple[StorageClass, ...] = facts["storage_classes"]
    live: Mapping[str, Object] = facts["live_claims"]
    release: Release = facts["release"]
    upgrade = revision.installed(release.revision, release.status)
    refused: list[str] = []
    kept: list[str] = []
    steps: list[str] = []
    same = 0
    for one in claims.wanted(rendered.objects):
        if one.name not in live:
            continue
        line, step, possible = _difference(one, live[one.name], {one.name: one for one in classes})
        same += not line
        if line:
            # A StatefulSet that is new takes over the claims of an earlier one as they are.
            (kept if possible or (one.templated and not upgrade) else refused).append(line)
            steps.append(step)
    if refused:
        return Outcome("fail", capped([*refused, *kept]), steps[0], "database.size")
    if kept:
        return Outcome("warn", capped(kept), steps[0], "database.size")
    return Outcome(
        "pass", (f"{same} claims are there as they are asked for" if same else "no claim of these names is there yet",)
    )


def _difference(one: Wanted, live: Object, classes: Mapping[str, StorageClass]) -> tuple[str, str, bool]:
    """(what differs, what to do, whether it stays as it is without harm); ("", "", True) when nothing does."""
    spec = map_of(live, "spec")
    has_class, size = (
        text_of(spec, "storageClassName"),
        str(map_of(map_of(spec, "resources"), "requests").get("storage") or "0"),
    )
    named = one.spec.get("storageClassName")
    if named is not None and has_class and str(named) != has_class:
        line = (
            f"{one.owner}: claim {one.name} is of class {has_class}, and {named} is asked for: a claim keeps its class"
        )
        return line, f"Ask for class {has_class}, or move the data to a new claim.", False
    has = quantity.parse(size) or Fraction(0)
    if one.size < has:
        return (
            f"{one.owner}: claim {one.name} has {size}, and {one.shown_size} is asked for: no claim can shrink",
            f"Ask for {size} or more.",
            False,
        )
    if one.size == has:
        return "", "", True
    line = f"{one.owner}: claim {one.name} has {size}, and {one.shown_size} is asked for"
    if has_class not in classes or not classes[has_class].expands:
        return (
            f"{line}: class {has_class or 'none'} does not let claims grow",
            f"Ask for {size}, or move the data to a larger claim.",
            False,
        )
    if not one.templated:
        return "", "", True
    return f"{line}: a StatefulSet does not make its claims grow", _grow(one), False


def _grow(one: Wanted) -> str:
    patch = f'{{"spec":{{"resources":{{"requests":{{"storage":"{one.shown_size}"}}}}}}}}'
    return f"First: kubectl patch pvc {one.name} -p '{patch}' for each pod; then kubectl delete {one.owner.lower()} --cascade=orphan, and go on."
