"""Rows of the table of checks: where disks can be made, whether they are there, shared, as they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, node, spec
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import DiskRoom, Release, Rendered, StorageClass
from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")
EBS = "ebs.csi.aws.com"
ZONE = "topology.kubernetes.io/zone"


def zoned(name: str, zone: str, **more: Any) -> dict[str, Any]:
    return node(name, labels={ZONE: zone}, **more)


def size(text: str, cls: str | None = None, mode: str = "ReadWriteOnce", **more: Any) -> dict[str, Any]:
    named = {} if cls is None else {"storageClassName": cls}
    return {"accessModes": [mode], "resources": {"requests": {"storage": text}}, **named, **more}


def store(
    text: str = "10Gi", cls: str | None = None, replicas: int = 1, pod: Any = None, **more: Any
) -> dict[str, Any]:
    template = {"metadata": {"name": "data"}, "spec": size(text, cls, **more)}
    rules = {
        "replicas": replicas,
        "template": {"metadata": {}, "spec": pod or spec()},
        "volumeClaimTemplates": [template],
    }
    return {"kind": "StatefulSet", "metadata": {"name": "db"}, "spec": rules}


def claim(name: str = "files", text: str = "10Gi", cls: str | None = None, **more: Any) -> dict[str, Any]:
    return {"kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": size(text, cls, **more)}


def volume(
    name: str = "pv", text: str = "10Gi", cls: str = "", phase: str = "Available", **more: Any
) -> dict[str, Any]:
    labels = more.pop("labels", {})
    of = {"capacity": {"storage": text}, "accessModes": ["ReadWriteOnce"], "storageClassName": cls, **more}
    return {"metadata": {"name": name, "labels": labels}, "spec": of, "status": {"phase": phase}}


def using(replicas: int = 1, name: str = "api", of: str = "files", most: int = 0, **more: Any) -> dict[str, Any]:
    one = deployment(replicas, name, **more)
    one["spec"]["template"]["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": of}}]
    return one


def placed(of: StorageClass, *nodes: dict[str, Any], pod: Any = None) -> dict[str, Any]:
    return {
        "rendered": Rendered((store(cls=of.name, pod=pod),)),
        "storage_classes": (of,),
        "disk_nodes": nodes,
        "admitted": {},
    }


def room(
    *objects: dict[str, Any], volumes: Any = None, capacities: Any = None, there: Any = None, **cls: Any
) -> dict[str, Any]:
    classes = (
        StorageClass("local", False, "kubernetes.io/no-provisioner", immediate=False),
        StorageClass("late", True, EBS, immediate=False),
    )
    return {
        "rendered": Rendered(objects),
        "storage_classes": classes,
        "live_claims": there or {},
        "disk_room": DiskRoom(volumes, capacities),
        "target": TARGET,
    }


def capacity(text: str, cls: str = "late", **more: Any) -> dict[str, Any]:
    return {"storageClassName": cls, "capacity": text, **more}


def shared(*objects: dict[str, Any], there: Any = None, hosts: int = 3) -> dict[str, Any]:
    return {"rendered": Rendered(objects), "live_claims": there or {}, "hosts": hosts}


def against(
    wanted: dict[str, Any], name: str, text: str, cls: str = "gp3", *, expands: bool = False, revision: int = 2
) -> dict[str, Any]:
    classes = (StorageClass("gp3", True, EBS, expands=expands), StorageClass("slow", False, EBS))
    live = {name: claim(name, text, cls)}
    return {
        "rendered": Rendered((wanted,)),
        "storage_classes": classes,
        "live_claims": live,
        "release": Release(revision, "deployed" if revision else ""),
    }


NEAR = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "api"}}}]}}  # fmt: skip
EARLY, LATE = StorageClass("early", True, EBS), StorageClass("late", True, EBS, immediate=False)
IN_A = ({"matchLabelExpressions": [{"key": ZONE, "values": ["a"]}]},)
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # S04 place of the disks
    ("S04", placed(EARLY, zoned("n1", "a"), zoned("n2", "b")), "pass", "can be made where its pod goes", ""),
    ("S04", placed(EARLY, zoned("n1", "a"), zoned("n2", "b", taints=[{"key": "gpu", "effect": "NoSchedule"}])), "warn", "perhaps in b, where its pods cannot go", "database.class"),
    ("S04", placed(EARLY, zoned("n1", "a"), zoned("n2", "b"), pod=spec(nodeSelector={ZONE: "a"})), "warn", "perhaps in b", "database.class"),
    ("S04", placed(LATE, zoned("n1", "a"), zoned("n2", "b"), pod=spec(nodeSelector={ZONE: "a"})), "pass", "can be made", ""),
    ("S04", placed(StorageClass("nfs", True, "nfs.csi.k8s.io"), zoned("n1", "a"), zoned("n2", "b"), pod=spec(nodeSelector={ZONE: "a"})), "pass", "can be made", ""),
    ("S04", placed(StorageClass("a", True, EBS, False, topologies=IN_A), zoned("n1", "b")), "warn", "class a makes no volume for any of the 1 nodes", "database.class"),
    ("S04", placed(StorageClass("a", True, EBS, True, topologies=IN_A), zoned("n1", "a"), zoned("n2", "b"), pod=spec(nodeSelector={ZONE: "a"})), "pass", "can be made", ""),
    ("S04", placed(EARLY), "pass", "can be made", ""),
    ("S04", placed(EARLY) | {"disk_nodes": Unknown("eve may not list nodes", "list nodes")}, "unknown", "may not list nodes", ""),
    # S05 room for the disks
    ("S05", room(store(cls="local"), volumes=(volume(cls="local"),)), "pass", "finds one", ""),
    ("S05", room(store(cls="local"), volumes=()), "fail", "class local makes no volumes, and none of the 0 that are there is free for claim data-db-0 (10Gi, ReadWriteOnce)", "database.class"),
    ("S05", room(store(cls="local", replicas=2), volumes=(volume(cls="local"),)), "fail", "for claim data-db-1", "database.class"),
    ("S05", room(store(cls="local", replicas=2), volumes=(volume("a", cls="local"), volume("b", "20Gi", "local"))), "pass", "finds one", ""),
    ("S05", room(claim("s", "5Gi", "local"), claim("l", "20Gi", "local"), volumes=(volume("a", "20Gi", "local"), volume("b", "6Gi", "local"))), "pass", "finds one", ""),
    ("S05", room(store(cls="local"), volumes=(volume(cls="local", phase="Bound"),)), "fail", "none of the 1", "database.class"),
    ("S05", room(store(cls="local"), volumes=(volume(cls="local", claimRef={"namespace": "ns", "name": "data-db-0"}),)), "pass", "finds one", ""),
    ("S05", room(store(cls="local"), volumes=(volume(cls="local", claimRef={"namespace": "other", "name": "data-db-0"}),)), "fail", "none", "database.class"),
    ("S05", room(store(cls="local", mode="ReadWriteMany"), volumes=(volume(cls="local"),)), "fail", "ReadWriteMany", "database.class"),
    ("S05", room(store(cls="local", volumeMode="Block"), volumes=(volume(cls="local"),)), "fail", "none of the 1", "database.class"),
    ("S05", room(claim(cls="", selector={"matchLabels": {"for": "us"}}), volumes=(volume(),)), "fail", "without a class", "database.class"),
    ("S05", room(claim(cls="", selector={"matchLabels": {"for": "us"}}), volumes=(volume(labels={"for": "us"}),)), "pass", "finds one", ""),
    ("S05", room(claim(cls="", volumeName="other"), volumes=(volume(),)), "fail", "none of the 1", "database.class"),
    ("S05", room(store(cls="local"), volumes=(), there={"data-db-0": claim()}), "pass", "finds one", ""),
    ("S05", room(store("100Gi"), capacities=(capacity("40Gi"), capacity("90Gi"))), "warn", "wants 100Gi, and the most that the driver of class late has in one place is 90Gi", "database.class"),
    ("S05", room(store("100Gi"), capacities=(capacity("900Gi", maximumVolumeSize="50Gi"),)), "warn", "is 50Gi", "database.class"),
    ("S05", room(store("100Gi"), capacities=(capacity("200Gi"), capacity("1Gi", "other"))), "pass", "drivers make", ""),
    ("S05", room(store("100Gi"), capacities=()), "pass", "drivers make", ""),
    ("S05", {**room(store()), "disk_room": Unknown("eve may not list persistentvolumes", "list persistentvolumes")}, "unknown", "may not", ""),
    # S06 disks that pods share
    ("S06", shared(claim(), using(2)), "warn", "2 pods want claim files, which one node alone can have (ReadWriteOnce)", ""),
    ("S06", shared(claim(), using(2), hosts=1), "pass", "no disk is asked for by pods of several nodes", ""),
    ("S06", shared(claim(), using(2, affinity=NEAR)), "pass", "no disk", ""),
    ("S06", shared(claim(mode="ReadWriteMany"), using(2)), "pass", "no disk", ""),
    ("S06", shared(claim(), using(1), using(1, "worker")), "warn", "Deployment/api, Deployment/worker: 2 pods", ""),
    ("S06", shared(claim(), using(1)), "warn", "a new pod is made before the old one goes", ""),
    ("S06", shared(claim(), using(1, strategy={"type": "Recreate"})), "pass", "no disk", ""),
    ("S06", shared(claim(), using(1, strategy={"rollingUpdate": {"maxSurge": 0}})), "pass", "no disk", ""),
    ("S06", shared(claim(mode="ReadWriteOncePod"), using(2)), "fail", "2 pods want claim files, which one pod alone can have (ReadWriteOncePod)", ""),
    ("S06", shared(using(2, of="theirs"), there={"theirs": claim("theirs")}), "warn", "claim theirs", ""),
    ("S06", shared(store(replicas=3)), "pass", "no disk", ""),
    ("S06", {**shared(), "live_claims": Absent("no disk is claimed")}, "skipped", "no disk", ""),
    # S07 disks that are there
    ("S07", against(store(), "other-0", "10Gi"), "pass", "no claim of these names is there yet", ""),
    ("S07", against(store(), "data-db-0", "10Gi"), "pass", "1 claims are there as they are asked for", ""),
    ("S07", against(store("5Gi"), "data-db-0", "10Gi"), "fail", "has 10Gi, and 5Gi is asked for: no claim can shrink", "database.size"),
    ("S07", against(store("20Gi"), "data-db-0", "10Gi"), "fail", "class gp3 does not let claims grow", "database.size"),
    ("S07", against(store("20Gi"), "data-db-0", "10Gi", expands=True), "fail", "a StatefulSet does not make its claims grow", "database.size"),
    ("S07", against(store("20Gi"), "data-db-0", "10Gi", expands=True, revision=0), "warn", "has 10Gi, and 20Gi is asked for", "database.size"),
    ("S07", against(store(cls="slow"), "data-db-0", "10Gi"), "fail", "is of class gp3, and slow is asked for", "database.size"),
    ("S07", against(claim("files", "20Gi"), "files", "10Gi", expands=True), "pass", "1 claims", ""),
    ("S07", against(claim("files", "20Gi"), "files", "10Gi"), "fail", "does not let claims grow", "database.size"),
    ("S07", against(claim("files", "10240Mi"), "files", "10Gi"), "pass", "1 claims", ""),
]  # fmt: skip
